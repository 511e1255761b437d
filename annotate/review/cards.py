"""View models: what a screen needs to show an item, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from annotate.corpus.printable import printable
from annotate.protocols import Bools, Floats
from annotate.review.measuring import is_blind
from annotate.schema import Modality

N_GUESSES = 5
MAX_TEXT = 20_000


@dataclass(frozen=True)
class Guess:
    """A class and its probability."""

    class_no: int
    confidence: float


@dataclass(frozen=True)
class Standing:
    """The label that an item has now, and where it comes from."""

    class_no: int
    source: str


@dataclass(frozen=True)
class Card:
    """One item as a reviewer sees it.

    Attributes
    ----------
    item_no : int
    item_id : str
        Made printable: nothing in it acts on a screen.
    modality : str
    text : str or None
        At most 20,000 characters.
    n_characters_cut : int
        How many more the item has.
    guesses : tuple of Guess
        The likeliest classes in force, best first, at most 5. Empty where there is no prediction or
        the item is asked blind.
    source : str or None
        Who guessed: "round 3 student", or the teacher's name.
    prediction_id : str or None
        What the guesses were read from; goes into the decision's lineage.
    asked_because : str
    blind : bool
        The answer measures, so nothing is suggested.
    standing : Standing or None
        The label it has; None where it has none, the page does not show labels, or it is asked
        blind.
    """

    item_no: int
    item_id: str
    modality: Modality
    text: str | None
    n_characters_cut: int
    guesses: tuple[Guess, ...]
    source: str | None
    prediction_id: str | None
    asked_because: str
    blind: bool
    standing: Standing | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Basis:
    """Where a queue's suggestions come from and why it asks.

    Attributes
    ----------
    prediction : mapping or None
        The prediction's record: prediction_id, teacher, round_no.
    because : str
        Why the order asked for an item.
    asked_first : mapping of int to str
        The items that a step asked for, with its reason.
    """

    prediction: Mapping[str, Any] | None
    because: str
    asked_first: Mapping[int, str]

    @property
    def source(self) -> str | None:
        """Return who made the prediction, in a reviewer's words."""
        if self.prediction is None:
            return None
        round_no = self.prediction["round_no"]
        if round_no is None:
            return printable(self.prediction["teacher"])
        return f"round {round_no} student"


def make_cards(
    items: pd.DataFrame,
    proba: Floats,
    class_active: Bools,
    basis: Basis,
    modality: Modality,
    standing: Sequence[Standing | None] | None = None,
) -> list[Card]:
    """Return one card an item.

    Parameters
    ----------
    items : DataFrame
        Index item_no, columns item_id and text.
    proba : float array of shape (len(items), n_columns)
        A row of NaN means no answer.
    class_active : bool array of shape (n_classes,)
    standing : sequence of Standing or None, length len(items), optional
        The labels that the items have.
    """
    guesses = likeliest_classes(proba, class_active)
    labels = [None] * len(items) if standing is None else standing
    cards = []
    for (number, item_id, text), best, label in zip(
        items[["item_id", "text"]].itertuples(), guesses, labels, strict=True
    ):
        reason = basis.asked_first.get(int(number))
        blind = is_blind(reason)
        answered = bool(best) and not blind
        cards.append(
            Card(
                item_no=int(number),
                item_id=printable(item_id),
                modality=modality,
                text=None if text is None else text[:MAX_TEXT],
                n_characters_cut=0 if text is None else max(0, len(text) - MAX_TEXT),
                guesses=best if answered else (),
                source=basis.source if answered else None,
                prediction_id=(basis.prediction or {}).get("prediction_id") if answered else None,
                asked_because=reason or (basis.because if best else "it has no prediction yet"),
                blind=blind,
                standing=None if blind else label,
            )
        )
    return cards


def likeliest_classes(proba: Floats, class_active: Bools) -> list[tuple[Guess, ...]]:
    """Return each row's likeliest classes in force, best first; () for a row of NaN."""
    masked = np.where(class_active[: proba.shape[1]], proba, -1.0)
    order = np.argsort(-masked, axis=1, kind="stable")[:, :N_GUESSES]
    return [_guesses(row, best) for row, best in zip(masked, order, strict=True)]


def _guesses(row: Floats, best: Sequence[int]) -> tuple[Guess, ...]:
    if np.isnan(row).any():
        return ()
    return tuple(Guess(int(c), round(float(row[c]), 4)) for c in best if row[c] >= 0)
