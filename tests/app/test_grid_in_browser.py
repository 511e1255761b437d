"""Many items at once, two people at once, spreading and keys: a real browser, a real server."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager

import numpy as np
import pytest

from annotate.steps.people import set_person
from annotate.steps.workspace import open_workspace
from annotate.store.decisions import read_decisions
from pipelines.browsing import ReviewServer
from tests.app.review_projects import add_features, predict_at_random, text_project

pytestmark = pytest.mark.browser

N_ITEMS = 600


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    project = text_project(folder / "p", [f"the text of item {n}" for n in range(N_ITEMS)])
    predict_at_random(project)
    angle = np.linspace(0, np.pi / 2, N_ITEMS)
    add_features(project, np.stack([np.cos(angle), np.sin(angle)], axis=1))
    set_person(project, "ann", "owner")
    project.close()
    with ReviewServer(folder / "p", folder / "log") as running:
        running.folder = folder / "p"
        yield running


@contextmanager
def opened(browser, server, query=""):
    """A browser of its own, as another person's would be."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{server.address}?{query}")
    page.wait_for_selector(".cell.current", timeout=60_000)
    yield page
    page.goto("about:blank")  # as a closed tab does, it gives back what it was handed
    context.close()


@pytest.fixture
def page(browser, server):
    with opened(browser, server) as page:
        yield page


def wait_until_saved(page):
    page.wait_for_selector(".saved[data-state=saved]", timeout=60_000)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    wait_until_saved(page)


def log(server, after=0):
    workspace = open_workspace(server.folder)
    with workspace.store.read() as connection:
        events = read_decisions(connection, after)
    workspace.close()
    return events


@pytest.fixture
def start(server):
    """The seq of the last decision before the test."""
    return int(log(server)["seq"].max()) if len(log(server)) else 0


def answers(page):
    return page.eval_on_selector_all(".cell", "cells => cells.map((cell) => cell.dataset.answer)")


def current(page):
    return page.eval_on_selector_all(
        ".cell", "cells => cells.findIndex((cell) => cell.classList.contains('current'))"
    )


def test_a_page_has_24_items_and_begins_with_the_first(page):
    assert len(answers(page)) == 24
    assert current(page) == 0


def test_an_act_marks_its_item_and_goes_on_to_the_next_open_one(page, server, start):
    press(page, "a", "ArrowRight", "x", "ArrowLeft", "ArrowLeft", "Space")
    assert answers(page)[:4] == ["accept", "skip", "reject", ""]
    assert current(page) == 3
    assert log(server, start)["kind"].tolist() == ["accept", "reject", "skip"]


def test_arrows_move_by_items_and_rows(page):
    for key, place in [("ArrowRight", 1), ("ArrowDown", 7), ("ArrowLeft", 6), ("ArrowUp", 0)]:
        page.keyboard.press(key)
        assert current(page) == place


def test_what_is_selected_gets_the_answer_together_and_one_undo_takes_it_back(page, server, start):
    press(page, "Shift+ArrowRight", "Shift+ArrowRight", "2")
    assert [bool(answer) for answer in answers(page)[:4]] == [True, True, True, False]
    assert log(server, start)["class_no"].tolist() == [1, 1, 1]
    press(page, "z")
    assert answers(page)[:3] == ["", "", ""]
    assert Counter(log(server, start)["kind"])["undo"] == 3


def test_the_mouse_selects_a_range_and_single_items(page, server, start):
    page.click(".cell >> nth=2")
    page.click(".cell >> nth=4", modifiers=["Shift"])
    page.click(".cell >> nth=3", modifiers=["Control"])
    press(page, "3")
    assert [place for place, answer in enumerate(answers(page)) if answer] == [2, 4]


def test_a_whole_page_is_accepted_at_once_and_the_next_one_comes(page, server, start):
    first = page.inner_text(".grid")
    press(page, "a", "Shift+A")
    assert log(server, start)["kind"].tolist() == ["accept"] * 24
    assert log(server, start)["item_no"].is_unique
    assert page.inner_text(".grid") != first
    assert answers(page) == [""] * 24
    press(page, "PageUp")
    assert answers(page) == ["accept"] * 24


def test_items_left_open_on_an_earlier_page_are_told(page):
    press(page, "a", "PageDown")
    assert "23 open on other pages" in page.inner_text(".page-number")


def test_a_flag_is_set_and_taken_away_and_answers_nothing(page, server, start):
    press(page, "f", "f")
    assert log(server, start)["kind"].tolist() == ["flag", "undo"]
    assert (answers(page)[0], current(page)) == ("", 0)


def test_undo_takes_a_flag_away_too_and_a_flag_taken_away_is_undone_no_more(page, server, start):
    press(page, "f", "z", "f", "f")
    assert log(server, start)["kind"].tolist() == ["flag", "undo", "flag", "undo"]
    assert page.locator(".flag").count() == 0
    press(page, "a", "z", "z")
    assert log(server, start)["kind"].tolist()[4:6] == ["accept", "undo"]


