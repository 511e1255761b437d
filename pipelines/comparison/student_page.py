"""The table and the plot of a comparison of students."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from annotate.store.files import write_bytes
from pipelines.comparison.line_panels import draw_panels

ABOUT_AGREEMENT = "Test pictures in % to which both networks of a pair give the same class:"


def write_student_page(page: Path, table: pd.DataFrame, about: str) -> None:
    """Write test accuracies as a table, and pseudo-label accuracies as a plot beside it.

    Parameters
    ----------
    table : DataFrame
        Columns ``method``, ``n_labels``, ``seed``, ``metric``, ``at`` and ``value``.
    about : str
        What the figures are, above the table.
    """
    numbers = list(dict.fromkeys(table["n_labels"]))
    lines = ["# Students on pixels", "", about, "", *percentages(table, "test_accuracy", numbers)]
    if (table["metric"] == "agreement").any():
        lines += ["", ABOUT_AGREEMENT, "", *percentages(table, "agreement", numbers)]
    curves = pseudo_label_curves(table)
    if curves:
        plot = draw_panels(curves, "forward-backward passes", "pseudo-labels right")
        write_bytes(page.with_name("pseudo-labels.svg"), plot.encode())
        lines += ["", "![pseudo-labels right against passes](pseudo-labels.svg)"]
    write_bytes(page, "\n".join([*lines, ""]).encode())


def percentages(table: pd.DataFrame, metric: str, numbers: list[str]) -> list[str]:
    """Return the lines of a table: a row for each student, a column for each number of labels."""
    rows = table[table["metric"] == metric]
    of_cell = (100 * rows["value"]).groupby([rows["method"], rows["n_labels"]])
    lines = [
        "| student | " + " | ".join(f"{number} labels" for number in numbers) + " |",
        "|---|" + "---:|" * len(numbers),
    ]
    for name in dict.fromkeys(rows["method"]):
        values = [mean_and_spread(of_cell.get_group((name, number))) for number in numbers]
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return lines


def mean_and_spread(values: pd.Series[Any]) -> str:
    """Return the mean and, of two or more, the sample standard deviation."""
    return f"{values.mean():.1f}" + (f" ± {values.std():.1f}" if len(values) > 1 else "")


def pseudo_label_curves(table: pd.DataFrame) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return mean pseudo-label accuracy over passes, by number of labels and by student."""
    followed = table[table["metric"] == "pseudo_accuracy"]
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for (n_labels, name), rows in followed.groupby(["n_labels", "method"], sort=False):
        means = rows.groupby("at")["value"].mean()
        panels.setdefault(f"{n_labels} labels", {})[name] = list(means.items())
    return panels
