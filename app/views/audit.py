"""The audit page: random items asked blind, whose answers measure and never train."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import streamlit as st

from annotate.review.queue_request import QueueRequest
from annotate.steps.audit import AuditReport, draw_audit, read_audit
from annotate.steps.snapshot import Snapshot
from app.components.reviewer.element import show_reviewer
from app.kept import kept
from app.session import current_person, open_project
from app.views.figures import counted, interval, percent
from app.views.page import page

_SUGGESTED = 100


@page("Audit")
def show(snapshot: Snapshot) -> None:
    """Draw the page."""
    report = kept(snapshot, read_audit)
    _show_figures(report)
    person = current_person()
    if person.is_owner:
        _offer_to_draw()
    if not report.open_items:
        st.info(
            "No audit item waits for an answer."
            + ("" if person.is_owner else " An owner can draw some."),
            icon=":material/fact_check:",
        )
        return
    st.text(
        "These items were drawn at random and are asked blind: what any model thinks of them is"
        " not shown, and your answers measure the labels. They never train."
    )
    show_reviewer(QueueRequest(item_nos=report.open_items), key="audit", mode="one", title="Audit")


def _show_figures(report: AuditReport) -> None:
    drawn, answered, right = st.columns(3)
    drawn.metric("Drawn", f"{report.n_drawn:,}")
    answered.metric("Answered", f"{report.n_answered:,}")
    right.metric(
        "Model is right",
        percent(report.right.value),
        help="Of the items that people settled, how many the model labels as they did. A refusal of"
        " the model's class counts as wrong, and so does an item that people only skipped.",
    )
    right.caption(f"95 %: {interval(report.right)}")
    for line in _tell_left_out(report):
        answered.caption(line)


def _tell_left_out(report: AuditReport) -> Iterator[str]:
    if report.n_unsettled:
        yield (
            f"{counted(report.n_unsettled, 'item')} left out until settled: people differ, or only"
            " refused a class that the model does not name."
        )
    if report.n_led:
        yield (
            f"{counted(report.n_led, 'item')} of an audit or spot check left out: answered with a"
            " suggestion in sight, on a page that was open before the draw."
        )


def _offer_to_draw() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n_items = st.number_input(
            "Draw", min_value=1, max_value=10_000, value=_SUGGESTED, key="audit-n", width=140
        )
        if st.button("Draw items at random", key="audit-draw"):
            # A seed that nobody chose: a sample that could be drawn again could be chosen.
            draw_audit(open_project(), int(n_items), secrets.randbits(32), by=current_person().name)
            st.rerun()
