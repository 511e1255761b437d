"""View model: teachers side by side, who is right, and where they disagree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Bools, Ints
from annotate.quality.share import Share, share_of
from annotate.training.sub_pseudo_labels import SubPseudoLabels, sub_pseudo_labels

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
class JudgedGroup:
    """Items that two predictions put together, and which of the two people found right.

    ``n_open`` of them would take a derived label: nobody has decided them. ``n_judged`` have an
    answer.
    """

    n_items: int
    n_open: int
    n_judged: int
    n_first_right: int
    n_second_right: int


@dataclass(frozen=True)
class Disagreement(JudgedGroup):
    """Items that one prediction calls ``first_class`` and the other ``second_class``."""

    first_class: int
    second_class: int


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
    first: Ints, second: Ints, answers: Ints, is_open: Bools
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
    found = sub_pseudo_labels(np.where(first != second, first, NO_LABEL), second)
    judged = judge_groups(found, first, second, answers, is_open)
    pairs = found.pairs[np.argsort(found.pair_groups)].tolist()
    return tuple(
        Disagreement(**vars(group), first_class=first_class, second_class=second_class)
        for group, (first_class, second_class) in zip(judged[:MOST_GROUPS], pairs, strict=False)
    )


def judge_groups(
    found: SubPseudoLabels, first: Ints, second: Ints, answers: Ints, is_open: Bools
) -> tuple[JudgedGroup, ...]:
    """Return how many items of each group are open, and who was right on those that have an answer.

    Parameters
    ----------
    found : SubPseudoLabels
        Of the two predictions.
    first, second, answers : int arrays of shape (n_items,)
        -1 for none.
    is_open : bool array of shape (n_items,)
        Items that may take a derived label.
    """
    rows = np.flatnonzero(found.groups != NO_LABEL)
    group, told = found.groups[rows], answers[rows]

    def count(which: Bools) -> list[int]:
        return np.bincount(group[which], minlength=found.n_groups).tolist()

    columns = (
        found.sizes.tolist(), count(is_open[rows]), count(told != NO_LABEL),
        count(told == first[rows]), count(told == second[rows]),
    )  # fmt: skip
    return tuple(JudgedGroup(*values) for values in zip(*columns, strict=True))


def _share(predicted: Ints, truth: Ints) -> Share:
    rows = truth != NO_LABEL
    return share_of(predicted[rows] == truth[rows])
