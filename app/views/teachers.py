"""Teachers: predictions side by side, who is right, and accepting one for a whole group."""

from __future__ import annotations

import secrets

import altair as alt
import pandas as pd
import streamlit as st

from annotate.errors import AnnotateError
from annotate.review.class_names import shown_names
from annotate.review.teachers_board import Disagreement
from annotate.steps.accept_group import GroupPreview, Keep, accept_group, preview_group
from annotate.steps.compare_teachers import (
    TeacherGroup,
    TeachersBoard,
    compare_teachers,
    read_disagreements,
)
from annotate.steps.snapshot import Snapshot
from app.kept import kept
from app.session import current_person, open_project
from app.views.derived_groups import draw_derived_groups, tell_saved
from app.views.figures import PERCENT, counted, height_of, in_percent, interval, percent
from app.views.gallery import show_items
from app.views.page import page, tell_error


@page("Teachers")
def show(snapshot: Snapshot) -> None:
    """Draw the page."""
    board = kept(snapshot, compare_teachers)
    if not board.teachers:
        st.info("Nothing is predicted yet: run `annotate predict DIR --teacher NAME`.")
    else:
        _draw_scores(board)
    if len(board.teachers) == 1:
        st.info("There is one prediction. Let another teacher predict, and the two are compared.")
    if len(board.teachers) > 1:
        _draw_pairs(board)
    draw_derived_groups(snapshot)
    if len(board.teachers) > 1:
        _draw_groups(snapshot, board)


def _draw_scores(board: TeachersBoard) -> None:
    rows = []
    for teacher in board.teachers:
        row: dict[str, object] = {
            "teacher": teacher.name + (" (in force)" if teacher.in_force else ""),
            "items answered": teacher.score.n_answered,
        }
        for what, share in (
            ("blind", teacher.score.blind),
            ("gold", teacher.score.gold),
            ("seen", teacher.score.seen),
        ):
            row |= {
                f"{what}: right": in_percent(share.value),
                f"{what}: 95 %": interval(share),
                f"{what}: of": share.n,
            }
        rows.append(row)
    used = {"blind": board.n_blind, "gold": board.n_gold, "seen": board.n_seen}
    hidden = {f"{what}: {part}" for what, n in used.items() if not n for part in _PARTS}
    table = pd.DataFrame(rows).drop(columns=sorted(hidden))
    st.dataframe(
        table,
        hide_index=True,
        key="scores",
        column_config={f"{what}: right": PERCENT for what in used},
    )
    st.caption(
        f"blind: {counted(board.n_blind, 'answer')} to random items shown without a suggestion;"
        f" gold: {counted(board.n_gold, 'label')} held back; seen:"
        f" {counted(board.n_seen, 'answer')} given with a suggestion on the screen, which lean"
        " towards it, and towards teachers that learnt from them."
    )


_PARTS = ("right", "95 %", "of")


def _draw_pairs(board: TeachersBoard) -> None:
    names = [teacher.name for teacher in board.teachers]
    left, right = st.columns([2, 3], gap="large")
    cells = [
        {"teacher": names[a], "other": names[b], "same": pair.n_same / pair.n_both}
        for (i, j), pair in board.pairs.items()
        if pair.n_both
        for a, b in ((i, j), (j, i))
    ]
    with left:
        st.subheader("How often they agree", anchor=False)
        if cells:
            base = alt.Chart(pd.DataFrame(cells)).encode(
                x=alt.X("teacher:N", sort=names, title=None, axis=alt.Axis(labelAngle=-30)),
                y=alt.Y("other:N", sort=names, title=None),
                tooltip=["teacher:N", "other:N", alt.Tooltip("same:Q", format=".1%")],
            )
            heat = base.mark_rect().encode(
                color=alt.Color(
                    "same:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None
                )
            )
            numbers = base.mark_text().encode(
                text=alt.Text("same:Q", format=".0%"),
                color=alt.condition("datum.same > 0.5", alt.value("#fff"), alt.value("#000")),
            )
            st.altair_chart(heat + numbers, key="agree", height=260, alt="Agreement of teachers")
    with right:
        st.subheader("Who is right where they differ", anchor=False)
        rows = [
            {
                "teacher": names[i],
                "right": pair.n_first_right,
                "other teacher": names[j],
                "other right": pair.n_second_right,
                "neither": pair.n_judged - pair.n_first_right - pair.n_second_right,
                "answered": pair.n_judged,
                "differ": pair.n_both - pair.n_same,
            }
            for (i, j), pair in board.pairs.items()
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="wins")


