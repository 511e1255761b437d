"""Faults of network and server, as requests meet them."""

from __future__ import annotations

import datetime
import http.server
import logging
import ssl
import subprocess
import threading
import traceback
from contextlib import closing

import httpx2
import pytest

from annotate.bridges.label_studio.access import Secret
from annotate.bridges.label_studio.patient_http import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    MAX_RETRIES,
    LostReplyError,
    PatientHttp,
    RefusedError,
)
from annotate.errors import LabelStudioError
from tests.annotate.bridges.label_studio.fake_server import TOKEN, URL, FakeLabelStudio

PROJECT = "/api/projects/1/"


@pytest.fixture
def server():
    fake = FakeLabelStudio()
    fake.client().create_project("title", "about", "<View/>")
    return fake


def make_task(server):
    return server.http().send("POST", "/api/projects/1/import", json=[{"data": {}}])


@pytest.mark.parametrize("kind", ["connect", "timeout", "reset", "garbled", 500, 502, 503, 504])
def test_reading_goes_on_after_a_fault_that_ends(server, kind):
    server.fail("GET /api/projects/1/", kind, times=MAX_RETRIES)
    assert server.http().ask("GET", PROJECT)["title"] == "title"
    assert len(server.waits) == MAX_RETRIES


@pytest.mark.parametrize("kind", ["connect", "timeout", 503])
def test_a_fault_that_does_not_end_is_one_sentence_after_five_retries(server, kind):
    server.fail("GET", kind, times=10**6)
    with pytest.raises(LabelStudioError, match="6 attempts"):
        server.http().ask("GET", PROJECT)
    assert len(server.waits) == MAX_RETRIES


def test_a_server_that_is_down_for_a_minute_is_waited_for_without_a_storm(server):
    server.fail("GET", 503, times=MAX_RETRIES)
    server.http().ask("GET", PROJECT)
    assert sum(server.waits) >= 60
    assert min(server.waits) >= 1  # at most one request a second
    assert server.waits == sorted(server.waits)


def test_waiting_is_told_with_its_reason(server):
    told = []
    server.fail("GET", 503, retry_after="7")
    patient = PatientHttp(
        URL, Secret(TOKEN), transport=server, tell=told.append, sleep=lambda seconds: None
    )
    patient.ask("GET", PROJECT)
    assert told == [f"Label Studio at {URL}: status 503. Trying again in 7 seconds."]


def test_waiting_grows_is_never_in_step_and_has_an_end(server):
    patient = PatientHttp(URL, Secret(TOKEN), transport=server, draw=iter([0, 1] * 9).__next__)
    waits = [patient.wait_before(attempt) for attempt in range(18)]
    assert waits[0] != waits[1] / 2
    assert waits[0] == 0.75 * FIRST_WAIT_S
    assert max(waits) <= 1.25 * LONGEST_WAIT_S


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_a_server_asks_for_is_kept(server, status):
    server.fail("GET", status, retry_after="7")
    server.http().ask("GET", PROJECT)
    assert server.waits == [7]


def test_the_wait_may_be_given_as_a_date(server):
    server.fail("GET", 429, retry_after="Thu, 01 Jan 2026 00:01:00 GMT")
    server.http().ask("GET", PROJECT)
    assert 50 < server.waits[0] <= 60


def test_an_odd_wish_to_wait_is_ignored(server):
    server.fail("GET", 429, retry_after="soon")
    server.http().ask("GET", PROJECT)
    assert server.waits == [FIRST_WAIT_S]


def test_a_server_that_asks_for_an_hour_is_given_up(server):
    server.fail("GET", 429, retry_after="3600")
    with pytest.raises(LabelStudioError, match="3,600 seconds"):
        server.http().ask("GET", PROJECT)
    assert server.waits == []


@pytest.mark.parametrize("kind", ["timeout", "lost", "reset", "garbled", 500, 502, 503, 504])
def test_a_request_is_never_sent_again_where_it_may_have_worked(server, kind):
    server.fail("/import", kind)
    with pytest.raises(LostReplyError) as lost:
        make_task(server)
    assert server.lines.count("POST /api/projects/1/import") == 1
    assert lost.value.answered is isinstance(kind, int)


