"""How often labels are right, and how sure a count makes us."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.checks import check_labels
from annotate.protocols import NO_LABEL, Ints


@dataclass(frozen=True)
class ClassAccuracy:
    """How one class fares among items that have both a label and a truth.

    Attributes
    ----------
    n_truth, n_labelled, n_right : int
        Items that belong to it, that are labelled as it, and both.
    recall, precision : float
        0 to 1; NaN where nothing was counted.
    """

    n_truth: int
    n_labelled: int
    n_right: int

    @property
    def recall(self) -> float:
        """Return the share of the class's items that are labelled as it."""
        return self.n_right / self.n_truth if self.n_truth else float("nan")

    @property
    def precision(self) -> float:
        """Return the share of the labels of this class that are right."""
        return self.n_right / self.n_labelled if self.n_labelled else float("nan")


def accuracy(labels: Ints, truth: Ints) -> float:
    """Return the share of right labels where both are known (not -1); NaN if nowhere."""
    known = (labels != NO_LABEL) & (truth != NO_LABEL)
    return float((labels[known] == truth[known]).mean()) if known.any() else float("nan")


def confusion_matrix(labels: Ints, truth: Ints, n_classes: int) -> NDArray[np.int64]:
    """Return (n_classes, n_classes) counts: row = truth, column = label; unknown ones left out."""
    check_labels(labels, len(truth), n_classes)
    check_labels(truth, len(labels), n_classes)
    known = (labels != NO_LABEL) & (truth != NO_LABEL)
    cells = truth[known].astype(np.int64) * n_classes + labels[known]
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def class_accuracies(labels: Ints, truth: Ints, n_classes: int) -> list[ClassAccuracy]:
    """Return recall and precision of each class, in class order."""
    counts = confusion_matrix(labels, truth, n_classes)
    columns = zip(counts.sum(axis=1), counts.sum(axis=0), counts.diagonal(), strict=True)
    return [ClassAccuracy(*(int(count) for count in class_counts)) for class_counts in columns]


def wilson_interval(n_right: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval for a share of which ``n_right`` of ``n`` were seen.

    Parameters
    ----------
    n_right, n : int
        0 <= n_right <= n.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    (float, float)
        Lowest and highest share, 0 to 1; (0, 1) when n is 0.

    References
    ----------
    Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953.
    """
    if not 0 <= n_right <= n:
        raise ValueError(f"n_right must be 0 to n; got {n_right} of {n}.")
    if n == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest

    interval = binomtest(n_right, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
