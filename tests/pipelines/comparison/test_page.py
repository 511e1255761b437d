"""Tables and plots appear between the markers of a page, whose other text stays."""

from __future__ import annotations

from xml.etree import ElementTree

import pandas as pd
import pytest

from pipelines.comparison.line_panels import draw_panels
from pipelines.comparison.page import BEGIN, END, write_page
from pipelines.comparison.results import COLUMNS

SETTINGS = {
    "items": 100, "labels_per_class": 5, "default_rounds": 10,
    "default_selectors": ["growing"], "default_student": "linear",
}  # fmt: skip


def row(factor, method, seed, metric, value, at=None, start="labels", data="trashnet"):
    return (data, start, factor, method, seed, metric, at, "", value)


@pytest.fixture
def table():
    rows = [
        row("default", "default", 0, "accuracy", 0.5),
        row("default", "default", 1, "accuracy", 0.7),
        row("selector", "quota", 0, "accuracy", 0.8),
        row("selector", "quota", 0, "accuracy_at", 0.9, at=0.5),
        row("selector", "quota", 0, "accuracy_at", 0.8, at=1.0),
    ]
    for answers, plain, ours in ((20, 0.80, 0.86), (40, 0.86, 0.91), (60, 0.96, 0.93)):
        rows += [
            row("peer", "plain_margin", 0, "accuracy_after", plain, answers, "nothing"),
            row("queue", "mixed", 0, "accuracy_after", ours, answers, "nothing"),
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_means_stand_with_their_spread(table, tmp_path):
    write_page(tmp_path / "measured.md", table, SETTINGS)
    text = (tmp_path / "measured.md").read_text(encoding="utf-8")
    assert "| `default` | 60.0% ± 14.1 |" in text  # 0.5 and 0.7
    assert "| `quota` | 80.0% |" in text


def test_answers_stand_with_their_ratio_to_the_plain_baseline(table, tmp_path):
    write_page(tmp_path / "measured.md", table, SETTINGS)
    text = (tmp_path / "measured.md").read_text(encoding="utf-8")
    # 85, 90 and 95 %: ours after 20, 40 and never, the plain baseline after 40, 60 and 60.
    assert "| `mixed` | 86.0% | 20 (0.50) | 40 (0.67) | not reached | 93.0% |" in text
    assert "| `plain_margin` | 80.0% | 40 (1.00) | 60 (1.00) | 60 (1.00) | 96.0% |" in text


def test_where_no_target_is_set_it_is_what_the_plain_baseline_reaches(tmp_path):
    rows = [row("peer", "plain_margin", 0, "items", 200, start="nothing", data="cora")]
    for answers, plain, ours in ((10, 0.5, 0.55), (20, 0.6, 0.65), (30, 0.7, 0.69), (40, 0.8, 0.8)):
        rows += [
            row("peer", "plain_margin", 0, "accuracy_after", plain, answers, "nothing", "cora"),
            row("queue", "mixed", 0, "accuracy_after", ours, answers, "nothing", "cora"),
        ]
    write_page(tmp_path / "measured.md", pd.DataFrame(rows, columns=list(COLUMNS)), SETTINGS)
    text = (tmp_path / "measured.md").read_text(encoding="utf-8")
    # Plain margin has 60, 70 and 80 % after 10, 15 and 20 % of 200 answers.
    assert "| `mixed` | 55.0% | 20 (1.00) | 40 (1.33) | 40 (1.00) | 80.0% |" in text


def test_a_scenario_has_a_table_of_methods_and_one_of_classes_for_each_start(tmp_path):
    rows = []
    for start, right in (("names", 0.25), ("labels", 0.75)):
        of = {"start": start, "data": "banking77_open_set"}
        rows.append(row("default", "default", 0, "accuracy", right, **of))
        rows.append(row("selector", "novelty", 0, "accuracy", right / 2, **of))
        for method in ("default", "novelty"):
            by_class = row("selector", method, 0, "class_accuracy", right, **of)
            rows += [(*by_class[:7], name, by_class[8]) for name in ("lost card", "age limit")]
    write_page(tmp_path / "measured.md", pd.DataFrame(rows, columns=list(COLUMNS)), SETTINGS)
    names, labels = (tmp_path / "measured.md").read_text(encoding="utf-8").split("### ")[1:]
    assert names.startswith("banking77_open_set, known: class names alone")
    assert "| `default` | 25.0% |" in names and "| lost card | 25.0% | 25.0% |" in names
    assert labels.startswith("banking77_open_set, known: a few labels of each class")
    assert "| `novelty` | 37.5% |" in labels and "| age limit | 75.0% | 75.0% |" in labels


def test_text_around_the_markers_stays_and_plots_are_linked(table, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Mine\n\n{BEGIN}\n\nold\n\n{END}\n\nAfter.\n", encoding="utf-8")
    write_page(page, table, SETTINGS)
    write_page(page, table, SETTINGS)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# Mine\n\n{BEGIN}\n") and text.endswith(f"{END}\n\nAfter.\n")
    assert "old" not in text and text.count(BEGIN) == 1
    for name in ("measured-answers", "measured-coverage-labels"):
        assert f"(images/{name}.svg)" in text and (tmp_path / f"images/{name}.svg").exists()


def test_a_plot_has_a_line_and_a_name_for_each_series():
    svg = draw_panels({"a & b": {"one": [(0, 0.1), (2, 0.3)], "<two>": [(0, 0.2)]}}, "x", "y")
    root = ElementTree.fromstring(svg)
    lines = [element for element in root.iter() if element.tag.endswith("polyline")]
    texts = {element.text for element in root.iter() if element.tag.endswith("text")}
    assert len(lines) == 4  # one in the panel and one in the legend each
    assert {"a & b", "one", "<two>", "10%", "30%"} <= texts
