"""The review element in a real browser, with real keys, against a real server."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager

import pytest

from annotate.steps.record_events import record_events
from annotate.steps.review import open_queue
from annotate.steps.workspace import open_workspace
from annotate.store.decisions import read_decisions
from annotate.store.leases import forget_expired
from annotate.store.queue_front import ask_first
from annotate.store.schema_versions import record_schema, retired
from pipelines.browsing import ReviewServer
from tests.app.review_projects import predict_at_random, text_project

pytestmark = pytest.mark.browser

N_ITEMS = 900
CANARY = "<img src=x onerror='window.canary=1'><script>window.canary=1</script>"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all; its texts and one of its class names are hostile."""
    folder = tmp_path_factory.mktemp("review")
    texts = [f"{CANARY} \u202etxt {number}" for number in range(N_ITEMS)]
    project = text_project(folder / "p", texts, [f"{CANARY} \u202ecat", "dog", "owl", "wolf"])
    predict_at_random(project)
    project.close()
    with ReviewServer(folder / "p", folder / "log") as running:
        running.folder = folder / "p"
        yield running


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    for opened in context.pages:
        opened.goto("about:blank")  # as a closed tab does, it gives back what it was handed
    context.close()


def visit(page, server):
    page.goto(f"{server.address}?mode=one")
    page.wait_for_selector(".item-id:not(:empty)", timeout=60_000)
    return Log(server)


def wait_until_saved(page):
    page.wait_for_selector(".saved[data-state=saved]", timeout=60_000)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    wait_until_saved(page)


@contextmanager
def change(server):
    """The project, opened beside the running server."""
    workspace = open_workspace(server.folder)
    yield workspace
    workspace.close()


def skip(item_no):
    return {"client_id": "bob", "seq": item_no + 1, "item_no": item_no, "kind": "skip"}


class Log:
    """The decisions stored since the page was opened."""

    def __init__(self, server):
        self.server = server
        self.start = len(self._read())

    def _read(self):
        with change(self.server) as project, project.store.read() as connection:
            return read_decisions(connection)

    def rows(self):
        return list(self._read().iloc[self.start :].itertuples())

    def kinds(self):
        return [row.kind for row in self.rows()]


def test_every_key_becomes_one_decision(page, server):
    log = visit(page, server)
    press(page, "a", "x", "Space", "z", "Enter")
    rows = log.rows()
    assert [row.kind for row in rows] == ["accept", "reject", "skip", "undo", "accept"]
    assert rows[3].undoes == rows[2].event_id
    assert rows[4].item_no == rows[2].item_no
    assert {row.reviewer for row in rows} == {"ann"}


def test_a_number_gives_that_class(page, server):
    log = visit(page, server)
    press(page, "1", "2", "3")
    rows = log.rows()
    assert [row.class_no for row in rows] == [0, 1, 2]
    assert len({row.item_no for row in rows}) == 3


def test_buttons_do_what_keys_do(page, server):
    log = visit(page, server)
    for selector in (
        "[data-act=accept]",
        "[data-act=reject]",
        "[data-act=skip]",
        ".class >> nth=1",
    ):
        page.click(selector)
    page.click("[data-act=undo]")
    wait_until_saved(page)
    assert log.kinds()[:3] == ["accept", "reject", "skip"]
    assert log.rows()[3].class_no == 1
    assert log.kinds()[4] == "undo"
    page.keyboard.press("Space")  # a clicked button must not take the space bar for itself
    wait_until_saved(page)
    assert log.kinds()[5] == "skip"


def test_a_key_held_down_answers_one_item(page, server):
    log = visit(page, server)
    for _ in range(5):
        page.keyboard.down("a")
    page.keyboard.up("a")
    wait_until_saved(page)
    assert log.kinds() == ["accept"]


def test_a_burst_is_stored_whole_and_once(page, server):
    log = visit(page, server)
    for _ in range(60):
        page.keyboard.press("a")
        page.wait_for_timeout(12)
    wait_until_saved(page)
    assert log.kinds() == ["accept"] * 60
    assert max(Counter(row.item_no for row in log.rows()).values()) == 1


def test_a_reload_in_the_middle_loses_nothing_and_shows_nothing_twice(page, server):
    log = visit(page, server)
    for _ in range(15):
        page.keyboard.press("a")
    page.reload()
    page.wait_for_selector(".item-id:not(:empty)", timeout=60_000)
    for _ in range(15):
        page.keyboard.press("a")
    wait_until_saved(page)
    assert len({row.item_no for row in log.rows()}) == len(log.rows()) == 30


