"""Rounds: how each did, what changed between two, and going back to one."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from annotate.errors import AnnotateError
from annotate.steps.rounds import RoundDiff, diff_rounds
from annotate.steps.rounds_board import (
    RoundRow,
    RoundsBoard,
    read_report,
    read_rounds_board,
    revert_as_owner,
)
from annotate.steps.snapshot import Snapshot
from annotate.steps.workspace import Workspace
from app.kept import kept
from app.session import open_project
from app.views.figures import PERCENT, counted, height_of, in_percent, interval, percent
from app.views.page import page, tell_error
from app.views.person import may_own

_MOST_REASONS = 5
_VERDICTS = {
    "helped": "the rounds helped",
    "hurt": "the rounds hurt: go back to an earlier one",
    "unclear": "too close to call",
}


@page("Rounds")
def show(snapshot: Snapshot) -> None:
    """Draw the page."""
    board = kept(snapshot, _board)
    if not board.rounds:
        st.info("No rounds yet: run `annotate train DIR`.")
        return
    _draw_table(board)
    _draw_curves(board)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _draw_diff(snapshot, board)
    with right:
        _draw_report(board)
        _draw_revert(board)


def _board(workspace: Workspace, snapshot: Snapshot) -> RoundsBoard:
    return read_rounds_board(workspace)


def _draw_table(board: RoundsBoard) -> None:
    rows = [
        {
            "round": r.round_no,
            "head": r.is_head,
            "from": r.parent,
            "given labels": r.n_given,
            "pseudo-labels": r.n_pseudo,
            "changed class": r.n_flipped,
            "accuracy": in_percent(r.measured.value),
            "95 % interval": interval(r.measured),
            "measured on": r.measured.n,
        }
        for r in reversed(board.rounds)
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=height_of(len(rows), 8),
        key="rounds",
        column_config={"accuracy": PERCENT},
    )
    st.caption("Newest first. The labels of the head stand. Round 0 is the teacher itself.")
    ended = [f"Round {r.round_no}: {r.stop_reason}." for r in board.rounds if r.stop_reason]
    st.text("\n".join(ended[-_MOST_REASONS:]))
    check = board.spot_check
    if check is not None:
        st.text(
            f"Spot check, {counted(check.n_answered, 'answer')}: {check.n_right_before} right"
            f" before the rounds, {check.n_right_after} after (p = {check.p_value:.3f}):"
            f" {_VERDICTS[check.verdict]}."
        )


def _draw_curves(board: RoundsBoard) -> None:
    measured = [r for r in board.rounds if r.measured.n]
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Accuracy measured", anchor=False)
        if measured:
            st.altair_chart(_accuracy_chart(measured), key="accuracy_curve", height=310,
                            alt="Accuracy of each round with its 95 % interval")  # fmt: skip
        else:
            st.info("No label measures the rounds: answer the spot check on the Review page.")
    with right:
        st.subheader("Labels and changes", anchor=False)
        st.altair_chart(_counts_chart(board.rounds), key="counts_curve",
                        alt="Pseudo-labels and changed items of each round")  # fmt: skip


def _accuracy_chart(rounds: list[RoundRow]) -> alt.LayerChart:
    table = pd.DataFrame(
        [
            {
                "round": r.round_no,
                "accuracy": r.measured.value,
                "low": r.measured.interval[0],
                "high": r.measured.interval[1],
            }
            for r in rounds
        ]
    )
    base = alt.Chart(table).encode(x=alt.X("round:O", axis=alt.Axis(labelAngle=0)))
    scale = alt.Scale(zero=False)
    line = base.mark_line(point=True).encode(
        y=alt.Y("accuracy:Q", scale=scale, axis=alt.Axis(format="%"), title="accuracy"),
        tooltip=[
            "round:O",
            *(alt.Tooltip(f"{n}:Q", format=".1%") for n in ("accuracy", "low", "high")),
        ],
    )
    bars = base.mark_rule(color="#8a8a8a").encode(
        y=alt.Y("low:Q", scale=scale, title="accuracy"), y2="high:Q"
    )
    return bars + line


def _counts_chart(rounds: tuple[RoundRow, ...]) -> alt.VConcatChart:
    table = pd.DataFrame(
        [{"round": r.round_no, "labels": r.n_pseudo, "changed": r.n_flipped} for r in rounds]
    )
    base = alt.Chart(table).mark_line(point=True)
    x = alt.X("round:O", axis=alt.Axis(labelAngle=0))
    # One above the other: a few changed items would vanish beside thousands of labels.
    return alt.vconcat(
        *(
            base.encode(
                x=x,
                y=alt.Y(f"{name}:Q", title=title),
                tooltip=["round:O", alt.Tooltip(f"{name}:Q", format=",")],
            ).properties(height=90, width="container")
            for name, title in (("labels", "pseudo-labels"), ("changed", "changed class"))
        )
    )


def _draw_diff(snapshot: Snapshot, board: RoundsBoard) -> None:
    st.subheader("What changed between two rounds", anchor=False)
    if len(board.rounds) < 2:
        st.text("There is one round.")
        return
    numbers = [r.round_no for r in board.rounds]
    left, right = st.columns(2)
    before = left.selectbox("From round", numbers, index=len(numbers) - 2, key="diff_before")
    after = right.selectbox("To round", numbers, index=len(numbers) - 1, key="diff_after")
    diff = kept(snapshot, _diff, before, after)
    share = diff.n_changed / max(diff.n_items, 1)
    st.text(
        f"{diff.n_changed:,} of {counted(diff.n_items, 'item')} ({percent(share)}) changed class."
    )
    if diff.changes:
        rows = [
            {
                "from": c["before"],
                "to": c["after"],
                "items": c["n"],
                "such as": ", ".join(c["examples"]),
            }
            for c in diff.changes
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="diff")


def _diff(workspace: Workspace, snapshot: Snapshot, before: int, after: int) -> RoundDiff:
    return diff_rounds(workspace, before, after)


def _draw_report(board: RoundsBoard) -> None:
    st.subheader("Report", anchor=False)
    written = {r.round_no: r.report for r in board.rounds if r.report is not None}
    if not written:
        st.text("No report is written yet: `annotate train DIR` writes one a round.")
        return
    numbers = sorted(written, reverse=True)
    number = st.selectbox("Report of round", numbers, key="report_round", width=240)
    st.download_button(
        "Download the report",
        data=lambda: read_report(open_project(), number),
        file_name=f"round-{number:03d}.html",
        mime="text/html",
        key="report",
        on_click="ignore",
    )
    st.caption("One page that opens in any browser without a network. It lies at")
    st.code(written[number], language=None, wrap_lines=True)


def _draw_revert(board: RoundsBoard) -> None:
    st.subheader("Go back", anchor=False)
    others = [r.round_no for r in board.rounds if not r.is_head]
    if not others:
        st.text("There is no other round.")
        return
    owner = may_own("go back to another round")
    if owner is None:
        return
    number = st.selectbox("Round", others[::-1], key="revert_round", width=240)
    st.text(
        f"The pseudo-labels of round {number} will stand instead of those of round"
        f" {board.head_round}, and the next round goes on from it. No round is deleted, and labels"
        " that people gave stay as they are."
    )
    sure = st.checkbox("I want this", key=f"revert_sure_{number}")
    if st.button("Go back", key="revert", disabled=not sure):
        try:
            revert_as_owner(open_project(), owner.name, number)
        except AnnotateError as error:
            tell_error(error)
        else:
            st.rerun()