@pytest.mark.parametrize("kind", ["connect", 429])
def test_a_request_is_sent_again_where_nothing_can_have_come_of_it(server, kind):
    server.fail("/import", kind, times=2)
    assert make_task(server)["task_ids"] == [1]
    assert len(server.tasks) == 1


def test_a_refusal_is_said_in_the_servers_words_and_not_repeated(server):
    server._import = lambda *a: (400, {"validation_errors": ["no data"]})
    with pytest.raises(RefusedError, match=r"status 400: .*no data"):
        make_task(server)
    assert server.waits == []


def test_hostile_words_of_a_server_cannot_act_on_a_terminal(server):
    server._import = lambda *a: (400, {"detail": "\x1b[31m" + "x" * 10_000})
    with pytest.raises(RefusedError) as caught:
        make_task(server)
    assert "\x1b" not in str(caught.value) and len(str(caught.value)) < 500


def test_a_revoked_token_says_so_and_is_never_shown(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.token = "another"
    server.fail("GET", "timeout", times=1)
    try:
        server.http().ask("GET", PROJECT)
    except RefusedError:
        shown = traceback.format_exc()
    assert "accept the token" in shown
    assert TOKEN not in shown + caplog.text + repr(vars(server.http()))


def test_a_redirect_is_not_followed_with_the_token(server):
    server.fail("GET", 302)
    with pytest.raises(RefusedError, match="sends elsewhere"):
        server.http().ask("GET", PROJECT)


def test_a_personal_token_is_exchanged_and_renewed():
    sent = []

    def answer(request):
        sent.append((request.url.path, request.headers.get("authorization")))
        if request.url.path == "/api/token/refresh":
            return httpx2.Response(200, json={"access": f"access-{len(sent)}"})
        fresh = len([path for path, _ in sent if path != "/api/token/refresh"]) != 2
        return httpx2.Response(200 if fresh else 401, json={"id": 1})

    patient = PatientHttp(URL, Secret("a.b.c"), transport=httpx2.MockTransport(answer))
    patient.ask("GET", PROJECT)
    patient.ask("GET", PROJECT)
    assert [auth for _, auth in sent] == [
        None, "Bearer access-1", "Bearer access-1", None, "Bearer access-4",
    ]  # fmt: skip


def test_the_servers_clock_is_read_from_its_replies(server):
    patient = server.http()
    patient.ask("GET", PROJECT)
    assert patient.server_time == server.now
    assert patient.server_time.tzinfo == datetime.UTC


# On real sockets


class Cutting(http.server.BaseHTTPRequestHandler):
    """Promises a long body and hangs up in the middle of it, the first times."""

    n_cuts = 2

    def do_GET(self):
        body = b'{"id": 1}'
        cut = type(self).n_cuts > 0
        type(self).n_cuts -= 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) * (3 if cut else 1)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def listening():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cutting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_reply_that_is_cut_off_is_asked_for_again(listening):
    url = f"http://127.0.0.1:{listening.server_port}"
    waits: list[float] = []
    with closing(PatientHttp(url, Secret(TOKEN), sleep=waits.append)) as patient:
        assert patient.ask("GET", PROJECT) == {"id": 1}
    assert len(waits) == 2


def test_a_certificate_that_nobody_signed_is_refused_at_once(listening, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    _sign_oneself(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    listening.handle_error = lambda *args: None
    waits: list[float] = []
    url = f"https://localhost:{listening.server_port}"
    with (
        closing(PatientHttp(url, Secret(TOKEN), sleep=waits.append)) as patient,
        pytest.raises(LabelStudioError, match="certificate"),
    ):
        patient.ask("GET", PROJECT)
    assert waits == []


def _sign_oneself(key, certificate):
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
        capture_output=True,
        check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("needs openssl to make a certificate")
