"""The element that draws the map and says which part of it was chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
# One module in the browser, so the parts need no addresses of their own.
_SCRIPTS = ("colours.js", "points.js", "element.js")

_mount = st.components.v2.component(
    "annotate_scatter_map",
    html=(_HERE / "map.html").read_text(encoding="utf-8"),
    css=(_HERE / "map.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS),
)


def show_scatter_map(data: dict[str, Any], *, key: str) -> dict[str, Any] | None:
    """Draw the map; return what was chosen on it last, or None.

    The choice has ``polygon`` (corners in the units of ``MapPoints.places``), ``hidden`` (numbers
    of groups) and ``colouring``, whose groups those are. It comes from a browser: nothing of it is
    to be believed. Where the server has forgotten the map, the element triggers ``stale``: the
    script then runs again and gives it another.
    """
    found = _mount(
        key=key,
        data=data,
        default={"chosen": None},
        on_chosen_change=lambda: None,
        on_stale_change=lambda: None,
    )
    chosen: dict[str, Any] | None = found.chosen
    return chosen
