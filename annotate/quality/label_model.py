"""Several weak teachers as one: a generative model of who votes when, and how often rightly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Floats, Ints
from annotate.quality.votes import check_votes, one_hot_votes, vote_shares

MOST_STEPS = 500
TOLERANCE = 1e-7
# 1.2 GB of float64: what each vote of each function says of each class is dense.
MOST_VALUES = 150_000_000
_BLOCK_VALUES = 4_000_000


@dataclass(frozen=True)
class LabelModel:
    """What votes say about those who cast them.

    Attributes
    ----------
    vocabulary : bool array of shape (n_functions, n_classes)
        Classes that the function was seen to vote for.
    accuracy : float array of shape (n_functions,)
        How often a vote is right where the item's class is in the vocabulary. 1 for a function of
        one class: its mistakes are votes on items of other classes.
    rate_inside, rate_outside : float arrays of shape (n_functions,)
        How often the function votes on items whose class is in its vocabulary, and on others.
    balance : float array of shape (n_classes,)
        Share of each class among the items.
    n_steps : int
    converged : bool
        False if the last step still raised the log-posterior noticeably.
    """

    vocabulary: NDArray[np.bool_]
    accuracy: NDArray[np.float64]
    rate_inside: NDArray[np.float64]
    rate_outside: NDArray[np.float64]
    balance: NDArray[np.float64]
    n_steps: int = 0
    converged: bool = True

    def predict_proba(self, votes: Ints) -> NDArray[np.float64]:
        """Return (n, n_classes) class probabilities of items, NaN where nobody votes.

        Parameters
        ----------
        votes : int array of shape (n, n_functions)
            -1 for an abstention, which counts too: a function that knows a class and is silent
            speaks against it. A vote outside of the function's vocabulary counts as one.
        """
        n_functions, n_classes = self.vocabulary.shape
        known = np.zeros((n_functions, n_classes + 1), dtype=bool)
        known[:, :-1] = self.vocabulary
        votes = np.where(known[np.arange(n_functions), votes], votes, -1)
        base, evidence = self._log_evidence()
        proba, _ = _normalised(base + one_hot_votes(votes, n_classes) @ evidence)
        proba[(votes < 0).all(axis=1)] = np.nan
        return proba

    def _log_evidence(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return log joint of silence, (n_classes,), and what each vote adds to it.

        The second has shape (n_functions * n_classes, n_classes): row (j, c) is what function j
        voting c instead of nothing adds to each class.
        """
        n_functions, n_classes = self.vocabulary.shape
        size = self.vocabulary.sum(axis=1)
        silence = np.where(
            self.vocabulary, 1 - self.rate_inside[:, None], 1 - self.rate_outside[:, None]
        )
        right = self.rate_inside * self.accuracy
        # A function of one class cannot err inside its vocabulary; the 1 is never looked at.
        wrong = np.where(size > 1, (self.rate_inside - right) / np.maximum(size - 1, 1), 1)
        stray = self.rate_outside / np.maximum(size, 1)
        chance = np.where(self.vocabulary[:, None, :], wrong[:, None, None], stray[:, None, None])
        chance = np.broadcast_to(chance, (n_functions, n_classes, n_classes)).copy()
        own = np.arange(n_classes)
        chance[:, own, own] = np.where(self.vocabulary, right[:, None], 1)
        # Functions that never vote know no class; nothing follows from their silence.
        chance[size == 0] = silence[size == 0][:, None, :] = 1
        evidence = np.log(chance) - np.log(silence)[:, None, :]
        with np.errstate(divide="ignore"):
            base = np.log(self.balance) + np.log(silence).sum(axis=0)
        return base, evidence.reshape(-1, n_classes)


