"""Conflicts: who said what, an owner's ruling, and how far reviewers agree."""

from __future__ import annotations

import secrets

import pandas as pd
import streamlit as st

from annotate.errors import AnnotateError
from annotate.review.class_names import shown_names
from annotate.steps.adjudicate import adjudicate, withdraw_ruling
from annotate.steps.agreement import AgreementReport
from annotate.steps.conflicts_board import (
    ConflictRow,
    ConflictsBoard,
    StandingRuling,
    read_conflicts_board,
)
from annotate.steps.snapshot import Snapshot
from app.kept import kept
from app.session import open_project
from app.views.figures import PERCENT, counted, height_of, in_percent, percent, when
from app.views.gallery import show_items
from app.views.page import page, tell_error
from app.views.person import may_own

_SAVED = "conflicts_saved"  # in the session: what was stored by the last press


@page("Conflicts")
def show(snapshot: Snapshot) -> None:
    """Draw the page."""
    board = kept(snapshot, read_conflicts_board)
    _draw_metrics(board)
    if _SAVED in st.session_state:
        st.success(f"Saved: {st.session_state.pop(_SAVED)}.", icon=":material/check:", width=560)
    if board.conflicts:
        _draw_conflicts(snapshot, board)
    else:
        st.info("No two people differ on any item.", icon=":material/check:")
    if board.rulings:
        _draw_rulings(board.rulings, shown_names(snapshot.schema))
    _draw_agreement(board.agreement)


def _draw_metrics(board: ConflictsBoard) -> None:
    alpha = board.agreement.alpha
    facts = [
        ("Conflicts", f"{len(board.conflicts):,}", "no label until settled"),
        ("Ruled", f"{len(board.rulings):,}", "by an owner"),
        ("Answered twice", f"{board.agreement.n_shared_items:,}", "items, by two people or more"),
        (
            "Krippendorff's alpha",
            "not known" if alpha is None else f"{alpha:.2f}",
            "1 = always agree, 0 = by chance",
        ),
    ]
    for column, (name, value, more) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(name, value)
        column.caption(more)


def _draw_conflicts(snapshot: Snapshot, board: ConflictsBoard) -> None:
    names = shown_names(snapshot.schema)
    reviewers = sorted({who for row in board.conflicts for who in row.answers})
    table = pd.DataFrame([_line(row, reviewers, names) for row in board.conflicts])
    picked = st.dataframe(
        table,
        hide_index=True,
        height=height_of(len(table), 7),
        key="conflicts",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"sure": PERCENT, "probability": PERCENT},
    )
    st.caption(
        "guess: what is predicted now. consensus: the likeliest class if each reviewer errs as the"
        " answers to all items suggest (Dawid and Skene). Select a line to settle it; the first is"
        " selected until you do."
    )
    rows = picked.selection.rows
    row = board.conflicts[rows[0] if rows and rows[0] < len(board.conflicts) else 0]
    _draw_ruling(snapshot, row, names)


def _line(row: ConflictRow, reviewers: list[str], names: tuple[str, ...]) -> dict[str, object]:
    return {
        "item": row.item_id,
        **({"text": row.snippet} if row.snippet else {}),
        **{f"by {who}": row.answers.get(who, "") for who in reviewers},
        "guess": "" if row.guess is None else names[row.guess],
        "sure": in_percent(row.guess_confidence),
        "consensus": "" if row.consensus is None else names[row.consensus],
        "probability": in_percent(row.consensus_probability),
    }


def _draw_ruling(snapshot: Snapshot, row: ConflictRow, names: tuple[str, ...]) -> None:
    owner = may_own("rule on a conflict")
    if owner is not None:
        st.subheader("Rule", anchor=False)
        st.text(f"{row.item_id}: " + "; ".join(f"{who}: {c}" for who, c in row.answers.items()))
        choices = [spec.class_no for spec in snapshot.schema.active]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            class_no = st.selectbox(
                "Its class",
                choices,
                index=None,  # what stood there would be taken for the answer
                placeholder="choose",
                format_func=lambda number: names[number],
                key=f"ruling_{row.item_no}",
                width=320,
            )
            pressed = st.button("Rule", key="rule", type="primary", disabled=class_no is None)
            if pressed and class_no is not None:
                _rule(owner.name, row.item_no, class_no)
        st.caption("A ruling stands whatever reviewers answer, until an owner takes it back.")
    show_items([row.item_no], key=f"conflict_{row.item_no}", mode="one")


def _rule(owner: str, item_no: int, class_no: int) -> None:
    event_id = f"ruling{secrets.token_hex(8)}:{item_no}"
    try:
        adjudicate(open_project(), owner, item_no, class_no, event_id)
    except AnnotateError as error:
        tell_error(error)
        return
    st.session_state[_SAVED] = "one ruling. It can be taken back under Rulings, below"
    st.rerun()


def _draw_rulings(rulings: tuple[StandingRuling, ...], names: tuple[str, ...]) -> None:
    st.subheader("Rulings", anchor=False)
    table = pd.DataFrame(
        [
            {
                "when": when(ruling.decided_at_utc),
                "item": ruling.item_id,
                "class": names[ruling.class_no],
                "by": ruling.owner,
            }
            for ruling in rulings
        ]
    )
    picked = st.dataframe(
        table,
        hide_index=True,
        height=height_of(len(table), 5),
        key="rulings",
        on_select="rerun",
        selection_mode="single-row",
    )
    st.caption("Select a line to take that ruling back; the newest is selected until you do.")
    rows = picked.selection.rows
    _draw_withdrawal(rulings[rows[0] if rows and rows[0] < len(rulings) else 0], names)


def _draw_withdrawal(ruling: StandingRuling, names: tuple[str, ...]) -> None:
    owner = may_own("take back a ruling")
    if owner is None:
        return
    st.text(f"{ruling.item_id}: {names[ruling.class_no]}, by {ruling.owner}")
    # A key for each: a second press on one that is gone already must not take back the next.
    if st.button("Take it back", key=f"withdraw_{ruling.event_id}", icon=":material/undo:"):
        try:
            withdraw_ruling(open_project(), owner.name, ruling.item_no, ruling.event_id)
        except AnnotateError as error:
            tell_error(error)
            return
        st.session_state[_SAVED] = "one ruling taken back"
        st.rerun()


def _draw_agreement(agreement: AgreementReport) -> None:
    if not agreement.pairs:
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Pairs of reviewers", anchor=False)
        rows = [
            {
                "reviewer": pair.first,
                "other": pair.second,
                "both labelled": pair.n_common,
                "equal": pair.n_equal,
                "agreement": percent(pair.n_equal / pair.n_common),
                "Cohen's kappa": pair.kappa,
            }
            for pair in agreement.pairs
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            key="pairs",
            column_config={"Cohen's kappa": st.column_config.NumberColumn(format="%.2f")},
        )
    with right:
        st.subheader("Reviewers against the consensus", anchor=False)
        rows = [
            {
                "reviewer": one.reviewer,
                "labelled": one.n_answers,
                "shared": one.n_shared,
                "expected right": percent(one.accuracy),
            }
            for one in agreement.reviewers
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="quality")
        st.caption(f"From {counted(agreement.n_consensus_items, 'item')} that several answered.")
