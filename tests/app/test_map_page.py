"""The map page as Streamlit runs it, and what its element fetches; the element itself is drawn in
a browser test."""

from __future__ import annotations

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from annotate.review.server_settings import PROJECT, REVIEWER
from annotate.steps.embed import embed
from annotate.steps.snapshot import read_snapshot
from annotate.store.decisions import Decision, append_decisions
from app.api import open_maps
from app.api.map_routes import MAP_PREFIX, MAP_ROUTES
from app.api.open_maps import open_map
from tests.app.review_projects import predict_as_given, text_project

SCRIPT = "from app.views.map import show\nshow()"
TEXTS = [f"{animal} number {number}" for number in range(10) for animal in ("cat", "dog")]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv(PROJECT, str(tmp_path / "p"))
    monkeypatch.setenv(REVIEWER, "ann")
    project = text_project(tmp_path / "p", TEXTS)
    yield project
    project.close()


@pytest.fixture
def embedded(project):
    embed(project, "hashing")
    predict_as_given(project, np.tile([0.7, 0.2, 0.1], (20, 1)))
    return project


@pytest.fixture
def api():
    return TestClient(Starlette(routes=MAP_ROUTES), base_url=f"http://test{MAP_PREFIX}/")


def newest_map(project):
    return open_map(project, read_snapshot(project))


def has_map(page):
    return "bidi_component" in {element.type for element in page.main}


def test_without_features_the_page_says_how_to_get_them(project):
    page = AppTest.from_string(SCRIPT, default_timeout=60).run()
    assert not page.exception
    assert "annotate embed" in page.text[0].value
    assert not has_map(page)


def test_the_map_can_be_coloured_by_every_teacher_too(embedded):
    page = AppTest.from_string(SCRIPT, default_timeout=60).run()
    assert not page.exception
    assert has_map(page)
    page.selectbox(key="map_colour").select("zero_shot").run()
    assert not page.exception


def test_places_and_groups_are_sent_for_every_point(embedded, api):
    opened = newest_map(embedded)
    points = api.get(f"{opened.token}/points")
    assert len(points.content) == 20 * 8
    assert points.headers["x-content-type-options"] == "nosniff"
    assert np.frombuffer(points.content, "<i4", 20).tolist() == list(range(20))
    groups = api.get(f"{opened.token}/groups/{opened.item_map.colourings.index('confidence')}")
    assert set(groups.content) == {6}  # 60 to 70 %, as float16 rounds 0.7 down


@pytest.mark.parametrize("path", ["points", "groups/0"])
def test_without_the_token_nothing_is_shown(embedded, api, path):
    newest_map(embedded)
    assert api.get(f"guessed/{path}").status_code == 404


@pytest.mark.parametrize("number", ["99", "-1", "x", "0.5"])
def test_a_colouring_that_is_none_is_not_found(embedded, api, number):
    assert api.get(f"{newest_map(embedded).token}/groups/{number}").status_code == 404


def test_pages_share_a_map_until_something_changes(embedded):
    first = newest_map(embedded)
    assert newest_map(embedded) is first
    append_decisions(embedded.store, [Decision("e", 0, "ann", "relabel", 1, class_no=1)])
    second = newest_map(embedded)
    assert second.token != first.token
    assert open_maps.find_map(first.token) is first


def test_only_so_many_maps_stay_open(embedded, monkeypatch):
    monkeypatch.setattr(open_maps, "_MOST_OPEN", 1)
    first = newest_map(embedded)
    append_decisions(embedded.store, [Decision("e", 0, "ann", "relabel", 1, class_no=1)])
    newest_map(embedded)
    assert open_maps.find_map(first.token) is None
