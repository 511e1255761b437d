"""The page as Streamlit runs it; the element inside it is tested in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from annotate.review.server_settings import ORDER, PROJECT, REVIEWER
from annotate.schema import ClassSpec
from annotate.steps.embed import embed
from annotate.steps.workspace import create_workspace
from annotate.store.decisions import Decision, append_decisions
from tests.app.review_projects import predict_at_random, text_project

SCRIPT = Path(__file__).parents[2] / "app" / "script" / "pages.py"


@pytest.fixture
def open_page(tmp_path, monkeypatch):
    def run(order="expected_corrections"):
        monkeypatch.setenv(PROJECT, str(tmp_path / "p"))
        monkeypatch.setenv(REVIEWER, "ann")
        monkeypatch.setenv(ORDER, order)
        return AppTest.from_file(str(SCRIPT), default_timeout=60).run()

    return run


def has_element(page):
    return "bidi_component" in {element.type for element in page.main}


def test_a_project_with_predictions_shows_the_element(tmp_path, open_page):
    predict_at_random(text_project(tmp_path / "p", ["one", "two"]))
    page = open_page()
    assert not page.exception
    assert has_element(page)
    assert len(page.info) == 0


def test_an_empty_project_says_how_to_add_items(tmp_path, open_page):
    text_project(tmp_path / "p", [])
    page = open_page()
    assert "annotate add" in page.info[0].value
    assert not has_element(page)


def test_a_project_without_predictions_says_how_to_get_them_and_can_be_labelled(
    tmp_path, open_page
):
    text_project(tmp_path / "p", ["one"])
    page = open_page()
    assert "annotate predict" in page.info[0].value
    assert has_element(page)


def test_another_order_opens_another_queue(tmp_path, open_page):
    predict_at_random(text_project(tmp_path / "p", [f"text {n}" for n in range(30)]))
    page = open_page("margin")
    first = page.session_state["review-session"]
    page.selectbox(key="order").select("random").run()
    second = page.session_state["review-session"]
    assert (first.queue.request.order, second.queue.request.order) == ("margin", "random")
    assert first.queue.item_nos.tolist() != second.queue.item_nos.tolist()


def test_the_page_asks_whose_like_comes_first_and_writes_it_into_its_address(tmp_path, open_page):
    project = text_project(tmp_path / "p", [f"text {n}" for n in range(30)])
    embed(project, "hashing")
    answer = Decision("e", 7, "ann", "relabel", 1, class_no=2)
    append_decisions(project.store, [answer])
    page = open_page()
    page.selectbox(key="order").select("like").run()
    assert page.session_state["review-session"].queue.request.order == "like"
    page.selectbox(key="filter-like").select("owl").run()
    queue = page.session_state["review-session"].queue
    assert (queue.request.order, len(queue)) == ("like:owl", 29)
    assert "like:owl" in page.query_params["order"]
    page.selectbox(key="filter-like").select("cat").run()
    assert any("needs items labelled cat" in text.value for text in page.text)
    assert not page.exception


def test_a_rerun_keeps_the_session(tmp_path, open_page):
    text_project(tmp_path / "p", ["one"])
    page = open_page()
    token = page.session_state["review-session"].token
    assert page.run().session_state["review-session"].token == token


@pytest.mark.parametrize("order", ["expected_corrections", "nonsense"])
def test_what_cannot_be_reviewed_says_why(tmp_path, open_page, order):
    classes = (ClassSpec(0, "a"), ClassSpec(0, "b"))
    if order == "expected_corrections":
        create_workspace(tmp_path / "p", classes, task="multi")
    else:
        text_project(tmp_path / "p", ["one"])
    page = open_page(order)
    assert not page.exception
    assert page.info or page.error
