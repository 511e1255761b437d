"""Classes that nobody named: groups of items that shift together across domains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints
from annotate.training.linear import Linear

N_RESTARTS = 10
N_STEPS = 1000
N_FOLDS = 5
CELLS_PER_CLASS = 3
SAMPLE_ROWS = 20_000
ANCHORS_MAY_COST = 1.01  # how much worse than the best restart the anchor start may fit


@dataclass(frozen=True)
class LatentClasses:
    """What shifts together.

    Attributes
    ----------
    shares : float array of shape (n_classes, n_domains)
        Share of each class in each domain; columns sum to 1. Classes have no order and no name.
    proba : float array of shape (n_items, n_classes)
        Of each item, given its domain; rows sum to 1.
    error : float
        How far cells by domains are from what the classes explain, relative to their size.
    """

    shares: NDArray[np.float64]
    proba: NDArray[np.float64]
    error: float


def find_latent_classes(
    domain_proba: Floats,
    domains: Ints,
    n_classes: int,
    *,
    n_cells: int | None = None,
    seed: int = 0,
) -> LatentClasses:
    """Return classes of which each domain has its own mixture, from how well domains are told.

    If domains differ in nothing but their mixture of classes, items that say the same of their
    domain are of the same class: they are put into cells, and the table of cells by domains is
    factored like a topic model with cells for words, domains for documents, classes for topics.

    Parameters
    ----------
    domain_proba : float array of shape (n_items, n_domains)
        Probability of each domain for items that the classifier was not trained on, with domains
        equally likely beforehand: see ``cross_fitted_domains``.
    domains : int array of shape (n_items,)
        The domain of each item, from 0; each has items.
    n_classes : int
        2 to the number of domains.
    n_cells : int, optional
        At least as many as classes; default three times as many.
    seed : int
        For cells and restarts.

    Raises
    ------
    ValueError
        If there are more classes than domains, or fewer cells than classes.

    References
    ----------
    Roberts, Mani, Garg & Lipton 2022 (LLS, DDFA), arXiv:2207.13179, section 4; built from its text.
    Differs in three ways: one start of the factorisation has its topics from anchor cells (Gillis
    & Vavasis 2014, successive projections), since a random start need not end at the classes even
    where they are certain; centres are found on a sample of 20,000; what the pseudo-inverse makes
    negative counts as 0.
    """
    n_domains = domain_proba.shape[1]
    cells = n_cells or CELLS_PER_CLASS * n_classes
    if not 2 <= n_classes <= n_domains or cells < n_classes:
        raise ValueError(
            f"There must be 2 to {n_domains} classes, the number of domains, and as many cells; got"
            f" {n_classes} and {cells}."
        )
    table = _cells_by_domains(domain_proba, domains, cells, seed)
    shares, error = factor_domains(table, n_classes, seed=seed)
    by_class = shares.T / np.maximum(shares.sum(axis=1), 1e-12)  # of a class, how much per domain
    alone = np.maximum(np.asarray(domain_proba, dtype=np.float64) @ np.linalg.pinv(by_class).T, 0)
    joint = (alone + 1e-12) * (by_class[domains] + 1e-12)
    return LatentClasses(shares, joint / joint.sum(axis=1, keepdims=True), error)


def factor_domains(
    table: Floats, n_classes: int, *, seed: int = 0, restarts: int = N_RESTARTS
) -> tuple[NDArray[np.float64], float]:
    """Return the mixtures whose classes explain a table of cells by domains best.

    Parameters
    ----------
    table : float array of shape (n_cells, n_domains)
        Share of each domain's items in each cell; columns sum to 1.
    n_classes : int
    seed : int
    restarts : int
        Random starts beside the one from anchors.

    Returns
    -------
    shares : float array of shape (n_classes, n_domains)
        Columns sum to 1.
    error : float
        Distance of the table from what they explain, relative to the table's norm.
    """
    from sklearn.decomposition import non_negative_factorization

    norm = np.linalg.norm(table)
    fits = []
    for start in (None, *range(restarts)):
        left, right = _start(table, n_classes, None if start is None else seed * restarts + start)
        left, right, _ = non_negative_factorization(
            np.ascontiguousarray(table, dtype=np.float64), left, right,
            n_components=n_classes, init="custom", solver="mu", max_iter=N_STEPS, tol=0,
        )  # fmt: skip
        fits.append((float(np.linalg.norm(table - left @ right) / norm), left, right))
    best = min(range(len(fits)), key=lambda n: fits[n][0])
    # Many tables are explained by several mixtures; anchors point to the classes among these.
    chosen = 0 if fits[0][0] <= ANCHORS_MAY_COST * fits[best][0] + 1e-3 else best
    error, left, right = fits[chosen]
    scaled = right * left.sum(axis=0)[:, None]
    return scaled / np.maximum(scaled.sum(axis=0), 1e-12), error


def cross_fitted_domains(
    features: Floats, domains: Ints, *, folds: int = N_FOLDS, seed: int = 0
) -> NDArray[np.float32]:
    """Return (n_items, n_domains) probabilities of domains by classifiers that saw other items.

    Domains weigh alike whatever their size. Each item is predicted by the one of ``folds``
    logistic regressions that did not train on it.
    """
    n_domains = int(domains.max()) + 1
    weights = (len(domains) / n_domains / np.bincount(domains, minlength=n_domains))[domains]
    fold = np.random.default_rng(seed).permutation(len(domains)) % folds
    proba = np.empty((len(domains), n_domains), dtype=np.float32)
    for number in range(folds):
        out = fold == number
        model = Linear(n_classes=n_domains).fit(features[~out], domains[~out], weights[~out])
        proba[out] = model.predict_proba(features[out])
    return proba


def _cells_by_domains(
    domain_proba: Floats, domains: Ints, n_cells: int, seed: int
) -> NDArray[np.float64]:
    from sklearn.cluster import KMeans

    values = np.asarray(domain_proba, dtype=np.float32)
    drawn = np.random.default_rng(seed).permutation(len(values))[:SAMPLE_ROWS]
    cell = KMeans(n_cells, n_init=5, random_state=seed).fit(values[drawn]).predict(values)
    n_domains = domain_proba.shape[1]
    counts = np.bincount(cell * n_domains + domains, minlength=n_cells * n_domains)
    table = counts.reshape(n_cells, n_domains).astype(np.float64)
    return table / np.maximum(table.sum(axis=0), 1)


def _start(
    table: Floats, n_classes: int, seed: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both factors to start from: drawn, or with the mixtures of anchor cells."""
    if seed is not None:
        rng = np.random.default_rng(seed)
        scale = np.sqrt(table.mean() / n_classes)
        drawn = (rng.random((len(table), n_classes)), rng.random((n_classes, table.shape[1])))
        return drawn[0] * 2 * scale, drawn[1] * 2 * scale
    from scipy.optimize import nnls

    sizes = table.sum(axis=1)
    used = np.flatnonzero(sizes > 0)
    directions = table[used] / sizes[used, None]
    right = directions[_anchors(directions, n_classes)]
    left = np.array([nnls(right.T, row)[0] for row in table])
    return left + 1e-9, right + 1e-9


def _anchors(points: NDArray[np.float64], n: int) -> list[int]:
    """Return the ``n`` points at the corners: each the furthest from the span of those before."""
    rest, chosen = points.copy(), []
    for _ in range(n):
        corner = int((rest**2).sum(axis=1).argmax())
        chosen.append(corner)
        length = np.linalg.norm(rest[corner])
        if length > 0:
            direction = rest[corner] / length
            rest = rest - np.outer(rest @ direction, direction)
    return chosen
