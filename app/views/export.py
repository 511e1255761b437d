"""Export: the training set, written into the project's folder."""

from __future__ import annotations

from typing import Any

import streamlit as st

from annotate.errors import AnnotateError
from annotate.steps.export import Only
from annotate.steps.people import Person
from annotate.steps.project_exports import (
    StoredExport,
    count_chosen,
    export_formats,
    export_into_project,
    folder_name,
    list_exports,
    read_card,
    read_export_table,
)
from annotate.steps.snapshot import Snapshot
from annotate.steps.workspace import Workspace
from app.kept import kept
from app.session import open_project
from app.views.figures import counted
from app.views.page import page, tell_error
from app.views.person import may_own

_ONLY: dict[str, Only | None] = {
    "all labels": None,
    "what people gave": "human",
    "what models gave": "pseudo",
}
_SPLITS = {"all parts": None, "train": "train", "validation": "validation", "test": "test"}


@page("Export")
def show(snapshot: Snapshot) -> None:
    """Draw the page."""
    owner = may_own("export")
    if owner is not None:
        left, right = st.columns([3, 2], gap="large")
        with left:
            options = _choose()
        with right:
            ready = _draw_preview(snapshot, options)
        if st.button("Export", key="export", type="primary", disabled=not ready):
            _export(owner.name, options)
    _draw_stored(owner)


def _choose() -> dict[str, Any]:
    formats = export_formats()
    chosen: dict[str, Any] = {}
    one, two = st.columns(2)
    chosen["name"] = one.text_input("Name", value="labels", key="export_name", max_chars=80)
    chosen["format_name"] = two.selectbox(
        "Format", formats, index=formats.index("parquet"), key="format"
    )
    chosen["only"] = _ONLY[one.selectbox("Labels", list(_ONLY), key="only")]
    chosen["split"] = _SPLITS[two.selectbox("Part", list(_SPLITS), key="split")]
    chosen["min_confidence"] = st.slider(
        "Leave out pseudo-labels less confident than", 0.0, 1.0, 0.0, 0.01, key="min_confidence"
    )
    if chosen["format_name"] == "csv":
        chosen["excel_safe"] = st.checkbox(
            "Safe to open in a spreadsheet (disarms cells that would run as formulas)",
            value=True,
            key="excel_safe",
        )
    chosen["overwrite"] = st.checkbox("Replace an earlier export of this name", key="overwrite")
    return chosen


def _draw_preview(snapshot: Snapshot, options: dict[str, Any]) -> bool:
    """Say what would be written and where; return whether there is anything to write."""
    counts = kept(snapshot, _count, options["min_confidence"], options["only"])
    total = sum(counts.values())
    st.metric("Labels", f"{total:,}")
    part = "" if options["split"] is None else ", of which one part goes out"
    if counts:
        st.text(", ".join(f"{n:,} {source}" for source, n in counts.items()) + part)
    try:
        folder = folder_name(options["name"])
    except AnnotateError as error:
        tell_error(error)
        return False
    st.caption("Into the project's folder, as")
    st.code(f"exports/{folder}", language=None)
    return total > 0


def _count(
    workspace: Workspace, snapshot: Snapshot, min_confidence: float, only: Only | None
) -> dict[str, int]:
    return count_chosen(snapshot, min_confidence, only)


def _export(owner: str, options: dict[str, Any]) -> None:
    bar = st.progress(0.0, text="Exporting")

    def progress(done: int, total: int | None, what: str) -> None:
        if total:
            bar.progress(min(done / total, 1.0), text=f"{done:,} of {total:,} items")

    try:
        report = export_into_project(open_project(), owner, progress=progress, **options)
    except AnnotateError as error:
        bar.empty()
        tell_error(error)
        return
    bar.empty()
    st.success(f"Wrote {counted(report.n_labels, 'label')}.", icon=":material/check:")


def _draw_stored(owner: Person | None) -> None:
    st.subheader("Exports in this project", anchor=False)
    stored = list_exports(open_project())
    if not stored:
        st.text("None yet.")
        return
    st.dataframe(
        [
            {
                "name": e.name,
                "format": e.format,
                "labels": e.n_labels,
                "by source": _tell(e.by_source),
                "by part": _tell(e.by_split),
                "folder": e.folder,
            }
            for e in stored
        ],
        hide_index=True,
        key="exports",
    )
    names = [e.name for e in stored]
    name = st.selectbox("Look at", names, key="look_at", width=360)
    _draw_export(owner, stored[names.index(name)])


def _draw_export(owner: Person | None, stored: StoredExport) -> None:
    if owner is not None and stored.table is not None:
        st.download_button(
            "Download the table",
            data=lambda: read_export_table(open_project(), owner.name, stored),
            file_name=stored.table,
            mime="application/octet-stream",
            key="download",
            on_click="ignore",
            icon=":material/download:",
        )
    st.caption("Its dataset card, README.md")
    try:
        # Code, not Markdown: the card quotes names.
        st.code(read_card(open_project(), stored.name), language=None, wrap_lines=True, height=420)
    except AnnotateError as error:
        tell_error(error)


def _tell(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in counts.items())
