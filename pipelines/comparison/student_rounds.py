"""Rounds of a student on pixels: each learns from more of what the one before predicted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from annotate.protocols import NO_LABEL, Bools, Floats, Ints, TrainingRun
from annotate.training.continued import Continued
from annotate.training.learning_rates import WARM_UP, warmed_cosine
from annotate.training.network_student import NetworkStudent
from annotate.training.weights import balance_classes, balance_weights

N_ROUNDS = 4


class Restarted(Continued):
    """Goes on from round to round, too, but warms up and anneals in each: the usual way."""

    _name = "restarted"

    def rate(self, step: int) -> float:
        """Return the rate of a step as a share of the highest."""
        return warmed_cosine(step, self.n_steps, round(WARM_UP * self.n_steps))

    def kept_after(self) -> int:
        """Return how many steps of a round are behind what the next one goes on from: all."""
        return self.n_steps


def train_in_rounds(
    make: Callable[[], NetworkStudent], X: Ints, labels: Ints, proba: Floats, seed: int
) -> NetworkStudent:
    """Return the student of the last round.

    Parameters
    ----------
    make : function
        Gives an untrained student, whose steps are those of one round.
    labels : int array of shape (n_items,)
        -1 where none is given.
    proba : float array of shape (n_items, n_classes)
        What the teacher of the first round says.
    """
    given = labels != NO_LABEL
    previous = None
    for round_no in range(1, N_ROUNDS + 1):
        y = most_confident(labels, proba, round_no / N_ROUNDS)
        student = make()
        student.run = TrainingRun(seed, given=given, teacher_proba=proba, previous=previous)
        student.fit(X, y, balanced_weights(y, given))
        proba, previous = student.predict_proba(X), student.parameters()
    return student


def most_confident(labels: Ints, proba: Floats, share: float) -> Ints:
    """Return given labels, and pseudo-labels of the most confident share of all other items."""
    y = labels.copy()
    others = np.flatnonzero(labels == NO_LABEL)
    sure_first = others[np.argsort(-proba[others].max(axis=1), kind="stable")]
    accepted = sure_first[: round(share * len(others))]
    y[accepted] = proba[accepted].argmax(axis=1)
    return y


def balanced_weights(y: Ints, given: Bools) -> Floats:
    """Return (n_items,) what a round gives its labels: see ``annotate.training.weights``."""
    weights = np.zeros(len(y), dtype=np.float32)
    rows = np.flatnonzero(y != NO_LABEL)
    alike = balance_weights(np.ones(len(rows), dtype=np.float32), given[rows])
    weights[rows] = balance_classes(alike, y[rows])
    return weights
