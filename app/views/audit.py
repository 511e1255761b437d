"""The audit page: random items asked blind, whose answers measure and never train."""

from __future__ import annotations

import secrets

import streamlit as st

from annotate.review.queue_request import QueueRequest
from annotate.steps.audit import AuditReport, draw_audit, read_audit
from app.components.reviewer.element import show_reviewer
from app.session import current_person, open_project

_SUGGESTED = 100


def show() -> None:
    """Draw the page."""
    project = open_project()
    report = read_audit(project)
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
    if report.accuracy is None:
        right.metric("Right among those answered", "not known")
        return
    right.metric(
        "Model is right",
        f"{report.accuracy:.1%}",
        f"{report.low:.1%} to {report.high:.1%}, at 95 % confidence",
        delta_color="off",
        delta_arrow="off",
        help="Of the items drawn and answered, how many the model would have labelled as people"
        " did. A skipped item counts as wrong. The interval is Clopper and Pearson's.",
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