def _draw_groups(snapshot: Snapshot, board: TeachersBoard) -> None:
    st.subheader("Where they disagree", anchor=False)
    numbers = list(range(len(board.teachers)))
    left, right = st.columns(2)

    def name(number: int) -> str:
        return board.teachers[number].name

    first = left.selectbox("Teacher", numbers, format_func=name, key="first_teacher")
    others = [number for number in numbers if number != first]
    second = right.selectbox(
        "Other teacher",
        others,
        index=others.index(max(others, key=lambda other: _n_differ(board, first, other))),
        format_func=name,
        key="second_teacher",
    )
    ids = board.teachers[first].prediction_id, board.teachers[second].prediction_id
    groups = kept(snapshot, read_disagreements, *ids)
    if not groups:
        st.info("These two never differ.")
        return
    chosen = _choose_group(snapshot, groups, name(first), name(second))
    if chosen is None:
        st.caption("Select a line to see its items, and to accept one of the two for all of them.")
        return
    _draw_group(snapshot, TeacherGroup(ids[0], chosen.first_class, ids[1], chosen.second_class),
                (name(first), name(second)))  # fmt: skip


def _n_differ(board: TeachersBoard, first: int, second: int) -> int:
    pair = board.pairs[min(first, second), max(first, second)]
    return pair.n_both - pair.n_same


def _choose_group(
    snapshot: Snapshot, groups: tuple[Disagreement, ...], first: str, second: str
) -> Disagreement | None:
    names = shown_names(snapshot.schema)
    table = pd.DataFrame(
        [
            {
                "first": names[g.first_class],
                "second": names[g.second_class],
                "items": g.n_items,
                "undecided": g.n_open,
                "answered": g.n_judged,
                "first right": g.n_first_right,
                "second right": g.n_second_right,
            }
            for g in groups
        ]
    )
    picked = st.dataframe(
        table,
        hide_index=True,
        height=height_of(len(groups), 6),
        key="groups",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "first": st.column_config.TextColumn("teacher says"),
            "second": st.column_config.TextColumn("other teacher says"),
            "first right": st.column_config.NumberColumn("teacher right"),
            "second right": st.column_config.NumberColumn("other right"),
        },
    )
    rows = picked.selection.rows
    return groups[rows[0]] if rows and rows[0] < len(groups) else None


def _draw_group(snapshot: Snapshot, group: TeacherGroup, teachers: tuple[str, str]) -> None:
    names = shown_names(snapshot.schema)
    sides: tuple[Keep, Keep] = ("first", "second")
    classes = {"first": group.first_class, "second": group.second_class}
    keep = st.selectbox(
        "Accept",
        sides,
        format_func=lambda side: f"{teachers[sides.index(side)]}: {names[classes[side]]}",
        key="keep",
        width=480,
    )
    preview = kept(snapshot, preview_group, group, keep)
    _tell_preview(preview, names[preview.class_no])
    if st.button(
        f"Label {counted(len(preview.item_nos), 'item')} in one act",
        key="accept_group",
        type="primary",
        disabled=not preview.item_nos,
    ):
        _accept(snapshot, group, keep)
    if preview.item_nos:
        show_items(preview.item_nos[:_SHOWN], key=f"group_{hash((group, keep))}")


_SHOWN = 500


def _tell_preview(preview: GroupPreview, class_name: str) -> None:
    st.text(
        f"{counted(len(preview.item_nos), 'undecided item')} would be labelled {class_name!r}, as"
        " derived labels: whoever decides one of them later overrules it, and one undo takes all"
        " of them back. Items that measure are left out."
    )
    if preview.wrong.n:
        st.text(
            f"Expected error {percent(preview.wrong.value)} (95 %: {interval(preview.wrong)}): of"
            f" {counted(preview.wrong.n, 'item')} of this group that people answered,"
            f" {preview.wrong.n_right:,} had another class."
        )
    else:
        st.text("The error is not known: nobody has answered an item of this group yet.")


def _accept(snapshot: Snapshot, group: TeacherGroup, keep: Keep) -> None:
    act_id = f"group{secrets.token_hex(8)}"
    try:
        n = accept_group(open_project(), snapshot, current_person().name, group, keep, act_id)
    except AnnotateError as error:
        tell_error(error)
        return
    tell_saved(counted(n, "derived label"))