def fit_label_model(
    votes: Ints,
    n_classes: int,
    *,
    balance: Floats | None = None,
    estimate_balance: bool = False,
    most_steps: int = MOST_STEPS,
    tolerance: float = TOLERANCE,
) -> LabelModel:
    """Learn from votes alone how far each function is to be believed.

    Each function votes at one rate on items whose class is among those it ever votes for, at
    another on the rest, and is right with one accuracy inside; wrong votes fall evenly on its other
    classes. Functions are independent given the class. Nobody is taken to do worse than chance.

    Parameters
    ----------
    votes : int array of shape (n_items, n_functions)
        Class voted for, below ``n_classes``; -1 where the function abstains.
    n_classes : int
    balance : float array of shape (n_classes,), optional
        Share of each class; rows sum to 1. Default all alike.
    estimate_balance : bool
        Estimate the shares together with the rest, from ``balance`` on. It can swallow a class.
    most_steps : int
        Steps of expectation maximisation, 1 or more.
    tolerance : float
        Stop when a step raises the log-posterior by less than this an item.

    Raises
    ------
    ValueError
        If votes are no class numbers, nobody votes, balance does not fit, or the model would not
        fit into memory.

    References
    ----------
    Ratner, De Sa, Wu, Selsam & Ré 2016, "Data programming", arXiv:1605.07723, section 3: labelling
    propensity and accuracy. Differs in that a function is known by the classes it votes for, so
    that silence counts; in fitting by expectation maximisation from vote shares; and in one vote of
    a prior for each rate and accuracy.
    """
    check_votes(votes, n_classes)
    if votes.shape[1] * n_classes**2 > MOST_VALUES:
        raise ValueError(
            f"A label model must fit into memory; {votes.shape[1]:,} functions and {n_classes:,}"
            " classes do not. Leave out functions, or classes that nobody votes for."
        )
    shares = _checked_balance(balance, n_classes)
    n_items, n_functions = votes.shape
    given = one_hot_votes(votes, n_classes)
    vocabulary = np.asarray(given.sum(axis=0)).reshape(n_functions, n_classes) > 0
    # One item of a prior votes at the function's overall rate, inside and outside.
    prior_rate = (np.count_nonzero(votes >= 0, axis=0) + 1) / (n_items + 2)
    step = max(1, _BLOCK_VALUES // n_classes)
    blocks = [slice(start, start + step) for start in range(0, n_items, step)]

    counts = _Counts.zeros(given.shape[1], n_classes)
    for block in blocks:
        start = vote_shares(votes[block], n_classes)
        counts.add(given[block], np.where(np.isnan(start), shares, start * (shares > 0)))
    before, converged, n_steps = -np.inf, False, 0
    while True:
        model = _maximise(counts, vocabulary, prior_rate, shares, estimate_balance)
        if n_steps == most_steps or converged:
            break
        n_steps += 1
        base, evidence = model._log_evidence()
        counts, log_likelihood = _Counts.zeros(given.shape[1], n_classes), 0.0
        for block in blocks:
            proba, likelihood = _normalised(base + given[block] @ evidence)
            counts.add(given[block], proba)
            log_likelihood += likelihood
        now = (log_likelihood + _log_prior(model, prior_rate, estimate_balance)) / n_items
        converged, before = bool(now - before < tolerance), now
    return LabelModel(
        model.vocabulary, model.accuracy, model.rate_inside, model.rate_outside, model.balance,
        n_steps, converged,
    )  # fmt: skip


@dataclass
class _Counts:
    """Expected counts: votes by (function, class voted for) and true class; items by class."""

    votes: NDArray[np.float64]
    items: NDArray[np.float64]

    @classmethod
    def zeros(cls, n_cells: int, n_classes: int) -> _Counts:
        return cls(np.zeros((n_cells, n_classes)), np.zeros(n_classes))

    def add(self, given: Any, proba: NDArray[np.float64]) -> None:
        self.votes += given.T @ proba
        self.items += proba.sum(axis=0)


def _maximise(
    counts: _Counts,
    vocabulary: NDArray[np.bool_],
    prior_rate: NDArray[np.float64],
    balance: NDArray[np.float64],
    estimate_balance: bool,
) -> LabelModel:
    n_functions, n_classes = vocabulary.shape
    by_function = counts.votes.reshape(n_functions, n_classes, n_classes)
    right = np.einsum("jcc->j", by_function)
    by_class = by_function.sum(axis=1)
    inside = (by_class * vocabulary).sum(axis=1)
    outside = by_class.sum(axis=1) - inside
    items_inside = vocabulary @ counts.items
    n_items = counts.items.sum()
    size = np.maximum(vocabulary.sum(axis=1), 1)

    accuracy = np.maximum((right + 1 / size) / (inside + 1), 1 / size)
    rate_inside = (inside + prior_rate) / (items_inside + 1)
    rate_outside = (outside + prior_rate) / (n_items - items_inside + 1)
    common = (inside + outside + 2 * prior_rate) / (n_items + 2)
    worse = rate_outside > rate_inside
    if estimate_balance:
        active = balance > 0
        balance = np.where(active, counts.items + 1, 0) / (n_items + active.sum())
    return LabelModel(
        vocabulary,
        accuracy,
        np.where(worse, common, rate_inside),
        np.where(worse, common, rate_outside),
        balance,
    )


def _log_prior(model: LabelModel, prior_rate: NDArray[np.float64], estimate_balance: bool) -> float:
    total = 0.0
    for rate in (model.rate_inside, model.rate_outside):
        total += (prior_rate * np.log(rate) + (1 - prior_rate) * np.log1p(-rate)).sum()
    size = model.vocabulary.sum(axis=1)
    several = size > 1
    accuracy, chance = model.accuracy[several], 1 / size[several]
    total += (chance * np.log(accuracy) + (1 - chance) * np.log1p(-accuracy)).sum()
    if estimate_balance:
        total += np.log(model.balance[model.balance > 0]).sum()
    return float(total)


def _normalised(joint: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the posteriors of log joint probabilities, and the log-likelihood of all items."""
    highest = joint.max(axis=1, keepdims=True)
    proba = np.exp(joint - highest)
    totals = proba.sum(axis=1, keepdims=True)
    proba /= totals
    return proba, float((highest + np.log(totals)).sum())


def _checked_balance(balance: Floats | None, n_classes: int) -> NDArray[np.float64]:
    if balance is None:
        return np.full(n_classes, 1 / n_classes)
    shares = np.asarray(balance, dtype=np.float64)
    if shares.shape != (n_classes,) or shares.min() < 0 or abs(shares.sum() - 1) > 1e-3:
        raise ValueError(
            f"balance must hold one share for each of {n_classes} classes and sum to 1; got shape"
            f" {shares.shape} with sum {shares.sum():.4g}."
        )
    return shares / shares.sum()
