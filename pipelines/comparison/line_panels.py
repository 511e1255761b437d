"""Curves side by side as one static SVG, which a page shows without a program.

Colours are Okabe and Ito's, which colour-blind readers tell apart and which show on white and on
black; dashes and the order of the legend say the same without colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#808080")
DASHES = ("", "7 3", "2 3", "9 3 2 3")
WIDTH, HEIGHT, GAP = 250, 190, 52  # of one panel, and what lies between two, in pixels
N_ACROSS = 3
LINE_OF_LEGEND = 17


def draw_panels(panels: Mapping[str, Mapping[str, Points]], x_title: str, y_title: str) -> str:
    """Return an SVG with one panel a name and one line a series; y is a fraction, shown in %.

    A series has the same colour and dash in every panel.
    """
    names = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    style_of = {
        name: (COLOURS[n % len(COLOURS)], DASHES[n // len(COLOURS) % len(DASHES)])
        for n, name in enumerate(names)
    }
    n_down = -(-len(panels) // N_ACROSS)
    width = N_ACROSS * (WIDTH + GAP) + GAP
    above_legend = n_down * (HEIGHT + GAP) + GAP
    n_in_column = -(-len(names) // N_ACROSS)
    height = above_legend + n_in_column * LINE_OF_LEGEND + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        ' font-family="sans-serif" font-size="11" fill="#808080">',
        f"<title>{escape(y_title)} against {escape(x_title)}</title>",
    ]
    for place, (title, series) in enumerate(panels.items()):
        left = GAP + place % N_ACROSS * (WIDTH + GAP)
        top = GAP + place // N_ACROSS * (HEIGHT + GAP)
        parts += _panel(title, series, style_of, left, top)
    parts.append(_text(width / 2, above_legend - 6, f"{x_title}; up: {y_title}", "middle"))
    for place, name in enumerate(names):
        left = GAP + place // n_in_column * (WIDTH + GAP)
        y = above_legend + (place % n_in_column + 1) * LINE_OF_LEGEND
        parts.append(_line([(left, y - 4), (left + 26, y - 4)], style_of[name]))
        parts.append(_text(left + 32, y, name, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _panel(
    title: str,
    series: Mapping[str, Points],
    style_of: Mapping[str, tuple[str, str]],
    left: float,
    top: float,
) -> list[str]:
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(ys), max(ys)
    span_x, span_y = high_x - low_x or 1.0, high_y - low_y or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (x - low_x) / span_x * WIDTH, top + HEIGHT - (y - low_y) / span_y * HEIGHT

    parts = [
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none"'
        ' stroke="#808080" stroke-opacity="0.5"/>',
        _text(left, top - 6, title, "start", bold=True),
        _text(left - 4, top + 9, f"{high_y:.0%}", "end"),
        _text(left - 4, top + HEIGHT, f"{low_y:.0%}", "end"),
        _text(left, top + HEIGHT + 14, f"{low_x:,.4g}", "start"),
        _text(left + WIDTH, top + HEIGHT + 14, f"{high_x:,.4g}", "end"),
    ]
    return parts + [
        _line([place(x, y) for x, y in points], style_of[name]) for name, points in series.items()
    ]


def _line(points: Points, style: tuple[str, str]) -> str:
    colour, dash = style
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.8"{dashes}/>'


def _text(x: float, y: float, text: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
