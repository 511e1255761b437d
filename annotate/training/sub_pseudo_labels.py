"""Sub-pseudo-labels: what a weak label and a teacher say together, as groups of items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Ints

Variant = Literal["full", "binary", "diagonal_plus", "merged"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
# Agglomeration holds the distance of each pair to each other one.
MOST_MERGED = 10_000


@dataclass(frozen=True)
class SubPseudoLabels:
    """Groups of items, the largest first; of equal ones the one whose first pair comes first.

    A group says where to look, not what an item is: it has no label of its own.

    Attributes
    ----------
    groups : int array of shape (n_items,)
        The group of each item; -1 where one of the two says nothing or the group is too small.
    sizes : int array of shape (n_groups,)
        Items of each group.
    pairs : int array of shape (n_pairs, 2)
        Every pair of classes that occurs, (weak, teacher), ascending.
    pair_sizes : int array of shape (n_pairs,)
        Items of each pair.
    pair_groups : int array of shape (n_pairs,)
        The group of each pair; -1 where it is too small.
    n_found : int
        Groups before those that are too small were left out.
    """

    groups: NDArray[np.int64]
    sizes: NDArray[np.int64]
    pairs: NDArray[np.int64]
    pair_sizes: NDArray[np.int64]
    pair_groups: NDArray[np.int64]
    n_found: int

    @property
    def n_groups(self) -> int:
        """Return how many groups are large enough."""
        return len(self.sizes)


def sub_pseudo_labels(
    weak: Ints,
    teacher: Ints,
    variant: Variant = "full",
    *,
    n_min: int = 1,
    n_apart: int | None = None,
) -> SubPseudoLabels:
    """Return groups of items by the pair of classes that two sources give them.

    Parameters
    ----------
    weak, teacher : int arrays of shape (n_items,)
        Class numbers, -1 for none.
    variant : {"full", "binary", "diagonal_plus", "merged"}
        Which pairs are one group. ``full``: each is its own. ``binary``: those of one weak class
        on which the teacher agrees, and those on which it does not. ``diagonal_plus``: each pair
        of equal classes, each of the ``n_apart`` most frequent pairs of different ones, and the
        rest of each weak class. ``merged``: each pair of equal classes, and those of different
        ones as ``n_apart`` groups whose classes are confused alike.
    n_min : int
        Items that a group must have, 1 or more.
    n_apart : int, optional
        1 or more; by default as many as classes occur. Read by the last two variants.

    Raises
    ------
    ValueError
        If the arrays differ in shape, a setting is out of range, or more than 10,000 pairs of
        different classes are to be merged.

    References
    ----------
    Li et al. 2022 (SPL), AAAI, arXiv:2101.03713: pairs as classes to pretrain a network on; they
    are groups for people, too. How small groups are avoided is known of the paper in
    outline only; the profile by which pairs are merged is ours: the mean of what the teacher says
    of the weak class's items and what weak labels say of those of the teacher's class. Ward's
    criterion merges them, each pair counting once.
    """
    _check(weak, teacher, variant, n_min, n_apart)
    known = (weak >= 0) & (teacher >= 0)
    n_classes = int(max(weak[known].max(), teacher[known].max())) + 1 if known.any() else 1
    codes, pair_of, counts = np.unique(
        weak[known].astype(np.int64) * n_classes + teacher[known],
        return_inverse=True,
        return_counts=True,
    )
    pairs = np.column_stack(np.divmod(codes, n_classes))
    if n_apart is None:
        n_apart = len(np.unique(pairs))
    kinds = _kinds_of_pairs(pairs, counts, variant, n_apart)
    found, first_pair, kind = np.unique(kinds, return_index=True, return_inverse=True)
    sizes = np.bincount(kind, counts, minlength=len(found)).astype(np.int64)
    order = np.lexsort((first_pair, -sizes))
    order = order[sizes[order] >= n_min]
    place = np.full(len(found), NO_LABEL)
    place[order] = np.arange(len(order))
    groups = np.full(len(weak), NO_LABEL)
    groups[known] = place[kind][pair_of]
    return SubPseudoLabels(groups, sizes[order], pairs, counts, place[kind], len(found))


def _kinds_of_pairs(pairs: Ints, counts: Ints, variant: Variant, n_apart: int) -> NDArray[np.int64]:
    """Return (n_pairs,) numbers, equal for pairs that are one group."""
    n_pairs = len(pairs)
    own: NDArray[np.int64] = np.arange(n_pairs)
    weak, teacher = pairs.T
    if variant == "full":
        return own
    if variant == "binary":
        return 2 * weak + (weak == teacher)
    apart = np.flatnonzero(weak != teacher)
    kinds = own.copy()
    if variant == "diagonal_plus":
        rest = apart[np.argsort(-counts[apart], kind="stable")[n_apart:]]
        kinds[rest] = n_pairs + weak[rest]
    elif len(apart) > n_apart:
        kinds[apart] = n_pairs + _merge(_confusion_profiles(pairs, counts)[apart], n_apart)
    return kinds


def _confusion_profiles(pairs: Ints, counts: Ints) -> NDArray[np.float32]:
    """Return (n_pairs, n_classes): the classes that each pair lies between, rows sum to 1."""
    classes, place = np.unique(pairs, return_inverse=True)
    weak, teacher = place.reshape(pairs.shape).T
    table = np.zeros((len(classes), len(classes)))
    table[weak, teacher] = counts
    said = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    given = table.T / np.maximum(table.T.sum(axis=1, keepdims=True), 1)
    return ((said[weak] + given[teacher]) / 2).astype(np.float32)


def _merge(profiles: NDArray[np.float32], n_groups: int) -> NDArray[np.int64]:
    from sklearn.cluster import AgglomerativeClustering

    if len(profiles) > MOST_MERGED:
        raise ValueError(
            f"merged takes at most {MOST_MERGED:,} pairs of different classes; got"
            f" {len(profiles):,}. Use diagonal_plus."
        )
    found = AgglomerativeClustering(n_groups, linkage="ward").fit_predict(profiles)
    return np.asarray(found, dtype=np.int64)


def _check(weak: Ints, teacher: Ints, variant: str, n_min: int, n_apart: int | None) -> None:
    if weak.ndim != 1 or weak.shape != teacher.shape:
        raise ValueError(
            f"weak and teacher must both have shape (n_items,); got {weak.shape} and"
            f" {teacher.shape}."
        )
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(VARIANTS)}; got {variant!r}.")
    for name, value in (("n_min", n_min), ("n_apart", n_apart)):
        if value is not None and value < 1:
            raise ValueError(f"{name} must be 1 or more; got {value}.")
