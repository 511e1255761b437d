"""Rounds as things one can look at, compare and go back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotate.errors import UnknownNameError
from annotate.quality.flips import find_flips
from annotate.quality.spot_check import SpotCheck
from annotate.steps.given_labels import read_given_labels
from annotate.steps.measuring import measure
from annotate.steps.round import read_guess
from annotate.steps.spot_check import judge_spot_check
from annotate.steps.workspace import Workspace
from annotate.store.history import Record, find_round, head_round_no, list_rounds, move_head
from annotate.store.items import item_index


@dataclass(frozen=True)
class RoundsReport:
    """Every round with its figures; ``measured`` is on the labels that measure now."""

    head_round: int | None
    rounds: list[dict[str, Any]]
    spot_check: SpotCheck | None


@dataclass(frozen=True)
class RoundDiff:
    """What differs between two rounds' predictions, the most frequent change first."""

    before: int
    after: int
    n_items: int
    n_changed: int
    changes: list[dict[str, Any]]


def list_all_rounds(workspace: Workspace) -> RoundsReport:
    """Return every round, measured anew: labels may have come since it ran."""
    given = read_given_labels(workspace)
    with workspace.store.read() as connection:
        rounds = list_rounds(connection)
        head = head_round_no(connection)
    described = []
    for record in rounds:
        measurement = measure(workspace, given, record["prediction_id"])
        described.append(
            {
                "round_no": record["round_no"],
                "parent": record["parent"],
                "is_head": record["round_no"] == head,
                "n_given": record["metrics"]["n_given"],
                "n_pseudo": record["metrics"]["n_pseudo"],
                "n_flipped": record["metrics"]["n_flipped"],
                "measured": measurement.as_json() if measurement else None,
                "student": (record["settings"]["run"] or {}).get("student"),
                "selectors": record["settings"]["selectors"],
                "stop_reason": record["stop_reason"],
            }
        )
    return RoundsReport(head, described, judge_spot_check(workspace, given))


def diff_rounds(workspace: Workspace, before: int, after: int) -> RoundDiff:
    """Return which items' most likely class differs between two rounds."""
    first, second = (_round(workspace, number) for number in (before, after))
    guesses = [read_guess(workspace, record["prediction_id"]) for record in (first, second)]
    flips = find_flips(guesses[0], guesses[1])
    names = (*workspace.schema.names, "no answer")  # -1 is the last
    with workspace.store.read() as connection:
        ids = item_index(connection)
    return RoundDiff(
        before=before,
        after=after,
        n_items=len(guesses[0]),
        n_changed=flips.n_changed,
        changes=[
            {
                "before": names[flip.before],
                "after": names[flip.after],
                "n": flip.n,
                "examples": [str(ids[row]) for row in flip.rows],
            }
            for flip in flips.pairs
        ],
    )


def revert(workspace: Workspace, round_no: int) -> None:
    """Make the labels of an earlier (or later) round stand; nothing is deleted."""
    with workspace.running("rounds revert"):
        _round(workspace, round_no)
        with workspace.store.write() as connection:
            move_head(connection, round_no, "revert")


def _round(workspace: Workspace, round_no: int) -> Record:
    with workspace.store.read() as connection:
        record = find_round(connection, round_no)
        known = [str(r["round_no"]) for r in list_rounds(connection)]
    if record is None:
        raise UnknownNameError("round", str(round_no), known or ["none yet"])
    return record
