"""The linear student whose probabilities are averaged over neighbours."""

from __future__ import annotations

from annotate.training.linear import DEFAULT_C, Linear

DEFAULT_SMOOTHING_K = 10


class SmoothedLinear(Linear):
    """A linear student that asks for its probabilities to be averaged over neighbours.

    A student sees features only, and neighbours belong to the corpus: whoever has both applies
    ``training.smoothing.average_over_neighbours`` with ``smoothing_k`` neighbours to what
    ``predict_proba`` returned for the whole corpus.
    """

    smoothing_k = DEFAULT_SMOOTHING_K

    def __init__(
        self,
        C: float | str = DEFAULT_C,
        *,
        n_classes: int | None = None,
        device: str = "auto",
    ) -> None:
        super().__init__(C, n_classes=n_classes, device=device)
        self.name = f"smoothed_{self.name}"
