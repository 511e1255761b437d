"""Weak sources as one teacher: each has a confusion matrix of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError
from annotate.protocols import CorpusView, Ints
from annotate.quality.dawid_skene import dawid_skene, fits
from annotate.quality.votes import one_hot_votes
from annotate.teachers.cast_votes import active_votes, with_retired

ROWS_PER_BLOCK = 65_536


class DawidSkene:
    """The consensus of Dawid and Skene over the stored votes; silence says nothing.

    Fits sources that vote for many classes each, as people do. Of rules that know one class
    each it can make anything: votes for one class alone do not show when they are wrong. Items
    on which nobody votes get no answer.

    References
    ----------
    Dawid & Skene 1979, doi:10.2307/2346806; ``annotate.quality.dawid_skene`` says how ours differs.
    """

    name = "dawid_skene"
    learns_from_labels = False

    def fit(self, view: CorpusView) -> None:
        """Learn a confusion matrix for each source that votes, and the classes' shares.

        Raises
        ------
        NotReadyError
            If there are no votes.
        """
        self._votes = active_votes(view, self.name)
        self._active = view.schema.class_active
        n_active = int(self._active.sum())
        if not fits(len(self._votes), self._votes.shape[1], n_active):
            raise ConfigError(
                f"The teacher {self.name} must fit into memory; {len(self._votes):,} items,"
                f" {self._votes.shape[1]:,} sources and {n_active:,} classes do not. Use"
                " majority_vote."
            )
        rows, functions = np.nonzero(self._votes >= 0)
        voting, reviewers = np.unique(functions, return_inverse=True)
        items = np.unique(rows, return_inverse=True)[1]
        found = dawid_skene(items, reviewers, self._votes[rows, functions], n_active)
        # A function that never votes keeps a matrix that says nothing.
        confusion = np.full((self._votes.shape[1], n_active, n_active), 1 / n_active)
        confusion[voting] = found.confusion
        self._confusion, self._prior = confusion, found.prior

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where nobody votes, 0 if retired."""
        n_active = len(self._prior)
        evidence = np.log(self._confusion).transpose(0, 2, 1).reshape(-1, n_active)
        with np.errstate(divide="ignore"):
            prior = np.log(self._prior)
        proba = np.empty((len(rows), len(self._active)), dtype=np.float32)
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            block = slice(start, start + ROWS_PER_BLOCK)
            votes = self._votes[rows[block]]
            joint = prior + one_hot_votes(votes, n_active) @ evidence
            likely = np.exp(joint - joint.max(axis=1, keepdims=True))
            likely /= likely.sum(axis=1, keepdims=True)
            likely[(votes < 0).all(axis=1)] = np.nan
            proba[block] = with_retired(likely, self._active)
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the confusion matrices and shares of the classes in force."""
        return {"confusion": self._confusion, "prior": self._prior}
