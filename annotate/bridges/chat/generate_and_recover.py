"""Choose the example to show a language model without labels: the one by which texts come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Similarity = Callable[[Sequence[str], Sequence[str]], NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class RecoveryScores:
    """How well texts come back from what was written of them.

    Attributes
    ----------
    best : int
        The candidate with the highest mean; the first of equals.
    scores : float array of shape (n_candidates, n_probes)
        Similarity of each probe to what was recovered, times how much shorter its note is than
        the limit allows: 1 within it.
    """

    best: int
    scores: NDArray[np.float64]

    @property
    def means(self) -> NDArray[np.float64]:
        """Return (n_candidates,) mean score of each candidate."""
        return np.asarray(self.scores.mean(axis=1))


def choose_by_recovery(
    candidates: Sequence[Any],
    probes: Sequence[str],
    generate: Callable[[Any, str], str],
    recover: Callable[[Any, str], str],
    similarity: Similarity,
    *,
    most_share: float = 0.5,
) -> RecoveryScores:
    """Return how well each candidate example lets notes on other texts be turned back into them.

    Parameters
    ----------
    candidates : sequence
        Examples, as ``generate`` and ``recover`` take them; one or more.
    probes : sequence of str
        Texts to write notes on; one or more.
    generate, recover : callables
        A note on a text, and a text from a note alone, each with the example shown. Two calls for
        each candidate and probe.
    similarity : callable
        Of two lists of texts, pair by pair: (n_probes,), 1 for equal texts.
    most_share : float
        A note longer than this share of its text is marked down in proportion: copying the text
        would recover it best.

    Raises
    ------
    ValueError
        If there is no candidate or no probe.

    References
    ----------
    GPT self-supervision annotator, 2023: one-shot tuning by the alignment of data and recovered
    data. Ours tries every candidate once, where theirs goes on as long as a trial is better; the
    limit on length is ours.
    """
    if not candidates or not probes:
        raise ValueError(
            f"A choice needs candidates and probes; got {len(candidates)} and {len(probes)}."
        )
    scores = np.empty((len(candidates), len(probes)))
    for row, candidate in enumerate(candidates):
        notes = [generate(candidate, probe) for probe in probes]
        recovered = [recover(candidate, note) for note in notes]
        allowed = np.array([max(most_share * len(probe), 1) for probe in probes])
        too_long = np.array([max(len(note), 1) for note in notes]) / allowed
        scores[row] = similarity(probes, recovered) / np.maximum(too_long, 1)
    return RecoveryScores(int(scores.mean(axis=1).argmax()), scores)
