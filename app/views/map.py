"""The map: all items on a plane, coloured by what is asked, and a lasso to look into any part."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from annotate.errors import AnnotateError, NotReadyError
from annotate.steps.item_map import choose_items, describe_items
from annotate.steps.snapshot import Snapshot
from app.api.map_routes import MAP_PREFIX
from app.api.open_maps import OpenMap, open_map
from app.components.scatter_map.element import show_scatter_map
from app.session import open_project
from app.views.figures import counted
from app.views.gallery import show_items
from app.views.page import page

MEANINGS = {
    "class": "class: the label, else the prediction",
    "confidence": "confidence of the prediction",
    "source": "where the label comes from",
}


@page("Map")
def show(snapshot: Snapshot) -> None:
    """Draw the page."""
    try:
        opened = open_map(open_project(), snapshot)
    except NotReadyError as error:
        st.info("There is no map yet.", icon=":material/map:")
        st.text(str(error))
        return
    colouring = st.selectbox(
        "Colour",
        opened.item_map.colourings,
        format_func=lambda name: MEANINGS.get(name, f"what {name} says"),
        key="map_colour",
        width=360,
    )
    chosen = show_scatter_map(_element_data(opened, colouring), key="map")
    if opened.item_map.n_blind:
        st.caption(
            f"{counted(opened.item_map.n_blind, 'item')} asked blind and not settled yet: not on"
            " the map, which would tell what is predicted."
        )
    if chosen is None:
        st.caption("Draw around some items to look into them.")
    else:
        _show_chosen(opened, chosen)


def _element_data(opened: OpenMap, name: str) -> dict[str, Any]:
    colouring = opened.colouring(name)
    return {
        "api": f"{MAP_PREFIX}/{opened.token}/",
        "n": len(opened.item_map.points),
        "colouring": name,
        "colouring_no": opened.item_map.colourings.index(name),
        "groups": [asdict(group) for group in colouring.groups],
        "ordered": colouring.is_ordered,
    }


def _show_chosen(opened: OpenMap, chosen: dict[str, Any]) -> None:
    try:
        colouring = opened.colouring(str(chosen["colouring"]))
        item_nos = choose_items(opened.item_map, colouring, chosen["polygon"], chosen["hidden"])
    except (AnnotateError, KeyError, TypeError, ValueError):
        # It comes from a browser, and a teacher of that name may be gone.
        st.info("Draw around some items again.")
        return
    if len(item_nos) == 0:
        st.info("No item is inside.", icon=":material/lasso_select:")
        return
    left, right = st.columns([1, 3], gap="large")
    with left:
        st.metric("Items chosen", f"{len(item_nos):,}")
    with right:
        _draw_classes(opened, item_nos)
    show_items(item_nos.tolist(), key="map_items")


def _draw_classes(opened: OpenMap, item_nos: Any) -> None:
    table = [
        {"class": count.name, "items": count.n, "mean confidence": count.mean_confidence}
        for count in describe_items(opened.snapshot, opened.item_map, item_nos)
    ]
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        key="map_classes",
        height=min(35 * len(table) + 38, 214),
        column_config={
            "mean confidence": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1
            )
        },
    )
