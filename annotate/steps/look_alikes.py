"""Find an item's look-alikes, and what spreading its label to them would cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from annotate.protocols import NO_LABEL, Ints
from annotate.review.cards import Card, Standing
from annotate.review.look_alikes import Offer, cosines_to, most_alike, offers_to_spread
from annotate.review.measuring import is_blind
from annotate.review.spread import MAX_ITEMS
from annotate.steps.corpus_view import current_features
from annotate.steps.derive_labels import derivable
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.review import Queue, read_cards
from annotate.steps.workspace import Workspace
from annotate.store.queue_front import read_reasons

N_SHOWN = 24


@dataclass(frozen=True)
class LookAlikes:
    """The items nearest to one, and what giving them a label would cost.

    Attributes
    ----------
    cards : tuple of Card
        The nearest items, whatever is known of them, nearest first; without labels and guesses
        where the item itself measures.
    cosines : tuple of float
    candidates : tuple of int
        Items that may be given the label, the most alike first; () where no class was named.
    offers : tuple of Offer
    """

    cards: tuple[Card, ...]
    cosines: tuple[float, ...]
    candidates: tuple[int, ...]
    offers: tuple[Offer, ...]

    def as_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def find_look_alikes(
    workspace: Workspace, queue: Queue, item_no: int, class_no: int | None = None
) -> LookAlikes:
    """Return an item's look-alikes by cosine of the features in use.

    Parameters
    ----------
    queue : Queue
        Whose suggestions the cards show.
    class_no : int, optional
        The class to spread; offers say what that would cost. Nothing is offered for an item that
        measures.

    Raises
    ------
    NotReadyError
        If no features cover every item.
    KeyError
        If there is no such item.
    """
    given = read_given_labels(workspace)
    n_items = len(given.current)
    if not 0 <= item_no < n_items:
        raise KeyError(item_no)
    cosines = cosines_to(current_features(workspace, n_items), item_no)
    others = ~given.dropped
    others[item_no] = False
    shown = most_alike(cosines, others, N_SHOWN)
    with workspace.store.read() as connection:
        is_measured = is_blind(read_reasons(connection).get(item_no))
    # What is said of its look-alikes would lead whoever is to answer blind.
    standing = [None if is_measured else _standing(given, row) for row in shown.tolist()]
    shown_by = replace(queue, proba=None) if is_measured else queue
    cards = read_cards(workspace, shown_by, shown.tolist(), standing)
    candidates: Ints = np.empty(0, dtype=np.intp)
    offers: list[Offer] = []
    if class_no is not None and not is_measured:
        candidates = most_alike(cosines, derivable(workspace, given) & others, MAX_ITEMS)
        # Answers that measure say nothing here: a spread label would lean on them.
        decided = others & (given.human.labels != NO_LABEL) & (given.training != NO_LABEL)
        right = given.human.labels[decided] == class_no
        offers = offers_to_spread(cosines[candidates], cosines[decided], right)
        candidates = candidates[: offers[-1].n_items] if offers else candidates
    return LookAlikes(
        tuple(cards),
        tuple(round(float(cosines[row]), 4) for row in shown),
        tuple(candidates.tolist()),
        tuple(offers),
    )


def _standing(given: GivenLabels, row: int) -> Standing | None:
    label = int(given.current[row])
    if label == NO_LABEL:
        return None
    human = given.human
    if human.labels[row] != NO_LABEL:
        return Standing(label, "human")
    return Standing(label, "derived" if human.derived[row] != NO_LABEL else "gold")
