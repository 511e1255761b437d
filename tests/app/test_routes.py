"""The addresses that the page's element talks to, without a browser."""

from __future__ import annotations

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from annotate.errors import NotReadyError
from annotate.review.queue_request import QueueRequest
from annotate.review.server_settings import PROJECT, REVIEWER
from annotate.steps.people import Person, admit, remove_person, set_person
from app import session as app_session
from app.api.routes import MAX_BODY_BYTES, PREFIX, ROUTES
from app.session import open_project, start_session
from tests.app.review_projects import image_project, predict_at_random


@pytest.fixture
def folder(tmp_path, monkeypatch):
    project = image_project(tmp_path / "p", [Image.new("RGB", (40, 30), "red")] * 5)
    predict_at_random(project)
    project.close()
    monkeypatch.setenv(PROJECT, str(tmp_path / "p"))
    monkeypatch.setenv(REVIEWER, "ann")
    return tmp_path


@pytest.fixture
def session(folder):
    return start_session(QueueRequest("margin"), admit(open_project(), "ann", may_join=True))


@pytest.fixture
def api(session):
    return TestClient(Starlette(routes=ROUTES), base_url=f"http://test{PREFIX}/{session.token}/")


def test_a_page_of_cards_follows_the_queue(api, session):
    pages = [api.post("next?n=2&holder=tab").json()["cards"] for _ in range(4)]
    asked = [[card["item_no"] for card in page] for page in pages]
    assert [len(page) for page in asked] == [2, 2, 1, 0]
    assert [number for page in asked for number in page] == session.queue.item_nos.tolist()


def test_an_order_stays_when_what_it_builds_on_is_undone(api, session, monkeypatch):
    def refuse(*arguments):
        raise NotReadyError("There must be a label; there is none.")

    monkeypatch.setattr("app.api.routes.order_is_old", lambda session: True)
    monkeypatch.setattr(app_session, "_open", refuse)
    cards = api.post("next?n=5&holder=tab").json()["cards"]
    assert [card["item_no"] for card in cards] == session.queue.item_nos.tolist()


def test_a_picture_is_sent_once(api):
    reply = api.get("picture/0")
    assert (reply.headers["content-type"], reply.status_code) == ("image/png", 200)
    assert reply.headers["x-content-type-options"] == "nosniff"
    again = api.get("picture/0", headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name",
    [
        "99",
        "-1",
        "9" * 30,
        "1.5",
        "..%2f..%2fannotate.toml",
        "%2e%2e%2f0",
        "0%00",
        "\u0661",
        "0.png",
    ],
)
def test_nothing_but_an_item_number_names_a_picture(api, name):
    assert api.get(f"picture/{name}").status_code == 404
    assert api.get(f"card/{name}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "next?n=1&holder=tab"),
        ("GET", "card/0"),
        ("GET", "picture/0"),
        ("GET", "look-alikes/0"),
        ("POST", "leases"),
    ],
)
def test_without_the_token_nothing_is_shown(api, method, path):
    reply = api.request(method, f"http://test{PREFIX}/guessed/{path}")
    assert reply.status_code == 403
    assert "cards" not in reply.text


def test_without_the_token_nothing_is_stored(api, session):
    reply = api.post(f"http://test{PREFIX}/guessed/events", json={"events": [{}]})
    assert reply.status_code == 403


def test_events_are_stored_in_the_name_of_the_sessions_reviewer(api, session):
    event = {"client_id": "c", "seq": 1, "item_no": 0, "kind": "accept", "class_no": 1}
    reply = api.post("events", json={"events": [{**event, "reviewer": "bob"}]})
    assert reply.json() == {"acked": ["c:1"], "refused": {}, "order_version": 0}
    with session.workspace.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT reviewer, class_no FROM decisions").all()
    assert [tuple(row) for row in rows] == [("ann", 1)]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "nonsense",
        '{"events": 1}',
        '{"events": [1]}',
        '{"events": [' + "{}," * 600 + "{}]}",
        "[" * 100_000,
        '{"events": [{"seq": ' + "9" * 5000 + "}]}",
    ],
)
def test_a_malformed_body_is_refused(api, body):
    reply = api.post("events", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400


def test_a_form_from_another_site_is_refused(api):
    reply = api.post("events", content="{}", headers={"Content-Type": "text/plain"})
    assert reply.status_code == 415


def test_a_huge_body_is_refused(api):
    body = b" " * (MAX_BODY_BYTES + 1)
    reply = api.post("events", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 413


def test_only_so_many_sessions_are_kept(folder, monkeypatch):
    monkeypatch.setattr(app_session, "_MAX_SESSIONS", 2)
    tokens = [start_session(QueueRequest(), Person("ann", "owner")).token for _ in range(3)]
    assert [app_session.find_session(token) is None for token in tokens] == [True, False, False]


def test_a_lost_picture_says_so(api, folder):
    (folder / "p-pictures" / "3.png").unlink()
    reply = api.get("picture/3")
    assert (reply.status_code, "cannot be shown" in reply.json()["error"]) == (409, True)


def test_a_page_ends_when_its_person_is_taken_off_the_list(api, session):
    set_person(session.workspace, "eve", "owner")
    assert api.get("card/0").status_code == 200
    remove_person(session.workspace, "ann")
    assert api.get("card/0").status_code == 403
    event = {"client_id": "c", "seq": 1, "item_no": 0, "kind": "skip"}
    assert api.post("events", json={"events": [event]}).status_code == 403


def test_leases_are_kept_given_back_and_told_when_lost(api, session):
    [first, second] = [card["item_no"] for card in api.post("next?n=2&holder=tab").json()["cards"]]
    told = {"holder": "tab", "keep": [first], "release": [second]}
    assert api.post("leases", json=told).json() == {"lost": []}
    other = {"holder": "other", "keep": [first, second], "release": []}
    assert api.post("leases", json=other).json() == {"lost": [first]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"holder": "", "keep": [], "release": []},
        {"holder": "t", "keep": ["1"], "release": []},
    ],
)
def test_malformed_leases_are_refused(api, body):
    assert api.post("leases", json=body).status_code == 400


def test_a_page_that_asks_for_another_queue_ends_its_first_session(folder):
    person = admit(open_project(), "ann", may_join=True)
    first = start_session(QueueRequest(), person)
    second = start_session(QueueRequest("random"), person, first)
    assert app_session.find_session(first.token) is None
    assert app_session.find_session(second.token) is second
