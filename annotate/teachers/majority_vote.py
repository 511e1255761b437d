"""Weak sources as one teacher: every vote counts alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import CorpusView, Ints
from annotate.quality.votes import vote_shares
from annotate.teachers.cast_votes import active_votes, with_retired


class MajorityVote:
    """The share of an item's votes for each class; the plain baseline for several weak sources.

    Items on which nobody votes get no answer.
    """

    name = "majority_vote"
    learns_from_labels = False

    def fit(self, view: CorpusView) -> None:
        """Read the votes; there is nothing to learn.

        Raises
        ------
        NotReadyError
            If there are no votes.
        """
        self._votes = active_votes(view, self.name)
        self._active = view.schema.class_active

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where nobody votes, 0 if retired."""
        return with_retired(vote_shares(self._votes[rows], int(self._active.sum())), self._active)

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return nothing: nothing is learnt."""
        return {}
