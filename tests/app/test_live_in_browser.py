"""Answers reorder the queue and change suggestions while people review."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.steps.workspace import open_workspace
from annotate.store.decisions import read_decisions
from pipelines.browsing import ReviewServer
from tests.app.review_projects import add_features, predict_as_given, text_project

pytestmark = pytest.mark.browser

N_ITEMS = 400
PAGE = 24
CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def server(tmp_path):
    """Two clear clusters, and a teacher that finds cat a little likelier everywhere."""
    project = text_project(tmp_path / "p", [f"text {n}" for n in range(N_ITEMS)], CLASSES)
    generator = np.random.default_rng(0)
    centres = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    features = centres[np.arange(N_ITEMS) % 2] + generator.normal(0, 0.05, (N_ITEMS, 4))
    add_features(project, features)
    predict_as_given(project, np.tile([0.4, 0.35, 0.25], (N_ITEMS, 1)))
    project.close()
    with ReviewServer(tmp_path / "p", tmp_path / "log", order="random", live=True) as running:
        running.folder = tmp_path / "p"
        yield running


def answer_page(page):
    """Answer one page rightly, wait until it is saved, and leave the student time to learn."""
    for _ in range(PAGE):
        number = int(page.inner_text(".item-id")[1:])
        page.keyboard.press("1" if number % 2 == 0 else "2")  # even items are cats, odd ones dogs
    page.wait_for_selector(".saved[data-state=saved]", timeout=60_000)
    page.wait_for_timeout(2_500)


def test_suggestions_follow_the_answers_and_say_who_made_them(browser, server):
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(server.address)
    page.wait_for_selector(".cell.current", timeout=60_000)
    for _ in range(
        N_ITEMS // PAGE - 1
    ):  # the news comes with a receipt, for the page after the next
        answer_page(page)
        if "live student after" in page.inner_text(".suggestion"):
            break
    assert "live student after" in page.inner_text(".suggestion")
    number = int(page.inner_text(".item-id")[1:])
    assert page.inner_text(".suggestion .name") == CLASSES[number % 2]
    page.keyboard.press("a")
    page.wait_for_selector(".saved[data-state=saved]", timeout=60_000)
    page.context.close()
    workspace = open_workspace(server.folder)
    with workspace.store.read() as connection:
        last = read_decisions(connection).iloc[-1]
    workspace.close()
    assert '"prediction_id":"live-' in last["shown"]
