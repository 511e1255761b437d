"""`annotate schema propose` with phrases of a language model, as people see it."""

from __future__ import annotations

import json

import pytest

from annotate.steps import corpus_view
from tests.annotate.bridges.chat.chat_server import ChatServer


class HashingTower:
    """The hashing encoder of the project, made to read names too."""

    def __init__(self, encoder):
        self.id, self.encode_texts, self.logit_scale = encoder.id, encoder.encode, 10.0


def any_phrases(body):
    names = [own["name"] for own in json.loads(body["messages"][1]["content"])]
    return json.dumps({name: [f"{name} words"] for name in names})


@pytest.fixture
def server():
    started = ChatServer(any_phrases)
    yield started
    started.close()


@pytest.fixture
def asked(project, server, tmp_path, monkeypatch):
    make = corpus_view.make_encoder
    monkeypatch.setattr(corpus_view, "make_encoder", lambda *a: HashingTower(make(*a)))
    path = tmp_path / "words.txt"
    path.write_text("\n".join(["apple", "apple n2", "apple n4", "hammer", "hammer n1", "drill n3"]))
    return (
        "schema", "propose", project, "--vocabulary", path, "--groups", 2, "--phrases", "tiny",
        "--url", server.url,
    )  # fmt: skip


def test_the_cost_is_shown_before_and_after(run, asked, server):
    shown = run(*asked, "--price-in", 1, "--price-out", 2, "--apply").out
    assert "To send: 6 requests" in shown and "price" in shown
    assert "Nothing was sent" in shown and "classes added" not in shown
    assert server.requests == []
    shown = run(*asked, "--yes").out
    assert "2 of 2 groups with several candidates voted by phrases" in shown
    assert "Sent: 6 requests, 60 tokens, and 12 tokens back." in shown


def test_what_is_on_record_is_replayed(run, asked, server):
    run(*asked, "--yes")
    server.close()
    again = json.loads(run(*asked[:-2], "--replay", "--json").out)
    assert again["phrases"]["answered"] and again["phrases"]["estimate"]["n_requests"] == 0
    assert run(*asked[:-4], "--phrases", "other", "--replay").code == 2


def test_where_nothing_has_to_be_sent_nothing_is_said_to_be(run, asked, server, tmp_path):
    run(*asked, "--yes")
    again = run(*asked).out
    assert "Nothing had to be sent: every reply is on record." in again
    assert "2 of 2 groups" in again and "Sent:" not in again and "To send" not in again
    (tmp_path / "words.txt").write_text("apple\nhammer\n")
    server.requests.clear()
    alone = run(*asked, "--yes").out
    assert "Nothing had to be asked: no group has two candidates to tell apart." in alone
    assert "voted by phrases" not in alone and server.requests == []
