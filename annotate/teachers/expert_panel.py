"""Experts on the same items: what each foretells of the answers, and what all say together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from annotate.compute.edge_list import Graph
from annotate.protocols import NO_LABEL, Floats, Ints, Rows
from annotate.teachers.propagation import propagate_labels
from annotate.training.correction import Correction
from annotate.training.opinion_pool import pool_weights
from annotate.training.smoothing import average_over_neighbours

# How they were chosen: docs/methods.md, "stacked".
SPREAD_ALPHA = 0.8
NEIGHBOURS_OF_LEARNT = (0, 5, 10)
NEIGHBOURS_OF_RECORDED = (0, 10)
N_FOLDS = 5
# What an expert holds for impossible stays possible, by so much of an equal share. Students have
# seen few answers, of some class perhaps none.
LEAST_SHARE_OF_LEARNT = 0.15
LEAST_SHARE_OF_RECORDED = 1e-3
ROWS_PER_BLOCK = 16_384


@dataclass(frozen=True)
class Sight:
    """What a student sees of the items.

    Attributes
    ----------
    is_seen : bool array of shape (n_items,)
        Whether an item has what the student looks at.
    of : callable
        Gives the features of some items, (n, dim); zeros of an item that is not seen.
    """

    is_seen: NDArray[np.bool_]
    of: Callable[[Ints], Floats]


class ExpertPanel:
    """The experts, heard one after another so that only one is in memory as a whole."""

    def __init__(self, n_classes: int, neighbours: Ints, answered: Ints, answers: Ints) -> None:
        self._n_classes = n_classes
        self._neighbours = neighbours
        self._answered = answered
        self._answers = answers
        self._names: list[str] = []
        self._speakers: list[str] = []
        self._foretold: list[Floats] = []
        self._everywhere: list[Callable[[], Iterator[Floats]]] = []

    def hear_recorded(self, name: str, proba: Rows) -> None:
        """Add a prediction that no label taught, raw and averaged over neighbours."""
        widths = self._widths(NEIGHBOURS_OF_RECORDED)
        members = _with_neighbours(self._answered, self._neighbours, max(widths))
        told = proba.take(members.ravel()).reshape(*members.shape, self._n_classes)
        self._add(name, widths, [_log_recorded(_mean(told, k)) for k in widths])
        self._everywhere.append(lambda: map(_log_recorded, self._spread(_read_all(proba), widths)))

    def hear_student(self, name: str, sight: Sight, C: float) -> None:
        """Add a logistic regression on the answers, raw and averaged over neighbours."""
        widths = self._widths(NEIGHBOURS_OF_LEARNT)
        foretold = [np.zeros((len(self._answered), self._n_classes)) for _ in widths]
        for here in self._folds():
            student = self._teach(sight, C, ~here)
            members = _with_neighbours(self._answered[here], self._neighbours, max(widths))
            told = self._ask(student, sight, members.ravel())
            told = told.reshape(*members.shape, self._n_classes)
            for k, log_proba in zip(widths, foretold, strict=True):
                log_proba[here] = _log_learnt(_mean(told, k))
        self._add(name, widths, foretold)

        def everywhere() -> Iterator[Floats]:
            everyone = np.ones(len(self._answered), dtype=bool)
            student = self._teach(sight, C, everyone)
            told = self._ask(student, sight, np.arange(len(sight.is_seen)))
            return map(_log_learnt, self._spread(told, widths))

        self._everywhere.append(everywhere)

    def hear_graph(self, name: str, graph: Graph, has_features: NDArray[np.bool_]) -> None:
        """Add what the answers say when they are spread over the graph of neighbours."""
        foretold = np.zeros((len(self._answered), self._n_classes))
        for here in self._folds():
            spread = self._spread_over(graph, has_features, ~here)
            foretold[here] = _log_learnt(spread[self._answered[here]])
        self._add(name, [0], [foretold])
        everyone = np.ones(len(self._answered), dtype=bool)
        self._everywhere.append(
            lambda: iter([_log_learnt(self._spread_over(graph, has_features, everyone))])
        )

    def weigh(self, newest: str | None) -> dict[str, float]:
        """Return the weight of each expert by the answers it foretold.

        Until answers say otherwise the newest recorded prediction speaks alone; without any, all
        students alike.
        """
        speaks_first = [newest in (None, speaker) for speaker in self._speakers]
        held_to = np.asarray(speaks_first) / sum(speaks_first)
        self._weights = pool_weights(self._foretold, self._answers, held_to)
        return dict(zip(self._names, self._weights.tolist(), strict=True))

    def pool(self, n_items: int, class_active: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return what the weighed experts together say of every item."""
        total = np.zeros((n_items, self._n_classes), dtype=np.float32)
        answered = np.zeros(n_items, dtype=bool)
        weights = iter(self._weights)
        for everywhere in self._everywhere:
            for log_proba in everywhere():
                has_answer = ~np.isnan(log_proba[:, 0])
                answered |= has_answer
                weight = np.float32(next(weights))
                if weight > 0:
                    total += weight * np.where(has_answer[:, None], log_proba, 0)
        total[:, ~class_active] = -np.inf
        proba = np.exp(log_softmax(total, axis=1))
        proba[~answered] = np.nan
        return proba

    def _folds(self) -> Iterator[NDArray[np.bool_]]:
        """Yield which answers are held out, each once."""
        fold = np.arange(len(self._answered)) % N_FOLDS
        for number in range(min(N_FOLDS, len(self._answered))):
            yield fold == number

    def _spread_over(
        self, graph: Graph, has_features: NDArray[np.bool_], taught: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        labels = np.full(graph.shape[0], NO_LABEL, dtype=np.int64)
        labels[self._answered[taught]] = self._answers[taught]
        proba = propagate_labels(graph, labels, self._n_classes, SPREAD_ALPHA)
        # Without features an item's neighbours are any.
        proba[~has_features] = np.nan
        return proba

    def _widths(self, wanted: tuple[int, ...]) -> list[int]:
        """Return the numbers of neighbours to average over, those that a small corpus has."""
        return [k for k in wanted if k <= self._neighbours.shape[1]]

    def _add(self, name: str, widths: list[int], foretold: Sequence[Floats]) -> None:
        self._names += [f"{name}, {k} neighbours" if k else name for k in widths]
        self._speakers += [name] * len(widths)
        # Who has no answer says nothing for or against any class.
        self._foretold += [np.nan_to_num(log_proba) for log_proba in foretold]

    def _teach(self, sight: Sight, C: float, taught: NDArray[np.bool_]) -> Correction:
        """Return a student whose offset is how often its answers say each class.

        Among the items that were asked a class may be many times as frequent as in the corpus; a
        student that is told so learns what tells items apart, and of the corpus no shares.
        """
        rows, answers = sight.of(self._answered[taught]), self._answers[taught]
        counts = np.bincount(answers, minlength=self._n_classes) + 1.0
        shares = np.tile((counts / counts.sum()).astype(np.float32), (len(rows), 1))
        return Correction(C).fit(rows, answers, shares)

    def _ask(self, student: Correction, sight: Sight, items: Ints) -> NDArray[np.float32]:
        """Return what a student says of some items, NaN of what it does not see."""
        proba = np.empty((len(items), self._n_classes), dtype=np.float32)
        for start in range(0, len(items), ROWS_PER_BLOCK):
            features = sight.of(items[start : start + ROWS_PER_BLOCK])
            told = np.exp(student.log_proba(features, self._nothing_known(len(features))))
            proba[start : start + len(told)] = told
        proba[~sight.is_seen[items]] = np.nan
        return proba

    def _spread(self, proba: NDArray[np.float32], widths: list[int]) -> Iterator[Floats]:
        for k in widths:
            yield average_over_neighbours(proba, self._neighbours[:, :k]) if k else proba

    def _nothing_known(self, n_rows: int) -> NDArray[np.float32]:
        return np.full((n_rows, self._n_classes), 1 / self._n_classes, dtype=np.float32)


def _with_neighbours(rows: Ints, neighbours: Ints, k: int) -> Ints:
    """Return (len(rows), k + 1): each row and its k nearest."""
    return np.concatenate([rows[:, None], neighbours[rows, :k]], axis=1)


def _mean(told: Floats, k: int) -> Floats:
    """Return the mean over an item and its k nearest that have an answer, NaN where it has none."""
    known = ~np.isnan(told[:, : k + 1, :1])
    total = np.where(known, told[:, : k + 1], 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known[:, 0], total, np.nan)


def _log_recorded(proba: Floats) -> Floats:
    return np.log(np.maximum(proba, LEAST_SHARE_OF_RECORDED / proba.shape[1]))


def _log_learnt(proba: Floats) -> Floats:
    return np.log(np.maximum(proba, LEAST_SHARE_OF_LEARNT / proba.shape[1]))


def _read_all(proba: Rows) -> NDArray[np.float32]:
    return np.array(proba.read(0, proba.shape[0]), dtype=np.float32)
