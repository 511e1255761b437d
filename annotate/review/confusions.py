"""Which classes are taken for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Ints

MOST_PAIRS = 500


@dataclass(frozen=True)
class Confusion:
    """``n`` items that were suggested as one class and answered as another."""

    suggested: int
    answered: int
    n: int


@dataclass(frozen=True)
class Confusions:
    """Answers against suggestions.

    Attributes
    ----------
    n, n_same : int
        Items with both, and those of them where both are equal.
    pairs : tuple of Confusion
        Where they differ, the most frequent first, at most ``MOST_PAIRS``.
    classes : tuple of int
        The classes of the matrix: those confused most often, in order of class_no.
    matrix : tuple of tuples of int
        Row = answered, column = suggested, both in the order of ``classes``.
    """

    n: int
    n_same: int
    pairs: tuple[Confusion, ...]
    classes: tuple[int, ...]
    matrix: tuple[tuple[int, ...], ...]


def count_confusions(
    answered: Ints, suggested: Ints, n_classes: int, most_classes: int = 25
) -> Confusions:
    """Return how suggestions and answers differ.

    Parameters
    ----------
    answered, suggested : int arrays of shape (n,)
        -1 for none; items without one of them are left out.
    n_classes : int
    most_classes : int
        Classes in the matrix: those that take part in most confusions come in, equals by class_no.
    """
    both = (answered != NO_LABEL) & (suggested != NO_LABEL)
    answered, suggested = answered[both].astype(np.int64), suggested[both].astype(np.int64)
    codes, counts = np.unique(answered * n_classes + suggested, return_counts=True)
    rows, columns = np.divmod(codes, n_classes)
    differ = np.flatnonzero(rows != columns)
    first = differ[np.argsort(-counts[differ], kind="stable")][:MOST_PAIRS]
    classes = _most_confused(rows, columns, counts, n_classes, most_classes)
    return Confusions(
        n=len(answered),
        n_same=int(counts[rows == columns].sum()),
        pairs=tuple(Confusion(int(columns[i]), int(rows[i]), int(counts[i])) for i in first),
        classes=tuple(classes.tolist()),
        matrix=_matrix(rows, columns, counts, classes, n_classes),
    )


def _most_confused(
    rows: Ints, columns: Ints, counts: Ints, n_classes: int, most: int
) -> NDArray[np.int64]:
    """Return the classes to show: all that occur if they fit, else those confused most."""
    present = np.unique(np.concatenate([rows, columns]))
    if len(present) <= most:
        return present
    wrong = np.where(rows != columns, counts, 0)
    involved = np.bincount(rows, wrong, n_classes) + np.bincount(columns, wrong, n_classes)
    return np.sort(np.argsort(-involved, kind="stable")[:most])


def _matrix(
    rows: Ints, columns: Ints, counts: Ints, classes: Ints, n_classes: int
) -> tuple[tuple[int, ...], ...]:
    place = np.full(n_classes, -1)
    place[classes] = np.arange(len(classes))
    shown = (place[rows] >= 0) & (place[columns] >= 0)
    matrix = np.zeros((len(classes), len(classes)), dtype=np.int64)
    matrix[place[rows[shown]], place[columns[shown]]] = counts[shown]
    return tuple(tuple(row) for row in matrix.tolist())
