"""Changes to the classes: rename, merge, split and retire, each said beforehand and asked once."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from annotate.errors import AnnotateError
from annotate.review.class_board import ClassRow
from annotate.steps.change_schema import merge_classes, rename_class, retire_class, split_class
from annotate.steps.snapshot import Snapshot
from app.session import open_project
from app.views.figures import counted
from app.views.page import tell_error
from app.views.person import may_own

_CHANGES = ("Rename", "Merge", "Split", "Retire")


def draw_changes(snapshot: Snapshot, rows: tuple[ClassRow, ...], names: tuple[str, ...]) -> None:
    """Draw what an owner may change; ``names`` are as screens show them."""
    st.text(
        f"Each change is a new version of the classes; this is version {snapshot.schema.version}."
        " Nothing that anybody answered is deleted."
    )
    owner = may_own("change classes")
    if owner is None:
        return
    active = [row.class_no for row in rows if not row.retired]
    change = st.segmented_control(
        "Change", _CHANGES, default=_CHANGES[0], required=True, key="change", width="content"
    )
    with st.container(border=True):
        if change == "Merge":
            _draw_merge(snapshot, rows, names, active, owner.name)
        elif change == "Split":
            _draw_split(snapshot, rows, names, active, owner.name)
        elif change == "Retire":
            _draw_retire(snapshot, rows, names, active, owner.name)
        else:
            _draw_rename(snapshot, rows, names, active, owner.name)


def _draw_rename(
    snapshot: Snapshot, rows: tuple[ClassRow, ...], names: tuple[str, ...], active: list[int],
    owner: str,
) -> None:  # fmt: skip
    class_no = _choose_class("Class to rename", names, active, "rename_class")
    new = st.text_input("New name", key="new_name", max_chars=200, width=360)
    st.text(
        f"{counted(rows[class_no].n_labels, 'label')} will carry the new name. The class stays the"
        " same to every teacher and round."
    )
    old = snapshot.schema.names[class_no]
    _confirm("rename", new != "", lambda: rename_class(open_project(), old, new, by=owner))


def _draw_merge(
    snapshot: Snapshot, rows: tuple[ClassRow, ...], names: tuple[str, ...], active: list[int],
    owner: str,
) -> None:  # fmt: skip
    chosen = st.multiselect(
        "Classes to merge", active, format_func=lambda n: names[n], key="merge_classes"
    )
    into = st.text_input(
        "Into: one of them, another class, or a new name", key="merge_into", max_chars=200,
        width=360,
    )  # fmt: skip
    if chosen:
        n_labels = sum(rows[number].n_labels for number in chosen)
        st.text(
            f"{counted(n_labels, 'label')} of {counted(len(chosen), 'class', 'classes')} will count"
            " as labels of one class, and what is predicted of them is added up."
        )
    old = [snapshot.schema.names[number] for number in chosen]
    _confirm(
        "merge", bool(chosen and into), lambda: merge_classes(open_project(), old, into, by=owner)
    )


def _draw_split(
    snapshot: Snapshot, rows: tuple[ClassRow, ...], names: tuple[str, ...], active: list[int],
    owner: str,
) -> None:  # fmt: skip
    class_no = _choose_class("Class to split", names, active, "split_class")
    written = st.text_area("Into, one name a line", key="split_into", height=100, width=360)
    parts = [line.strip() for line in written.splitlines() if line.strip()]
    st.text(
        f"{counted(rows[class_no].n_labels, 'label')} will count no more: nobody knows yet to"
        f" which of {counted(len(parts), 'class', 'classes')} they belong. The items are asked"
        " again."
    )
    old = snapshot.schema.names[class_no]
    _confirm("split", len(parts) > 1, lambda: split_class(open_project(), old, parts, by=owner))


def _draw_retire(
    snapshot: Snapshot, rows: tuple[ClassRow, ...], names: tuple[str, ...], active: list[int],
    owner: str,
) -> None:  # fmt: skip
    class_no = _choose_class("Class to retire", names, active, "retire_class")
    st.text(
        f"The class takes no new labels and is not suggested any more. Its"
        f" {counted(rows[class_no].n_labels, 'label')} stay as they are."
    )
    old = snapshot.schema.names[class_no]
    _confirm("retire", True, lambda: retire_class(open_project(), old, by=owner))


def _choose_class(label: str, names: tuple[str, ...], active: list[int], key: str) -> int:
    return st.selectbox(label, active, format_func=lambda n: names[n], key=key, width=360)


def _confirm(key: str, ready: bool, change: Callable[[], object]) -> None:
    """Draw a button that works once its box is ticked; the box is new after each change."""
    n_done = st.session_state.setdefault("changes_done", 0)
    sure = st.checkbox("I want this for everybody who reviews here", key=f"{key}_sure_{n_done}")
    if st.button(key.title(), key=key, type="primary", disabled=not (ready and sure)):
        try:
            change()
        except AnnotateError as error:
            tell_error(error)
        else:
            st.session_state["changes_done"] = n_done + 1
            st.rerun()
