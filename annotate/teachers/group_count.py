"""How many groups a corpus has: a search for the number with the best silhouette."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from annotate.protocols import Floats
from annotate.teachers.open_vocabulary import find_centres

MOST_GROUPS = 2000
SILHOUETTE_ROWS = 3000


@dataclass(frozen=True)
class GroupCount:
    """The number found, and every number that was tried.

    Attributes
    ----------
    n_groups : int
    probes : tuple of (int, float)
        Numbers in the order in which they were tried, with their silhouettes. It need not have one
        peak: look at all.
    """

    n_groups: int
    probes: tuple[tuple[int, float], ...]


def count_groups(
    vectors: Floats, *, fewest: int = 2, most: int = MOST_GROUPS, seed: int = 0
) -> GroupCount:
    """Return a number of k-means groups whose silhouette is high.

    Parameters
    ----------
    vectors : float array of shape (n, dim)
        Of length 1; 3,000 of them at most are put into groups and compared pair by pair.
    fewest, most : int
        Between which to look; at most a third of the items.
    seed : int
        For k-means and for the sample.

    Raises
    ------
    ValueError
        If there is nothing between ``fewest`` and ``most``, or ``fewest`` is below 2.

    References
    ----------
    Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7 (silhouette); the search is that of S3A (AAAI
    2024). Differs in its bounds, and in the sample, where theirs has half the corpus or 30,000.
    """
    drawn = np.random.default_rng(seed).permutation(len(vectors))[:SILHOUETTE_ROWS]
    sample = vectors[np.sort(drawn)]
    most = min(most, len(sample) // 3)
    if not 2 <= fewest <= most:
        raise ValueError(
            f"There must be a number of groups from fewest (2 or more) to a third of {len(sample)}"
            f" items; got {fewest} to {most}."
        )

    def silhouette(n_groups: int) -> float:
        from sklearn.metrics import silhouette_score

        centres = find_centres(sample, n_groups, seed)
        groups = (sample @ centres.T - (centres**2).sum(axis=1) / 2).argmax(axis=1)
        if len(np.unique(groups)) < 2:
            return -1.0
        return float(silhouette_score(sample, groups))

    return search_count(silhouette, fewest, most)


def search_count(score: Callable[[int], float], fewest: int, most: int) -> GroupCount:
    """Return the number that three halving searches end at, each number scored once.

    The first search goes over all numbers and ends at K1, the second from ``fewest`` to K1 and
    ends at K2, the third from K2 to the middle of both. Each step compares the two ends and keeps
    the half next to the better one; of equals the lower.
    """
    tried: dict[int, float] = {}

    def scored(number: int) -> float:
        if number not in tried:
            tried[number] = score(number)
        return tried[number]

    def halve(low: int, high: int) -> int:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if scored(low) >= scored(high) else (middle, high)
        return low if low == high or scored(low) >= scored(high) else high

    first = halve(fewest, most)
    second = halve(fewest, first)
    low, high = sorted((second, (first + second) // 2))
    return GroupCount(halve(low, high), tuple(tried.items()))