def test_one_at_a_time_shows_the_same_item_and_comes_back(page):
    item = page.inner_text(".item-id")
    press(page, "ArrowRight", "v")
    assert page.inner_text(".stage") == page.eval_on_selector(".stage .text", "e => e.innerText")
    assert page.is_hidden(".grid")
    press(page, "ArrowLeft", "v")
    assert page.inner_text(".item-id") == item
    assert page.is_visible(".grid")


def test_a_correction_is_spread_to_look_alikes_and_taken_back_in_one(page, server, start):
    page.keyboard.press("/")
    suggested = page.inner_text(".suggestion .name")
    other = next(name for name in ("cat", "dog", "owl") if name != suggested)
    page.keyboard.type(other)
    press(page, "Enter")
    assert other in page.inner_text("[data-act=similar]")
    page.keyboard.press("s")
    page.wait_for_selector(".offer")
    assert "not known" in page.inner_text(".offers") or "wrong" in page.inner_text(".offers")
    press(page, "ArrowRight", "Enter")
    events = log(server, start)
    assert events["kind"].tolist() == ["relabel"] + ["derive"] * 10
    assert set(events["class_no"]) == {("cat", "dog", "owl").index(other)}
    press(page, "z")
    assert Counter(log(server, start)["kind"]) == {"relabel": 1, "derive": 10, "undo": 10}


def test_two_people_are_never_handed_the_same_item(browser, server, start):
    seen = {}
    with opened(browser, server, "me=ann") as ann, opened(browser, server, "me=bob") as bob:
        for _ in range(3):
            for page in (ann, bob):
                page.keyboard.press("Shift+A")
        wait_until_saved(ann)
        wait_until_saved(bob)
        for name, page in (("ann", ann), ("bob", bob)):
            seen[name] = page.inner_text(".who")
    events = log(server, start)
    assert Counter(events["reviewer"]) == {"ann": 72, "bob": 72}
    assert events["item_no"].is_unique
    assert seen == {"ann": "reviewed by ann", "bob": "reviewed by bob"}


def test_a_filter_in_the_address_is_the_queue_and_marks_what_it_looked_for(browser, server):
    with opened(browser, server, "text=item 59&order=random") as page:
        texts = page.eval_on_selector_all(".snippet", "all => all.map((one) => one.innerText)")
        assert texts and all("item 59" in text for text in texts)
        assert page.inner_text(".snippet mark >> nth=0") == "item 59"
        assert "Filter (1)" in page.inner_text("body")


def test_caps_lock_accepts_one_item_and_not_the_page(page, server, start):
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'A', bubbles: true}))")
    wait_until_saved(page)
    assert log(server, start)["kind"].tolist() == ["accept"]


def test_what_was_just_answered_can_be_looked_at_through_the_filter(page, server, start):
    press(page, "x", "x", "x")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("combobox", name="Decided as").click()
    page.get_by_role("option", name="reject").click()
    page.wait_for_url("**decided_as=reject**")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")
    page.locator(".counts", has_text="done · 0 left").wait_for()
    page.locator(".cell").nth(2).wait_for()
    shown = page.eval_on_selector_all(
        ".cell", "all => all.map((c) => c.getAttribute('aria-label'))"
    )
    for item_no in log(server, start)["item_no"]:
        assert any(label.startswith(f"t{item_no}:") for label in shown)


def test_an_order_in_the_address_that_there_is_none_of_acts_on_nothing(browser, server):
    asked = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.address}?order=![x](http://192.0.2.1/x.png)")
    page.wait_for_selector(".cell.current", timeout=60_000)
    assert "Order: expected_corrections" in page.inner_text("body")
    assert not [url for url in asked if url.startswith("http://192.0.2.1")]
    page.goto("about:blank")
    context.close()


def test_a_key_can_be_given_another_act_and_the_browser_remembers(page, server, start):
    page.keyboard.press("?")
    page.click("[data-key-of=skip]")
    page.keyboard.press("k")
    press(page, "Escape", "k")
    page.reload()
    page.wait_for_selector(".cell.current", timeout=60_000)
    press(page, "k")
    assert log(server, start)["kind"].tolist() == ["skip", "skip"]


def test_the_keyboard_alone_reaches_everything_and_screen_readers_are_told(page):
    roles = page.eval_on_selector_all(".grid, .cell", "all => all.map((one) => one.role)")
    assert roles == ["listbox"] + ["option"] * 24
    chosen = page.eval_on_selector_all(".cell", "all => all.map((c) => c.ariaSelected)")
    assert chosen == ["true"] + ["false"] * 23
    label = page.get_attribute(".cell >> nth=0", "aria-label")
    assert "open" in label
    press(page, "a")
    assert "accept" in page.get_attribute(".cell >> nth=0", "aria-label")
    assert page.inner_text(".spoken").startswith("Item ")
