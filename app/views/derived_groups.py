"""Groups that were labelled in one act, each to be taken back as a whole."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from annotate.errors import AnnotateError
from annotate.review.class_names import shown_names
from annotate.steps.derived_groups import DerivedGroup, list_derived_groups
from annotate.steps.snapshot import Snapshot
from annotate.steps.undo_group import undo_group
from app.kept import kept
from app.session import current_person, open_project
from app.views.figures import PERCENT, counted, height_of, in_percent, when
from app.views.page import tell_error

_SAVED = "groups_saved"  # in the session: what was stored by the last press


def tell_saved(what: str) -> None:
    """Draw the page anew, with what was stored said above the groups."""
    st.session_state[_SAVED] = what
    st.rerun()


def draw_derived_groups(snapshot: Snapshot) -> None:
    """Draw the groups of which labels still count, from the newest on; nothing if there is none."""
    if _SAVED in st.session_state:
        st.success(f"Saved: {st.session_state.pop(_SAVED)}.", icon=":material/check:", width=420)
    groups = kept(snapshot, list_derived_groups)
    if not groups:
        return
    st.subheader("Labelled in one act", anchor=False)
    names = shown_names(snapshot.schema)
    table = pd.DataFrame([_line(group, names) for group in groups])
    picked = st.dataframe(
        table,
        hide_index=True,
        height=height_of(len(table), 5),
        key="derived_groups",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"expected error": PERCENT},
    )
    st.caption(
        "labels: those that still count; whoever answers an item overrules its own. Select a line"
        " to take all of its labels back; the newest is selected until you do."
    )
    rows = picked.selection.rows
    _draw_undo(groups[rows[0] if rows and rows[0] < len(groups) else 0])


def _line(group: DerivedGroup, names: tuple[str, ...]) -> dict[str, object]:
    return {
        "when": when(group.decided_at_utc),
        "by": group.reviewer,
        "class": "several" if group.class_no is None else names[group.class_no],
        "why": group.why,
        "labels": group.n_standing,
        "expected error": in_percent(group.expected_error),
    }


def _draw_undo(group: DerivedGroup) -> None:
    person = current_person()
    may = person.is_owner or person.name == group.reviewer
    st.text(
        f"{counted(group.n_standing, 'label')} by {group.reviewer}, {when(group.decided_at_utc)}"
        + ("" if may else ": only who gave them, or an owner, may take them back")
    )
    # A key for each: a second press on one that is gone already must not take back the next.
    pressed = st.button(
        "Undo all of it", key=f"undo_{group.act_id}", disabled=not may, icon=":material/undo:"
    )
    if pressed:
        try:
            n = undo_group(open_project(), person.name, group.act_id)
        except AnnotateError as error:
            tell_error(error)
            return
        tell_saved(f"{counted(n, 'derived label')} taken back")
