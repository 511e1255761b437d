"""How many more answers take all labels to a target accuracy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from annotate.quality.share import Share


@dataclass(frozen=True)
class Forecast:
    """Further answers to a target accuracy.

    ``likely`` holds if the model is as right as measured; ``fewest`` and ``most`` are for the two
    ends of the measurement's 95 % interval.
    """

    likely: int
    fewest: int
    most: int


def forecast_answers(
    measured: Share, n_items: int, n_decided: int, target: float
) -> Forecast | None:
    """Return the further answers after which a share ``target`` of all labels is right.

    The model behind it: what people decided is right, and what they did not is right with the
    measured accuracy p, whichever items they decide next. With a share f decided, f + (1 - f) p is
    right, so f must reach (target - p) / (1 - p). It leaves out that a model learns from answers
    and that reviewers are asked about the least sure items first, which both make fewer answers do,
    and that people err, which makes more of them necessary.

    Parameters
    ----------
    measured : Share
        Predictions that were right among items that measure.
    n_items, n_decided : int
        All items, and those of them that people have decided.
    target : float
        0 to 1, below 1.

    Returns
    -------
    Forecast or None
        None where nothing was measured.
    """
    if not 0 <= target < 1:
        raise ValueError(f"target must be 0 or more and below 1; got {target}.")
    if measured.value is None:
        return None
    low, high = measured.interval
    likely, most, fewest = (
        _answers(p, n_items, n_decided, target) for p in (measured.value, low, high)
    )
    return Forecast(likely, fewest, most)


def _answers(p: float, n_items: int, n_decided: int, target: float) -> int:
    if p >= target:
        return 0
    needed = (target - p) / (1 - p) * n_items
    # Rounded first: 0.3 * 10 is a little more than 3.
    return max(0, math.ceil(round(needed, 6)) - n_decided)
