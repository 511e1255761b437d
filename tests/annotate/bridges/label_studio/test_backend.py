"""The ML-backend protocol, as Label Studio and a stranger speak it."""

from __future__ import annotations

import logging

import pytest
from starlette.testclient import TestClient

from annotate.bridges.label_studio.access import Secret
from annotate.bridges.label_studio.backend import MAX_BODY_BYTES, SECRET_HEADER, make_backend

SECRET = "a-shared-secret"
PROTECTED = [("POST", "/setup"), ("GET", "/versions"), ("POST", "/predict"), ("POST", "/webhook")]


class Counting:
    """Predicts the number of each task."""

    def model_version(self):
        return "v1"

    def predict(self, tasks):
        return [{"model_version": "v1", "score": 1.0, "result": [task]} for task in tasks]


@pytest.fixture
def hints():
    return []


@pytest.fixture
def backend(hints):
    app = make_backend(Counting(), Secret(SECRET), lambda: hints.append(1))
    return TestClient(app, headers={SECRET_HEADER: SECRET})


@pytest.fixture
def stranger(backend):
    del backend.headers[SECRET_HEADER]
    return backend


def test_it_says_that_it_is_up_to_everybody(stranger):
    assert stranger.get("/health").json() == {"status": "UP"}


def test_setup_names_the_model_and_forgets_the_token(backend, caplog):
    caplog.set_level(logging.DEBUG)
    body = {"project": "1.1", "schema": "<View/>", "access_token": "TOKEN-OF-THE-OWNER"}
    assert backend.post("/setup", json=body).json() == {"model_version": "v1"}
    assert "TOKEN-OF-THE-OWNER" not in caplog.text


def test_versions_are_listed(backend):
    assert backend.get("/versions").json() == {"versions": ["v1"]}


def test_one_prediction_a_task_comes_in_the_same_order(backend):
    body = {"tasks": [3, 1, 2], "project": "1.1", "label_config": "<View/>", "params": {}}
    results = backend.post("/predict", json=body).json()["results"]
    assert [r["result"] for r in results] == [[3], [1], [2]]


def test_label_studios_basic_authentication_carries_the_secret(stranger):
    assert stranger.get("/versions", auth=("anybody", SECRET)).status_code == 200


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {SECRET_HEADER: ""},
        {SECRET_HEADER: "a-shared-secre"},
        {SECRET_HEADER: SECRET + "t"},
        {SECRET_HEADER: "ü".encode()},
        {"Authorization": f"Bearer {SECRET}"},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": "Basic " + "=" * 9},
        {"Authorization": "Basic /////w=="},
    ],
)
def test_without_the_secret_nothing_is_said_or_done(stranger, hints, method, path, headers):
    reply = stranger.request(method, path, headers=headers, json={"tasks": [1]} if "P" in method
                             and method == "POST" else None)  # fmt: skip
    assert (reply.status_code, hints) == (401, [])
    assert "v1" not in reply.text


def test_a_webhook_is_a_hint_whatever_it_says(backend, hints):
    for content in (b'{"action": "ANNOTATION_CREATED"}', b"", b"nonsense", b"[" * 100_000):
        assert backend.post("/webhook", content=content).status_code == 200
    assert len(hints) == 4


@pytest.mark.parametrize("path", ["/webhook", "/predict", "/setup"])
def test_an_oversize_body_is_refused_and_does_nothing(backend, hints, path):
    assert backend.post(path, content=b" " * (MAX_BODY_BYTES + 1)).status_code == 413
    assert hints == []


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b'{"tasks": {}}', b'{"task": []}', b"[" * 100_000, b"\xff"]
)
def test_a_malformed_request_for_predictions_is_refused(backend, body):
    assert backend.post("/predict", content=body).status_code == 400


def test_other_addresses_do_not_exist(backend):
    for path in ("/train", "/../etc/passwd", "/predict/1", "/delete"):
        assert backend.post(path).status_code == 404
