"""Weak sources as one teacher: each is believed as far as its votes earn it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError
from annotate.protocols import NO_LABEL, CorpusView, Floats, Ints
from annotate.quality.label_model import MOST_VALUES, LabelModel, fit_label_model
from annotate.teachers.cast_votes import active_votes, with_retired

ROWS_PER_BLOCK = 65_536


class LabelModelTeacher:
    """A generative model with learnt accuracies and voting rates over the stored votes.

    It learns from votes alone; only the classes' shares may come from labels. Items on which nobody
    votes get no answer.

    Parameters
    ----------
    balance : str
        Shares of the classes: ``uniform``; ``estimated`` from the votes; ``labels``, those of the
        labels that may train, one added to each class; or numbers in the order of the classes in
        force, registered as ``label_model:0.7,0.2,0.1``.

    References
    ----------
    Ratner et al. 2016, arXiv:1605.07723; ``annotate.quality.label_model`` says how ours differs.
    """

    name = "label_model"

    def __init__(self, balance: str = "uniform") -> None:
        self._balance = balance
        self.learns_from_labels = balance == "labels"
        if balance not in ("uniform", "estimated", "labels"):
            _read_shares(balance)

    def fit(self, view: CorpusView) -> None:
        """Learn rates and accuracies from every vote.

        Raises
        ------
        NotReadyError
            If there are no votes.
        ConfigError
            If the task is multi-label, or there is not one share for each class in force.
        """
        votes = active_votes(view, self.name)
        self._active = view.schema.class_active
        n_active = int(self._active.sum())
        if votes.shape[1] * n_active**2 > MOST_VALUES:
            raise ConfigError(
                "The teacher label_model must fit into memory;"
                f" {votes.shape[1]:,} sources and {n_active:,} classes do not. Use majority_vote."
            )
        self._model = fit_label_model(
            votes,
            n_active,
            balance=self._shares(view, n_active),
            estimate_balance=self._balance == "estimated",
        )
        self._votes = votes

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where nobody votes, 0 if retired."""
        proba = np.empty((len(rows), len(self._active)), dtype=np.float32)
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            block = slice(start, start + ROWS_PER_BLOCK)
            proba[block] = with_retired(
                self._model.predict_proba(self._votes[rows[block]]), self._active
            )
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return accuracies, voting rates, vocabularies and shares of the classes in force."""
        model: LabelModel = self._model
        return {
            "vocabulary": model.vocabulary,
            "accuracy": model.accuracy,
            "rate_inside": model.rate_inside,
            "rate_outside": model.rate_outside,
            "balance": model.balance,
        }

    def _shares(self, view: CorpusView, n_active: int) -> Floats | None:
        if self._balance in ("uniform", "estimated"):
            return None
        if self._balance == "labels":
            known = view.labels[view.labels != NO_LABEL]
            counts = np.bincount(known, minlength=view.schema.n_classes)[self._active] + 1.0
            return np.asarray(counts / counts.sum())
        shares = _read_shares(self._balance)
        if len(shares) != n_active:
            raise ConfigError(
                f"The teacher label_model needs one share for each of {n_active} classes in force;"
                f" got {len(shares)}. Give them in the order of annotate.toml."
            )
        return shares


def _read_shares(text: str) -> NDArray[np.float64]:
    try:
        shares = np.array([float(part) for part in text.split(",")])
    except ValueError:
        shares = np.empty(0)
    if not len(shares) or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-3:
        raise ConfigError(
            "The balance of label_model must be uniform, estimated, labels, or shares above 0 that"
            f" sum to 1, such as 0.7,0.3; got {text!r}."
        )
    return shares
