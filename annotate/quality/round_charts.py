"""The plots of a round report.

Colours are Okabe and Ito's, which colour-blind readers tell apart and which show on white and on
black; a second sign (dash, marker, pattern, number) says the same without colour.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

if TYPE_CHECKING:
    from annotate.quality.round_facts import RoundReport

BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
GREY = "#808080"
_SHARE_STYLES = ((BLUE, ""), (VERMILION, "/"), (GREEN, "x"))
MAX_CLASSES_SHOWN = 25
_MAX_NAME = 28


def draw_charts(facts: RoundReport) -> dict[str, go.Figure]:
    """Return the figures the facts allow, by the name of their place on the page."""
    charts = {}
    if facts.accuracy:
        charts["accuracy"] = _draw_accuracy(facts)
    if facts.reliability:
        charts["reliability"] = _draw_reliability(facts)
    if facts.shares:
        charts["shares"] = _draw_shares(facts)
    if facts.flips:
        charts["flips"] = _draw_flips(facts)
    charts["accepted"] = _draw_accepted(facts)
    for figure in charts.values():
        figure.update_layout(
            template="none",
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            margin={"l": 60, "r": 20, "t": 20, "b": 50},
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        )
        figure.update_xaxes(automargin=True, zeroline=False)
        figure.update_yaxes(automargin=True, zeroline=False)
    return charts


def shorten_name(name: str) -> str:
    """Return a class name fit for an axis, with what plotly would take for markup escaped."""
    short = name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1] + "…"
    return html.escape(short)


def _draw_accuracy(facts: RoundReport) -> go.Figure:
    points = facts.accuracy
    figure = go.Figure(
        go.Scatter(
            x=[p.round_no for p in points],
            y=[p.accuracy for p in points],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [p.high - p.accuracy for p in points],
                "arrayminus": [p.accuracy - p.low for p in points],
                "color": GREY,
            },
            mode="lines+markers",
            line={"color": BLUE, "width": 2},
            marker={"size": 9},
            hovertemplate="round %{x}: %{y:.1%}<extra></extra>",
        )
    )
    figure.update_xaxes(title="round (0 is the first teacher)", dtick=max(len(points) // 15, 1))
    figure.update_yaxes(title="right on held-back gold", tickformat=".0%")
    return figure.update_layout(height=320)


def _draw_reliability(facts: RoundReport) -> go.Figure:
    assert facts.reliability is not None
    bins = facts.reliability.bins
    largest = max((b.n_items for b in bins), default=1)
    figure = go.Figure(
        [
            go.Scatter(
                x=[0, 1],
                y=[0, 1],
                mode="lines",
                name="confidence that can be taken at its word",
                line={"color": GREY, "dash": "dash"},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=[b.mean_confidence for b in bins],
                y=[b.accuracy for b in bins],
                mode="lines+markers",
                name="this round (larger dot, more items)",
                line={"color": BLUE},
                marker={"size": [7 + 15 * (b.n_items / largest) ** 0.5 for b in bins]},
                text=[f"{b.n_items:,} items" for b in bins],
                hovertemplate="confidence %{x:.1%}, right %{y:.1%}, %{text}<extra></extra>",
            ),
        ]
    )
    figure.update_xaxes(title="mean confidence", range=[0, 1.03], tickformat=".0%")
    figure.update_yaxes(title="right on held-back gold", range=[0, 1.06], tickformat=".0%")
    return figure.update_layout(height=380)


def _draw_shares(facts: RoundReport) -> go.Figure:
    """Draw the classes on which the sources differ most, the widest difference on top."""
    table = np.array([s.shares for s in facts.shares])
    shown = np.argsort(-np.ptp(table, axis=0), kind="stable")[:MAX_CLASSES_SHOWN]
    places = list(range(len(shown)))
    figure = go.Figure()
    for series, row in zip(facts.shares, table, strict=True):
        color, pattern = _SHARE_STYLES[len(figure.data) % len(_SHARE_STYLES)]
        figure.add_bar(
            x=row[shown].tolist(),
            y=places,
            orientation="h",
            name=html.escape(series.source),
            marker={"color": color, "pattern": {"shape": pattern, "fillmode": "overlay"}},
            hovertemplate="%{x:.1%}<extra>%{fullData.name}</extra>",
        )
    _name_classes(figure, [facts.class_names[c] for c in shown])
    figure.update_xaxes(title="share of items", tickformat=".0%", rangemode="tozero")
    n_bars = len(shown) * len(facts.shares)
    return figure.update_layout(height=130 + 16 * n_bars + 8 * len(shown), bargap=0.25)


def _draw_accepted(facts: RoundReport) -> go.Figure:
    counts = np.array(facts.accepted)
    shown = np.argsort(-counts, kind="stable")[:MAX_CLASSES_SHOWN]
    figure = go.Figure(
        go.Bar(
            x=counts[shown].tolist(),
            y=list(range(len(shown))),
            orientation="h",
            marker={"color": BLUE},
            text=[f"{n:,}" for n in counts[shown]],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    _name_classes(figure, [facts.class_names[c] for c in shown])
    figure.update_xaxes(title="pseudo-labels accepted", rangemode="tozero")
    return figure.update_layout(height=110 + 26 * len(shown))


def _draw_flips(facts: RoundReport) -> go.Figure:
    before = list(dict.fromkeys(pair.before for pair in facts.flips))
    after = list(dict.fromkeys(pair.after for pair in facts.flips))
    counts: list[list[int | None]] = [[None] * len(after) for _ in before]
    for pair in facts.flips:
        counts[before.index(pair.before)][after.index(pair.after)] = pair.n_items
    figure = go.Figure(
        go.Heatmap(
            z=counts,
            texttemplate="%{z:,}",
            # Light enough for the number on top in either theme to be read.
            colorscale=[[0, "rgba(0,114,178,0.12)"], [1, "rgba(0,114,178,0.6)"]],
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    _name_classes(figure, before)
    figure.update_yaxes(title="before")
    names = [shorten_name(name) for name in after]
    places = list(range(len(after)))
    figure.update_xaxes(title="after", tickvals=places, ticktext=names, showgrid=False)
    return figure.update_layout(height=150 + 34 * len(before))


def _name_classes(figure: go.Figure, names: list[str]) -> None:
    """Label the places of the y axis, first on top; by number: shortened names may be equal."""
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[shorten_name(name) for name in names],
        autorange="reversed",
        showgrid=False,
    )
