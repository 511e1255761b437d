"""The map in a real browser, with a real mouse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annotate.steps.item_map import read_item_map
from annotate.steps.snapshot import read_snapshot
from annotate.steps.workspace import open_workspace
from annotate.store.arrays import create_array
from pipelines.browsing import ReviewServer
from tests.app.review_projects import predict_as_given, text_project

pytestmark = pytest.mark.browser

CANARY = "<img src=x onerror='window.canary=1'>cat"
N_ITEMS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    texts = [f"{'cat' if n % 2 else 'dog'} {n}" for n in range(N_ITEMS)]
    project = text_project(folder / "p", texts, [CANARY, "dog"])
    features = np.random.default_rng(0).normal(size=(N_ITEMS, 2)) * [2, 1]
    create_array(project.store, "features", "plane", 2).write_part(0, features)
    proba = np.array([[0.2, 0.8], [0.9, 0.1]])[np.arange(N_ITEMS) % 2]
    predict_as_given(project, proba)
    project.close()
    with ReviewServer(folder / "p", folder / "log") as running:
        running.folder = folder / "p"
        yield running


@pytest.fixture
def page(browser, server):
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.goto(f"{server.address}map")
    page.wait_for_selector(".map[data-drawn]", timeout=60_000)
    yield page
    context.close()


def box_of(page):
    box = page.locator(".map .line").bounding_box()
    return box["x"], box["y"], box["width"], box["height"]


def draw_circle(page, radius=0.5):
    """Draw around the middle; a radius of 0.5 reaches the nearer edges."""
    left, top, width, height = box_of(page)
    turns = [2 * math.pi * step / 40 for step in range(41)]
    line = [
        (left + width * (0.5 + radius * math.cos(a)), top + height * (0.5 + radius * math.sin(a)))
        for a in turns
    ]
    page.mouse.move(*line[0])
    page.mouse.down()
    for x, y in line[1:]:
        page.mouse.move(x, y)
    page.mouse.up()


def n_chosen(page):
    metric = page.wait_for_selector("[data-testid=stMetricValue]", timeout=60_000)
    return int(metric.inner_text().replace(",", ""))


def expected_in_circle(server, radius, margin=0.0):
    workspace = open_workspace(server.folder)
    places = read_item_map(workspace, read_snapshot(workspace)).points.places / 65_535
    workspace.close()
    # The whole map has an edge of 2 % around it.
    distance = np.linalg.norm((places - 0.5) / 1.04, axis=1)
    return int((distance < radius + margin).sum())


def test_a_lasso_chooses_what_it_goes_round(page, server):
    draw_circle(page, 0.3)
    low, high = (expected_in_circle(server, 0.3, margin) for margin in (-0.02, 0.02))
    assert 0 < low <= n_chosen(page) <= high < N_ITEMS


def test_a_hidden_group_is_not_chosen(page):
    page.locator(".groups label", has_text="dog").locator("input").uncheck()
    page.locator("[data-act=shown]").click()
    assert n_chosen(page) == N_ITEMS // 2


def test_the_keyboard_alone_zooms_and_chooses(page):
    page.locator(".map .line").focus()
    page.keyboard.press("Enter")
    assert n_chosen(page) == N_ITEMS
    for _ in range(3):
        page.keyboard.press("+")
    page.keyboard.press("Enter")
    page.wait_for_function(
        f"() => document.querySelector('[data-testid=stMetricValue]').innerText !== '{N_ITEMS}'"
    )
    assert n_chosen(page) < N_ITEMS


def test_points_are_drawn_in_the_colours_of_the_legend(page):
    drawn = page.locator(".map .points").evaluate(
        """canvas => {
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          const seen = new Set();
          for (let at = 0; at < data.length; at += 4)
            if (data[at + 3]) seen.add(`rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`);
          return [...seen];
        }"""
    )
    swatches = page.locator(".swatch").evaluate_all("all => all.map(s => s.style.background)")
    assert set(drawn) == set(swatches)
    assert len(drawn) == 2


def test_a_hostile_class_name_is_text(page):
    assert page.locator(".groups .name").first.inner_text() in (CANARY, "dog")
    left, top, width, height = box_of(page)
    page.mouse.move(left + width / 2, top + height / 2)
    draw_circle(page, 0.49)
    n_chosen(page)
    assert page.evaluate("window.canary") is None


def test_another_colour_is_another_legend(page):
    page.get_by_role("combobox", name="Colour").click()
    page.get_by_role("option", name="confidence").click()
    page.locator(".groups .name", has_text="90 to 100 %").wait_for(timeout=60_000)
    assert page.locator(".groups .name").first.inner_text() == "0 to 10 %"