def test_an_undo_reaches_back_over_a_reload(page, server):
    log = visit(page, server)
    press(page, "a")
    page.reload()
    page.wait_for_selector(".item-id:not(:empty)", timeout=60_000)
    press(page, "z")
    first, second = log.rows()
    assert (second.kind, second.undoes) == ("undo", first.event_id)
    assert page.inner_text(".item-id") == f"t{first.item_no}"


def test_a_restarted_server_gets_every_answer_once(page, server):
    log = visit(page, server)
    for _ in range(10):
        page.keyboard.press("a")
    server.stop()
    for _ in range(10):
        page.keyboard.press("a")
    page.wait_for_selector(".saved[data-state=unsaved]")
    assert "NOT SAVED" in page.inner_text(".saved")
    server.start()
    wait_until_saved(page)
    for _ in range(10):
        page.keyboard.press("a")
    wait_until_saved(page)
    assert len({row.item_no for row in log.rows()}) == len(log.rows()) == 30


def test_what_a_closed_tab_left_behind_is_sent_by_the_next(page, server):
    log = visit(page, server)
    context = page.context
    context.set_offline(True)  # what a closing page still sends is lost as well
    for _ in range(10):
        page.keyboard.press("a")
    page.close()
    assert log.kinds() == []
    context.set_offline(False)
    next_page = context.new_page()
    visit(next_page, server)
    wait_until_saved(next_page)
    assert log.kinds() == ["accept"] * 10


def test_two_tabs_at_once_lose_nothing(page, server):
    log = visit(page, server)
    other = page.context.new_page()
    visit(other, server)
    for _ in range(10):
        page.keyboard.press("a")
        other.keyboard.press("x")
    wait_until_saved(page)
    wait_until_saved(other)
    assert Counter(log.kinds()) == {"accept": 10, "reject": 10}


def test_hostile_texts_and_names_are_only_shown(page, server):
    visit(page, server)
    assert page.inner_text(".stage").startswith(CANARY)
    assert "<script>" in page.inner_text(".classes")
    page.keyboard.press("/")
    assert "<script>" in page.inner_text("dialog.search")
    assert page.evaluate("window.canary") is None
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0


def test_a_class_is_found_by_typing(page, server):
    log = visit(page, server)
    page.keyboard.press("/")
    page.keyboard.type("wlf")
    assert page.inner_text("dialog.search [aria-selected=true]").strip() == "wolf"
    press(page, "Enter", "Space")  # the closed dialog must not swallow the next key
    found, after = log.rows()
    assert (found.class_no, after.kind) == (3, "skip")


def test_help_opens_and_closes_and_takes_no_key_for_itself(page, server):
    log = visit(page, server)
    press(page, "?", "a", "Escape", "Space", "?", "?", "Space")
    assert log.kinds() == ["skip", "skip"]
    page.keyboard.press("?")
    assert page.is_visible("dialog.help")


def test_an_audit_is_asked_first_blind_and_held_back(page, server):
    with change(server) as project, project.store.write() as connection:
        decided = set(read_decisions(connection)["item_no"])
        asked = max(set(range(N_ITEMS)) - decided)
        ask_first(connection, [asked], "audit")
        forget_expired(connection, now_s=float("inf"))  # what tabs of other tests still hold
    log = visit(page, server)
    assert page.inner_text(".item-id") == f"t{asked}"
    assert "blind" in page.inner_text(".suggestion")
    assert "%" not in page.inner_text(".answer")
    press(page, "a", "x", "3")
    [row] = log.rows()
    assert (row.item_no, row.kind, row.class_no, row.role) == (asked, "relabel", 2, "held_back")


def test_a_refused_answer_is_told_and_holds_up_no_other(page, server):
    log = visit(page, server)
    with change(server) as project, project.store.write() as connection:
        record_schema(connection, retired(project.schema, "wolf"), "test")
    press(page, "4", "Space")
    assert "retired" in page.inner_text(".refused")
    assert log.kinds() == ["skip"]


def test_the_end_of_the_queue_is_told(page, server):
    with change(server) as project:
        left = open_queue(project).item_nos.tolist()[:-2]
        for start in range(0, len(left), 500):
            record_events(project, "bob", [skip(number) for number in left[start : start + 500]])
    log = visit(page, server)
    press(page, "Space", "Space")
    assert "All done" in page.inner_text(".stage")
    assert log.kinds() == ["skip", "skip"]
