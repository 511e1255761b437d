"""Rounds as a screen shows them: figures with intervals, and where each report lies."""

from __future__ import annotations

from dataclasses import dataclass

from annotate.quality.share import Share
from annotate.quality.spot_check import SpotCheck
from annotate.steps.people import require_owner
from annotate.steps.rounds import list_all_rounds, revert
from annotate.steps.workspace import Workspace


@dataclass(frozen=True)
class RoundRow:
    """One round; ``report`` is the path of its page, None where there is none.

    ``measured`` is on the labels that measure now: (0 of 0) where none does.
    """

    round_no: int
    parent: int | None
    is_head: bool
    n_given: int
    n_pseudo: int
    n_flipped: int | None
    measured: Share
    stop_reason: str
    report: str | None


@dataclass(frozen=True)
class RoundsBoard:
    """Every round in order, and whether a spot check says that rounds helped."""

    head_round: int | None
    rounds: tuple[RoundRow, ...]
    spot_check: SpotCheck | None


def read_rounds_board(workspace: Workspace) -> RoundsBoard:
    """Return every round, measured on the labels that measure now."""
    report = list_all_rounds(workspace)
    return RoundsBoard(
        report.head_round,
        tuple(
            RoundRow(
                round_no=r["round_no"],
                parent=r["parent"],
                is_head=r["is_head"],
                n_given=r["n_given"],
                n_pseudo=r["n_pseudo"],
                n_flipped=r["n_flipped"],
                measured=Share(r["measured"]["n_right"], r["measured"]["n"])
                if r["measured"]
                else Share(0, 0),
                stop_reason=r["stop_reason"] or "",
                report=_report(workspace, r["round_no"]),
            )
            for r in report.rounds
        ),
        report.spot_check,
    )


def read_report(workspace: Workspace, round_no: int) -> bytes:
    """Return the page of one round, which shows its plots without any network."""
    return workspace.paths.report(round_no).read_bytes()


def revert_as_owner(workspace: Workspace, owner: str, round_no: int) -> None:
    """Make the labels of a round stand, if ``owner`` may."""
    require_owner(workspace, owner, "go back to another round")
    revert(workspace, round_no)


def _report(workspace: Workspace, round_no: int) -> str | None:
    path = workspace.paths.report(round_no)
    return str(path) if path.is_file() else None
