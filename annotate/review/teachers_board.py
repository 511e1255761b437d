"""View model: teachers side by side, who is right, and where they disagree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Bools, Ints
from annotate.quality.share import Share, share_of

MOST_GROUPS = 300


@dataclass(frozen=True)
class Answers:
    """What predictions are judged by; -1 where there is no such answer.

    Attributes
    ----------
    seen : int array of shape (n_items,)
        What people answered with a suggestion in front of them, which pulls towards it.
    blind : int array of shape (n_items,)
        What people answered to items drawn at random, without a suggestion.
    gold : int array of shape (n_items,)
        Gold that is held back.
    """

    seen: Ints
    blind: Ints
    gold: Ints

    @property
    def all(self) -> NDArray[np.int64]:
        """Return (n_items,) the answer of any kind."""
        best = np.where(self.blind != NO_LABEL, self.blind, self.seen)
        return np.where(best != NO_LABEL, best, self.gold).astype(np.int64)


@dataclass(frozen=True)
class TeacherScore:
    """How many items a prediction has an answer for, and how often that is right."""

    n_answered: int
    seen: Share
    blind: Share
    gold: Share


@dataclass(frozen=True)
class PairScore:
    """Two predictions compared.

    Attributes
    ----------
    n_both, n_same : int
        Items that both answered, and those of them with the same class.
    n_judged : int
        Items on which they differ and somebody answered.
    n_first_right, n_second_right : int
        Of those; on the others neither was right.
    """

    n_both: int
    n_same: int
    n_judged: int
    n_first_right: int
    n_second_right: int


@dataclass(frozen=True)
class Disagreement:
    """Items that one prediction calls ``first_class`` and the other ``second_class``.

    ``n_open`` of them would take a derived label: nobody has decided them.
    """

    first_class: int
    second_class: int
    n_items: int
    n_open: int
    n_judged: int
    n_first_right: int
    n_second_right: int


def score_teacher(predicted: Ints, answers: Answers) -> TeacherScore:
    """Return how a prediction does; an item that it did not answer counts as wrong.

    Parameters
    ----------
    predicted : int array of shape (n_items,)
        The likeliest class, -1 for no answer.
    """
    return TeacherScore(
        int((predicted != NO_LABEL).sum()),
        *(_share(predicted, truth) for truth in (answers.seen, answers.blind, answers.gold)),
    )


def score_pair(first: Ints, second: Ints, answers: Ints) -> PairScore:
    """Return how far two predictions agree, and which is right where they do not.

    Parameters
    ----------
    first, second, answers : int arrays of shape (n_items,)
        -1 for none.
    """
    both = (first != NO_LABEL) & (second != NO_LABEL)
    same = both & (first == second)
    judged = both & ~same & (answers != NO_LABEL)
    return PairScore(
        int(both.sum()),
        int(same.sum()),
        int(judged.sum()),
        int((judged & (first == answers)).sum()),
        int((judged & (second == answers)).sum()),
    )


def find_disagreements(
    first: Ints, second: Ints, answers: Ints, is_open: Bools, n_classes: int
) -> tuple[Disagreement, ...]:
    """Return how two predictions differ, pair of classes by pair, the largest first.

    At most ``MOST_GROUPS``; equal ones by class_no.

    Parameters
    ----------
    first, second, answers : int arrays of shape (n_items,)
        -1 for none.
    is_open : bool array of shape (n_items,)
        Items that may take a derived label.
    """
    rows = np.flatnonzero((first != NO_LABEL) & (second != NO_LABEL) & (first != second))
    codes, group = np.unique(
        first[rows].astype(np.int64) * n_classes + second[rows], return_inverse=True
    )
    told = answers[rows]

    def count(which: Bools) -> NDArray[np.int64]:
        return np.bincount(group[which], minlength=len(codes))

    n_items = count(np.ones(len(rows), dtype=bool))
    columns = zip(
        *np.divmod(codes, n_classes), n_items, count(is_open[rows]), count(told != NO_LABEL),
        count(told == first[rows]), count(told == second[rows]), strict=True,
    )  # fmt: skip
    found = [Disagreement(*(int(value) for value in values)) for values in columns]
    return tuple(found[i] for i in np.argsort(-n_items, kind="stable")[:MOST_GROUPS])


def _share(predicted: Ints, truth: Ints) -> Share:
    rows = truth != NO_LABEL
    return share_of(predicted[rows] == truth[rows])
