"""The page of a simulation: accuracy against answers, and where rules would have stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

BLUE, VERMILION, GREY = "#0072b2", "#d55e00", "#808080"


def render_simulation(
    title: str,
    points: Sequence[Mapping[str, Any]],
    targets: Sequence[float],
    stops: Sequence[Mapping[str, Any]],
) -> str:
    """Return the curve as one HTML page that needs no network: plotly.js lies inside.

    Parameters
    ----------
    title : str
        Shown as text.
    points : sequence of mappings with answers and accuracy_all
    targets : sequence of float
        Each is drawn as a line.
    stops : sequence of mappings with rule, target, answers and accuracy_all
        Where answers is None the rule did not stop, and nothing is drawn.
    """
    figure = draw_simulation(title, points, targets, stops)
    return str(figure.to_html(include_plotlyjs=True, full_html=True))


def draw_simulation(
    title: str,
    points: Sequence[Mapping[str, Any]],
    targets: Sequence[float],
    stops: Sequence[Mapping[str, Any]],
) -> go.Figure:
    """Return the figure of ``render_simulation``."""
    import html

    import plotly.graph_objects as go

    figure = go.Figure(
        go.Scatter(
            x=[point["answers"] for point in points],
            y=[point["accuracy_all"] for point in points],
            mode="lines+markers",
            line={"color": BLUE},
            name="accuracy over all items",
            hovertemplate="%{x:,} answers: %{y:.1%}<extra></extra>",
        )
    )
    for target in targets:
        figure.add_hline(
            y=target, line={"color": GREY, "dash": "dash"}, annotation_text=f"{target:.1%}"
        )
    stopped = [stop for stop in stops if stop["answers"] is not None]
    if stopped:
        figure.add_scatter(
            x=[stop["answers"] for stop in stopped],
            y=[stop["accuracy_all"] for stop in stopped],
            mode="markers+text",
            marker={"color": VERMILION, "symbol": "x", "size": 12},
            text=[_stop_name(stop) for stop in stopped],
            textposition="bottom right",
            name="a rule would have stopped",
            hovertemplate="%{text}: %{x:,} answers, %{y:.1%}<extra></extra>",
        )
    figure.update_xaxes(title="answers", rangemode="tozero", tickformat=",")
    figure.update_yaxes(title="right", tickformat=".0%")
    return figure.update_layout(title=html.escape(title), template="none")


def _stop_name(stop: Mapping[str, Any]) -> str:
    target = stop["target"]
    return stop["rule"] if target is None else f"{stop['rule']}, {target:.1%}"
