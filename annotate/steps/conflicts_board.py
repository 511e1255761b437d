"""Conflicts as a screen shows them: answers, what is predicted, and what a consensus says."""

from __future__ import annotations

from dataclasses import dataclass

from annotate.corpus.printable import printable
from annotate.protocols import NO_LABEL
from annotate.review.class_names import shown_names
from annotate.steps.agreement import AgreementReport, measure_agreement
from annotate.steps.open_items import blind_mask
from annotate.steps.snapshot import Snapshot, current_summary
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items_at

SNIPPET_LENGTH = 120


@dataclass(frozen=True)
class ConflictRow:
    """One item to which people gave different classes; all texts are made printable.

    Attributes
    ----------
    answers : mapping of str to str
        Reviewer to class.
    guess, consensus : int or None
        The class predicted, None also where the answers measure, and the likeliest by the answers
        of all reviewers to all items.
    guess_confidence, consensus_probability : float or None
    snippet : str
        The beginning of a text; empty for other items.
    """

    item_no: int
    item_id: str
    snippet: str
    answers: dict[str, str]
    guess: int | None
    guess_confidence: float | None
    consensus: int | None
    consensus_probability: float | None


@dataclass(frozen=True)
class StandingRuling:
    """An owner's ruling that nobody took back; texts are made printable.

    Attributes
    ----------
    event_id : str
        What ``withdraw_ruling`` takes back.
    """

    event_id: str
    item_no: int
    item_id: str
    owner: str
    class_no: int
    decided_at_utc: str


@dataclass(frozen=True)
class ConflictsBoard:
    """Conflicts in order of item_no, rulings from the newest on, and how far reviewers agree."""

    conflicts: tuple[ConflictRow, ...]
    rulings: tuple[StandingRuling, ...]
    agreement: AgreementReport


def read_conflicts_board(workspace: Workspace, snapshot: Snapshot) -> ConflictsBoard:
    """Return the conflicts of a snapshot."""
    agreement = measure_agreement(workspace)
    summary = current_summary(workspace, snapshot)
    is_blind = blind_mask(snapshot.labels.given, snapshot.asked_first)
    numbers = [conflict.item_no for conflict in agreement.conflicts]
    with workspace.store.read() as connection:
        texts = read_items_at(connection, ["text"], numbers)["text"].tolist()
    shown = dict(zip(snapshot.schema.names, shown_names(snapshot.schema), strict=True))
    rows = []
    for conflict, text in zip(agreement.conflicts, texts, strict=True):
        predicted = int(summary.predicted[conflict.item_no])
        has_guess = predicted != NO_LABEL and not is_blind[conflict.item_no]
        rows.append(
            ConflictRow(
                item_no=conflict.item_no,
                item_id=printable(conflict.item_id),
                snippet=printable((text or "")[:SNIPPET_LENGTH]),
                answers={printable(who): shown[name] for who, name in conflict.answers.items()},
                guess=predicted if has_guess else None,
                guess_confidence=(
                    float(summary.confidence[conflict.item_no]) if has_guess else None
                ),
                consensus=(
                    None if conflict.label is None else snapshot.schema.class_no(conflict.label)
                ),
                consensus_probability=conflict.probability,
            )
        )
    return ConflictsBoard(tuple(rows), _standing_rulings(workspace, snapshot), agreement)


def _standing_rulings(workspace: Workspace, snapshot: Snapshot) -> tuple[StandingRuling, ...]:
    rulings = snapshot.labels.given.human.rulings.sort_values("seq", ascending=False)
    with workspace.store.read() as connection:
        ids = read_items_at(connection, ["item_id"], rulings["item_no"].tolist())["item_id"]
    return tuple(
        StandingRuling(
            event_id=ruling["event_id"],
            item_no=ruling["item_no"],
            item_id=printable(ids.loc[ruling["item_no"]]),
            owner=printable(ruling["reviewer"]),
            class_no=int(ruling["class_no"]),
            decided_at_utc=ruling["decided_at_utc"],
        )
        for ruling in rulings.to_dict("records")
    )
