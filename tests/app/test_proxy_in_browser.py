"""A proxy says who is there: the real server believes its header, and nobody else's connection."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from annotate.cli.review_access import choose_access
from annotate.steps.people import set_person
from pipelines.browsing import ReviewServer
from tests.app.review_projects import predict_at_random, text_project

pytestmark = pytest.mark.browser

HEADER = "X-Forwarded-Email"


def serve(tmp_path, proxy):
    project = text_project(tmp_path / "p", ["one", "two", "three"])
    predict_at_random(project)
    set_person(project, "ann@example.org", "owner")
    project.close()
    access = choose_access("127.0.0.1", HEADER, proxy)
    return ReviewServer(tmp_path / "p", tmp_path / "log", access=access)


def visit(browser, server, who):
    """The page as the proxy, which here is the browser itself, asks for it on somebody's behalf."""
    headers = {HEADER: who} if who else {}
    page = browser.new_context(extra_http_headers=headers).new_page()
    page.goto(f"{server.address}?me=ann@example.org")
    return page


def test_who_the_proxy_names_comes_in_if_on_the_list_whatever_the_address_claims(browser, tmp_path):
    with serve(tmp_path, "127.0.0.1") as server:
        ann = visit(browser, server, "ann@example.org")
        ann.wait_for_selector(".cell.current", timeout=60_000)
        assert ann.inner_text(".who") == "reviewed by ann@example.org"
        for stranger in ("eve@example.org", None):
            page = visit(browser, server, stranger)
            page.get_by_text("You cannot come in.").wait_for(timeout=60_000)
            assert page.locator(".review").count() == 0


def test_nobody_but_the_proxy_is_let_in(tmp_path):
    server = serve(tmp_path, "10.9.8.7")
    with server, pytest.raises(urllib.error.HTTPError, match="403"):
        request = urllib.request.Request(server.address, headers={HEADER: "ann@example.org"})
        urllib.request.urlopen(request)
