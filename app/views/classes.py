"""Classes: their labels, a gallery of each, and what is taken for what."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from annotate.review.class_board import ClassRow
from annotate.review.class_names import shown_names
from annotate.review.confusions import Confusions
from annotate.steps.class_board import (
    MOST_IN_GALLERY,
    doubtful_items,
    read_class_rows,
    read_confusions,
)
from annotate.steps.snapshot import Snapshot
from app.kept import kept
from app.views.change_classes import draw_changes
from app.views.figures import counted, in_percent, percent
from app.views.gallery import show_items
from app.views.page import page

_SHORT_NAME = 3  # characters that fit under a cell
AGAINST = {"shown": "the suggestion on the screen", "predicted": "what is predicted now"}


@page("Classes")
def show(snapshot: Snapshot) -> None:
    """Draw the page."""
    rows = kept(snapshot, read_class_rows)
    names = shown_names(snapshot.schema)
    part = st.segmented_control(
        "Part of the page",
        ["Table", "Gallery", "Confusions", "Change classes"],
        default="Table",
        required=True,
        key="classes_part",
        label_visibility="collapsed",
    )
    if part == "Gallery":
        _draw_gallery(snapshot, rows, names)
    elif part == "Confusions":
        _draw_confusions(snapshot, names)
    elif part == "Change classes":
        draw_changes(snapshot, rows, names)
    else:
        _draw_table(rows, names)


def _draw_table(rows: tuple[ClassRow, ...], names: tuple[str, ...]) -> None:
    any_retired = any(row.retired for row in rows)
    table = [
        {
            "no": row.class_no,
            "class": names[row.class_no],
            **({"retired": row.retired} if any_retired else {}),
            **row.n_by_source,
            "labels": row.n_labels,
            "predicted": row.n_predicted,
            "mean confidence": in_percent(row.mean_confidence),
            "description": row.description,
        }
        for row in rows
    ]
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        key="class_table",
        column_config={
            "no": st.column_config.NumberColumn(width="small"),
            "mean confidence": st.column_config.ProgressColumn(
                format="%.1f %%", min_value=0, max_value=100
            ),
        },
    )
    st.caption(
        "Labels by where they come from, and how many items the prediction in force calls this"
        " class. Click a column's head to sort."
    )


def _draw_gallery(snapshot: Snapshot, rows: tuple[ClassRow, ...], names: tuple[str, ...]) -> None:
    class_no = st.selectbox(
        "Class",
        [row.class_no for row in rows],
        format_func=lambda number: names[number],
        key="gallery_class",
        width=360,
    )
    items = kept(snapshot, doubtful_items, class_no)
    if not items:
        st.info("No item is labelled or predicted as this class.")
        return
    st.caption(
        f"{counted(len(items), 'item')}"
        f"{' or more' if len(items) == MOST_IN_GALLERY else ''}, most suspicious first: labelled"
        " as this class but predicted as another, then the least sure."
    )
    # The key holds the class: another class is another queue.
    show_items(items, key=f"gallery_{class_no}")


def _draw_confusions(snapshot: Snapshot, names: tuple[str, ...]) -> None:
    against = st.radio(
        "People's answers against",
        list(AGAINST),
        format_func=lambda name: AGAINST[name],
        horizontal=True,
        key="against",
    )
    found = kept(snapshot, read_confusions, against)
    if not found.n:
        st.info("No answer can be compared yet.")
        return
    st.text(
        f"{found.n_same:,} of {counted(found.n, 'answer')} agree with {AGAINST[against]}"
        f" ({percent(found.n_same / found.n)})."
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        _draw_matrix(found, names)
    with right:
        pairs = [
            {"suggested": names[p.suggested], "answered": names[p.answered], "items": p.n}
            for p in found.pairs
        ]
        if pairs:
            st.dataframe(pd.DataFrame(pairs), hide_index=True, key="confusions")
        else:
            st.info("No confusion so far.")


def _draw_matrix(found: Confusions, names: tuple[str, ...]) -> None:
    cells = [
        {
            "answered": names[answered],
            "suggested": names[suggested],
            "items": n,
            # No colour for agreement: it would hide what is confused.
            "confused": n if n and answered != suggested else None,
        }
        for answered, line in zip(found.classes, found.matrix, strict=True)
        for suggested, n in zip(found.classes, line, strict=True)
    ]
    order = [names[number] for number in found.classes]
    angle = 0 if max(map(len, order)) <= _SHORT_NAME else -40
    darkest = max((p.n for p in found.pairs), default=1)
    base = alt.Chart(pd.DataFrame(cells)).encode(
        x=alt.X("suggested:N", sort=order, title="suggested", axis=alt.Axis(labelAngle=angle)),
        y=alt.Y("answered:N", sort=order, title="answered by people"),
        tooltip=["answered:N", "suggested:N", alt.Tooltip("items:Q", format=",")],
    )
    heat = base.mark_rect().encode(
        color=alt.Color(
            "confused:Q", title="confused", scale=alt.Scale(scheme="oranges", domainMin=0)
        )
    )
    numbers = (
        base.transform_filter("datum.items > 0")
        .mark_text()
        .encode(
            text=alt.Text("items:Q", format=","),
            color=alt.when("datum.confused === null")
            .then(alt.value("#888888"))
            .when(f"datum.confused > {darkest * 0.6}")
            .then(alt.value("#ffffff"))
            .otherwise(alt.value("#000000")),
        )
    )
    layers = heat + numbers if len(found.classes) <= 16 else heat
    st.altair_chart(layers, key="matrix", height=420, alt="Confusion matrix")
    st.caption("Rows: people's answers. Columns: suggestions. Colour: items confused.")
