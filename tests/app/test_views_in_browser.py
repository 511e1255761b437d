"""Every page of a project whose names, ids and texts try to act, in a real browser."""

from __future__ import annotations

from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import TimeoutError

from annotate.steps.embed import embed
from annotate.steps.people import set_person
from annotate.steps.project_exports import export_into_project
from annotate.steps.train import train
from annotate.steps.workspace import open_workspace
from annotate.store.decisions import Decision, append_decisions, read_decisions
from pipelines.browsing import ReviewServer
from tests.app.review_projects import predict_at_random, text_project

pytestmark = pytest.mark.browser

CANARY = (
    "<img src=x onerror='window.canary=1'><script>window.canary=1</script>"
    "[link](javascript:window.canary=1) $\\href{javascript:window.canary=1}{x}$ \u202etxt"
)
STILL = "!document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')"
N_ITEMS = 60
OWNER = "<b>ann</b>"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Hostile classes, ids, texts, teachers and reviewers; rounds, a conflict and an export."""
    folder = tmp_path_factory.mktemp("views")
    texts = [f"{CANARY} \x1b[31m\x07 {number}" for number in range(N_ITEMS)]
    project = text_project(folder / "p", texts, [f"{CANARY} {n}" for n in range(3)], CANARY)
    set_person(project, OWNER, "owner")
    embed(project, "hashing")
    predict_at_random(project, 0, f"imported:{CANARY}")
    predict_at_random(project, 1, f"imported:other {CANARY}")
    shown = {"blind": False, "class_no": 2}
    append_decisions(
        project.store,
        [
            Decision(f"{who}:{n}", n, who, "relabel", 1, class_no=(n + shift) % 3, shown=shown)
            for who, shift, numbers in ((OWNER, 0, range(20)), (CANARY, 1, range(6)))
            for n in numbers
        ],
    )
    train(project, n_rounds=1, student="linear", selectors=["threshold:0.34"])
    export_into_project(project, OWNER, CANARY, "csv", excel_safe=True)
    project.close()
    with ReviewServer(folder / "p", folder / "log", reviewer=OWNER) as running:
        running.folder = folder / "p"
        yield running


@contextmanager
def watched(browser):
    """Give a page, and assert afterwards that nothing on it acted."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked_elsewhere, broken, dialogs = [], [], []
    page.on(
        "request",
        lambda r: (
            r.url.startswith(("http://127.0.0.1", "data:", "blob:"))
            or asked_elsewhere.append(r.url)
        ),
    )
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    yield page
    assert page.evaluate("typeof window.canary") == "undefined"
    hostile = "img[src=x], script:not([src])[data-x], a[href^=javascript], .katex"
    assert page.locator(hostile).count() == 0
    assert (asked_elsewhere, broken, dialogs) == ([], [], [])
    context.close()


def settle(page):
    page.wait_for_timeout(300)
    page.wait_for_function(STILL, timeout=60_000)
    page.wait_for_timeout(700)
    assert page.get_by_test_id("stException").count() == 0


def visit(page, server, view):
    page.goto(f"{server.address}{view}")
    page.get_by_test_id("stMainBlockContainer").wait_for(timeout=60_000)
    settle(page)


@pytest.mark.parametrize("view", ["overview", "teachers", "conflicts", "rounds", "export", "audit"])
def test_no_name_acts_on_a_page(browser, server, view):
    with watched(browser) as page:
        visit(page, server, view)
        for chart in page.get_by_test_id("stVegaLiteChart").all():
            box = chart.bounding_box()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
            page.wait_for_timeout(200)  # a tooltip shows what lies there


@pytest.mark.parametrize("part", ["Table", "Gallery", "Confusions", "Change classes"])
def test_no_class_name_acts_on_the_page_of_classes(browser, server, part):
    with watched(browser) as page:
        visit(page, server, "classes")
        page.get_by_role("radio", name=part).click()
        settle(page)
        for change in ("Merge", "Split", "Retire") if part == "Change classes" else ():
            page.get_by_role("radio", name=change).click()
            settle(page)


def test_a_group_is_looked_at_accepted_and_taken_back_in_the_browser(browser, server):
    with watched(browser) as page:
        visit(page, server, "teachers")
        table = page.get_by_test_id("stDataFrame").last
        button = page.get_by_role("button", name="in one act")
        # A click before the table has drawn its lines meets none of them.
        for _ in range(5):
            table.click(position={"x": 18, "y": 52})  # the box before the first line
            with suppress(TimeoutError):
                button.wait_for(timeout=6_000)
                break
        button.wait_for(timeout=30_000)
        settle(page)
        button.click()
        undo = page.get_by_role("button", name="Undo all of it")
        undo.wait_for(timeout=30_000)
        settle(page)
        undo.click()
        undo.wait_for(state="detached", timeout=30_000)
    workspace = open_workspace(server.folder)
    with workspace.store.read() as connection:
        log = read_decisions(connection)
    workspace.close()
    derived = log.loc[log["kind"] == "derive", "event_id"]
    assert len(derived) > 0
    assert set(derived) <= set(log["undoes"])
