"""The plain way to choose whom to ask: margin sampling with logistic regression.

It shares no code with the project's own loop, so that both can be wrong only on their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from annotate.protocols import Bools, Floats, Ints

Choose = Callable[[LogisticRegression, Bools, int], Ints]


@dataclass(frozen=True)
class Curve:
    """How right a corpus is labelled after so many answers; both (n_points,)."""

    answers: NDArray[np.int64]
    accuracy: NDArray[np.float64]


def margin_curve(
    features: Floats, truth: Ints, *, until: float, most: int, batch: int = 20, seed: int = 0
) -> Curve:
    """Return the curve of plain margin sampling; see ``asking_curve``."""

    def closest(model: LogisticRegression, answered: Bools, n: int) -> Ints:
        two_likeliest = np.sort(model.predict_proba(features), axis=1)[:, -2:]
        margin = two_likeliest[:, 1] - two_likeliest[:, 0]
        margin[answered] = np.inf
        return np.argsort(margin, kind="stable")[:n]

    return asking_curve(features, truth, closest, until=until, most=most, batch=batch, seed=seed)


def asking_curve(
    features: Floats,
    truth: Ints,
    choose: Choose,
    *,
    until: float,
    most: int,
    batch: int = 20,
    seed: int = 0,
) -> Curve:
    """Ask in batches, the first at random, and fit a logistic regression (C = 10) after each.

    The whole corpus counts: an answered item is right, any other if its likeliest class is.

    Parameters
    ----------
    features : float array of shape (n_items, dim)
        Used as they are.
    truth : int array of shape (n_items,)
    choose : function
        Of the model, a mask of answered items and a number of items: the rows to ask next.
    until : float
        Share of the corpus to be right; asking ends there.
    most : int
        Answers at most.
    batch : int
    seed : int
        Draws the first batch.
    """
    answered = np.zeros(len(truth), dtype=bool)
    answered[np.random.default_rng(seed).permutation(len(truth))[:batch]] = True
    answers, accuracy = [], []
    while True:
        rows = np.flatnonzero(answered)
        guess = np.full(len(truth), truth[rows[0]])
        model = LogisticRegression(C=10, max_iter=1000)
        if len(np.unique(truth[rows])) > 1:
            model.fit(features[rows], truth[rows])
            guess = model.predict(features)
        guess[rows] = truth[rows]
        answers.append(len(rows))
        accuracy.append(float((guess == truth).mean()))
        n_next = min(batch, most - len(rows), len(truth) - len(rows))
        if accuracy[-1] >= until or n_next <= 0:
            return Curve(np.array(answers), np.array(accuracy))
        if len(np.unique(truth[rows])) > 1:
            answered[choose(model, answered, n_next)] = True
        else:  # nothing is learnt yet: ask the first that are open
            answered[np.flatnonzero(~answered)[:n_next]] = True


def answers_until(curve: Curve, target: float) -> int | None:
    """Return the answers after which the target was first reached, None if it never was."""
    reached = np.flatnonzero(curve.accuracy >= target)
    return int(curve.answers[reached[0]]) if len(reached) else None
