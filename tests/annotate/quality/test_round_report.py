from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from annotate.quality import round_report
from annotate.quality.round_facts import (
    ClassShares,
    FlipExample,
    FlippedPair,
    Reliability,
    ReliabilityBin,
    RoundAccuracy,
    RoundReport,
)
from annotate.quality.round_report import render_round_report, tell_headline
from annotate.quality.spot_check import judge_rounds

HOSTILE = "</script><script>window.hacked=1</script><img src=http://evil.test/x onerror=hacked=1>"

FULL = RoundReport(
    project_name="birds",
    project_dir="birds-dir",
    round_no=2,
    parent_round_no=1,
    class_names=("finch", HOSTILE),
    n_items=200,
    n_given=1,
    accepted=(40, 2),
    stop_reason="held-back gold got worse",
    rejected={"confidence below 0.9": 77},
    accuracy=(RoundAccuracy(0, 30, 50, 0.46, 0.72), RoundAccuracy(2, 45, 50, 0.79, 0.96)),
    reliability=Reliability((ReliabilityBin(0.65, 0.5, 20), ReliabilityBin(0.9, 0.8, 30)), 0.123),
    shares=(ClassShares("teacher", (0.7, 0.3)), ClassShares("student", (0.6, 0.4))),
    n_flipped=20,
    flips=(FlippedPair("finch", HOSTILE, 20, (FlipExample(HOSTILE, HOSTILE),)),),
    settings={"selector": HOSTILE},
    lineage={"teacher": "zero_shot"},
)
UNCHECKED = replace(FULL, accuracy=(), reliability=None)


class Page(HTMLParser):
    """What a browser would find: tags with attributes, and text outside scripts and styles."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = False
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag):
        self._hidden = False

    def handle_data(self, data):
        if not self._hidden:
            self.text += " ".join(data.split()) + " "


@pytest.fixture(autouse=True)
def no_plotly_js(monkeypatch, request):
    """Leave out plotly's 4.8 MB where no browser draws."""
    if "chromium" not in request.fixturenames:
        monkeypatch.setattr("plotly.offline.get_plotlyjs", lambda: "")


def test_the_headline_says_what_happened():
    assert tell_headline(FULL) == [
        "Round 2 trained on 42 pseudo-labels and 1 given label, out of 200 items.",
        "20 items (10.0%) changed class since round 1.",
        "On held-back gold 90.0% is right (45 of 50; 95 % interval 79.0% to 96.0%);"
        " the first teacher had 60.0%.",
        "The rounds ended here: held-back gold got worse.",
    ]


def test_every_figure_of_a_plot_is_also_in_a_table():
    text = Page(render_round_report(FULL)).text
    for figure in ("60.0%", "46.0% to 72.0%", "12.3%", "65.0%", "70.00%", "77", "zero_shot"):
        assert figure in text


def test_without_gold_the_page_says_that_nothing_checks_the_rounds():
    text = Page(render_round_report(replace(UNCHECKED, spot_check_asked=30))).text
    assert "Nothing checks these rounds." in text
    assert "annotate review birds-dir" in text
    assert "one of 30 random ones" in text
    assert "Nothing checks" not in Page(render_round_report(FULL)).text


@pytest.mark.parametrize(
    ("n_mended", "n_broken", "words"),
    [(9, 0, "Rounds helped."), (0, 9, "Rounds hurt."), (2, 1, "cannot tell")],
)
def test_spot_check_answers_bring_a_verdict(n_mended, n_broken, words):
    before = np.array([False] * n_mended + [True] * n_broken + [True] * 10)
    after = np.array([True] * n_mended + [False] * n_broken + [True] * 10)
    check = judge_rounds(before, after)
    text = Page(render_round_report(replace(UNCHECKED, spot_check=check))).text
    assert words in text
    assert (
        f"{10 + n_broken} were right before the rounds and {10 + n_mended} are right after" in text
    )


def test_hostile_names_and_texts_are_only_text():
    page = Page(render_round_report(FULL))
    assert HOSTILE in page.text
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert not [tag for tag, _ in page.tags if tag in ("img", "iframe", "link", "object")]


def test_nothing_is_loaded_from_anywhere():
    page = Page(render_round_report(FULL))
    assert not [a for _, a in page.tags if {"src", "href", "srcset", "action"} & set(a)]
    (policy,) = [a["content"] for _, a in page.tags if a.get("http-equiv")]
    assert "default-src 'none'" in policy


def test_a_round_with_hardly_any_facts_still_has_a_page():
    least = RoundReport("p", "p", 1, ("a", "b"), n_items=0, n_given=0, accepted=(0, 0))
    text = Page(render_round_report(least)).text
    assert "Round 1 trained on 0 pseudo-labels" in text
    assert "Calibration" not in text


def test_many_classes_are_cut_in_plots_and_whole_in_tables():
    names = tuple(f"class-{n}" for n in range(60))
    shares = (ClassShares("teacher", (1 / 60,) * 60),)
    many = replace(UNCHECKED, class_names=names, accepted=(1,) * 60, shares=shares, flips=())
    text = Page(render_round_report(many)).text
    assert "the 25 classes with the most" in text
    assert text.count("class-59 ") == 2


def test_a_browser_draws_every_plot_and_asks_for_nothing(tmp_path, browser):
    path = tmp_path / "round-002.html"
    path.write_text(round_report.render_round_report(FULL), encoding="utf-8")
    requested, complaints = [], []
    page = browser.new_page()
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    drawn = page.locator(".chart .main-svg:first-child").count()
    ticks = page.locator("#accepted .ytick text").all_text_contents()
    hacked = page.evaluate("window.hacked")
    page.close()
    assert (drawn, requested, complaints, hacked) == (5, [path.as_uri()], [], None)
    assert ticks == ["finch", HOSTILE[:27] + "…"]


def test_what_the_selectors_left_empty_is_a_warning_on_the_page():
    warned = replace(FULL, warnings=("no pseudo-label was accepted of 1 of 2 classes: wren",))
    assert "1 of 2 classes: wren" in Page(render_round_report(warned)).text
    assert "Warning" not in Page(render_round_report(FULL)).text
