"""A plane to look at: features projected on their two principal axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Rows

# The two main axes of a corpus show in a part of it; all of 1,000,000 items would take 40 times as
# long to look at.
MOST_ROWS_FITTED = 50_000


@dataclass(frozen=True)
class PlaneAxes:
    """Where a plane lies in feature space.

    Attributes
    ----------
    mean : float array of shape (dim,)
        The point that becomes (0, 0).
    axes : float array of shape (2, dim)
        Of length 1 and at right angles; zeros where the features vary along fewer axes.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]


def principal_plane(features: Rows) -> PlaneAxes:
    """Return the two principal axes of the features.

    Of more than 50,000 rows, evenly spaced ones are looked at, so that the same corpus gives the
    same axes. The largest entry of each axis is positive, since a principal axis has no sign of its
    own.

    Parameters
    ----------
    features : Rows of shape (n_items, dim)
        A row of NaN has no features.

    References
    ----------
    Pearson 1901, https://doi.org/10.1080/14786440109462720; scikit-learn's ``PCA``.
    """
    n_items, dim = features.shape
    step = max(1, -(-n_items // MOST_ROWS_FITTED))
    sample = features.take(np.arange(0, n_items, step))
    sample = sample[~np.isnan(sample).any(axis=1)]
    n_axes = min(2, dim, len(sample))
    axes = np.zeros((2, dim))
    if n_axes == 0:
        return PlaneAxes(np.zeros(dim), axes)
    if len(sample) > 1 and (sample != sample[0]).any():
        from sklearn.decomposition import PCA

        found = PCA(n_axes, svd_solver="covariance_eigh").fit(sample.astype(np.float64)).components_
        rows = np.arange(n_axes)
        signs = np.sign(found[rows, np.abs(found).argmax(axis=1)])
        axes[:n_axes] = found * signs[:, None]
    return PlaneAxes(sample.mean(axis=0, dtype=np.float64), axes)


def project_on(plane: PlaneAxes, features: Floats) -> NDArray[np.float32]:
    """Return the coordinates (n_rows, 2) of some features; a row of NaN where there are none."""
    return ((features - plane.mean.astype(np.float32)) @ plane.axes.T.astype(np.float32)).astype(
        np.float32
    )
