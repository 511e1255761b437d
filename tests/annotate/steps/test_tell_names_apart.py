"""Names that a language model behind a real local server tells apart."""

from __future__ import annotations

import json

import pytest

from annotate.bridges.chat.client import ADDRESS_VARIABLE, KEY_VARIABLE, MissingReplyError
from annotate.errors import ChatError, ConfigError, NotReadyError
from annotate.steps.propose_classes import propose_classes
from annotate.steps.tell_names_apart import N_REPEATS, PhraseSettings
from tests.annotate.bridges.chat.chat_server import ChatServer
from tests.annotate.steps.conftest import CLASSES, WORDS
from tests.annotate.steps.test_propose_classes import reading as reading


def names_in(body):
    return [entry["name"] for entry in json.loads(body["messages"][1]["content"])]


def by_class(body):
    """Phrases of the class's own words for the class, of others for any other name."""
    return json.dumps(
        {
            name: WORDS[name].split()[2:] if name in WORDS else [f"{name} song", f"{name} cloud"]
            for name in names_in(body)
        }
    )


@pytest.fixture
def vocabulary(tmp_path):
    """Every class, and two names beside each that some of its items vote for."""
    lines = [*CLASSES]
    for words in WORDS.values():
        first, second, third, *_ = words.split()
        lines += [f"{first} {second}", f"{second} {third}"]
    path = tmp_path / "words.txt"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv(ADDRESS_VARIABLE, raising=False)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    started = ChatServer(by_class)
    yield started
    started.close()


def settings(server, **more):
    return PhraseSettings("tiny", url=server.url, **more)


def test_nothing_is_sent_or_applied_before_the_cost_is_agreed_to(reading, vocabulary, server):
    alone = propose_classes(reading, vocabulary, n_groups=3)
    asked = settings(server, price_in=1.0, price_out=2.0)
    report = propose_classes(reading, vocabulary, n_groups=3, phrases=asked, apply=True)
    assert (server.requests, report.phrases.answered, report.phrases.spent) == ([], False, None)
    assert report.phrases.n_groups == 3
    assert report.phrases.estimate.n_requests == 3 * N_REPEATS
    assert report.phrases.estimate.price > 0
    assert report.classes == alone.classes
    assert (report.applied, reading.schema.version) == ((), 1)


def test_each_group_is_asked_about_three_times(reading, vocabulary, server):
    asked = settings(server, confirmed=True)
    report = propose_classes(reading, vocabulary, n_groups=3, phrases=asked)
    assert {len(names_in(body)) for body in server.requests} == {3}
    assert sorted(body["seed"] for body in server.requests) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert (report.phrases.n_told_apart, report.phrases.n_unusable) == (3, 0)
    assert (report.phrases.spent.n_requests, report.phrases.spent.n_prompt_tokens) == (9, 90)


def class_of(name):
    return next(c for c in CLASSES if name == c or name.split()[0] in WORDS[c].split())


def test_phrases_decide_between_names(reading, vocabulary, server):
    """The words of a group's items are said of a name that it would not have by votes alone."""
    alone = {own.name for own in propose_classes(reading, vocabulary, n_groups=3).classes}

    def against(body):
        said = {name: [f"{name} song", f"{name} cloud"] for name in names_in(body)}
        other = next(name for name in said if name not in alone)
        return json.dumps(said | {other: WORDS[class_of(other)].split()})

    server.answer = against
    asked = settings(server, confirmed=True)
    report = propose_classes(reading, vocabulary, n_groups=3, phrases=asked, apply=True)
    found = {own.name for own in report.classes}
    assert (set(report.phrases.new), set(report.phrases.gone)) == (found - alone, alone - found)
    assert {class_of(name) for name in report.phrases.new} == set(CLASSES)
    assert set(report.applied) == found - set(CLASSES)


def test_asked_again_nothing_is_sent_and_nothing_changes_even_without_the_server(
    reading, vocabulary, server
):
    first = propose_classes(
        reading, vocabulary, n_groups=3, phrases=settings(server, confirmed=True)
    )
    sent = len(server.requests)
    again = propose_classes(reading, vocabulary, n_groups=3, phrases=settings(server))
    assert again.phrases.answered and again.phrases.estimate.n_requests == 0
    assert (again.classes, len(server.requests)) == (first.classes, sent)
    server.close()
    replayed = propose_classes(
        reading, vocabulary, n_groups=3, phrases=PhraseSettings("tiny", replay=True)
    )
    assert replayed.classes == first.classes
    assert replayed.phrases.spent.n_requests == 0


def test_a_replay_fails_where_a_reply_is_missing(reading, vocabulary, server):
    with pytest.raises(MissingReplyError):
        propose_classes(
            reading, vocabulary, n_groups=3, phrases=PhraseSettings("tiny", replay=True)
        )


def test_a_group_without_phrases_for_each_name_keeps_its_votes(reading, vocabulary, server):
    alone = propose_classes(reading, vocabulary, n_groups=3)
    server.answer = lambda body: json.dumps({names_in(body)[0]: ["a phrase"]})
    asked = settings(server, confirmed=True)
    report = propose_classes(reading, vocabulary, n_groups=3, phrases=asked)
    assert (report.phrases.n_told_apart, report.phrases.n_unusable) == (0, 0)
    assert report.classes == alone.classes


def test_unusable_replies_and_refused_requests_are_counted(reading, vocabulary, server):
    server.answer = lambda body: by_class(body) if body["seed"] else "I cannot say."
    server.faults = [400, 400]  # refused with its schema, and without
    asked = settings(server, confirmed=True, parallel=1)
    report = propose_classes(reading, vocabulary, n_groups=3, phrases=asked)
    assert (report.phrases.n_unusable, report.phrases.n_refused) == (2, 1)
    assert "on demand" in report.phrases.first_refusal
    assert report.phrases.n_told_apart == 3


def test_an_endpoint_that_refuses_everything_says_why(reading, vocabulary, server):
    server.faults = [422] * 100
    with pytest.raises(ChatError, match="on demand"):
        propose_classes(reading, vocabulary, n_groups=3, phrases=settings(server, confirmed=True))


def test_there_must_be_an_endpoint_and_room_for_requests(reading, vocabulary, server):
    with pytest.raises(NotReadyError, match="--url"):
        propose_classes(
            reading, vocabulary, n_groups=3, phrases=PhraseSettings("tiny", confirmed=True)
        )
    with pytest.raises(ConfigError, match="1 or more"):
        propose_classes(reading, vocabulary, n_groups=3, phrases=settings(server, parallel=0))


def test_descriptions_go_along(reading, server, tmp_path):
    path = tmp_path / "described.txt"
    path.write_text("\n".join(f"{words.split()[0]}\tsays {n}" for n, words in WORDS.items())
                    + "\n" + "\n".join(CLASSES))  # fmt: skip
    propose_classes(reading, path, n_groups=3, phrases=settings(server, confirmed=True))
    listed = [e for body in server.requests for e in json.loads(body["messages"][1]["content"])]
    assert {"name": "apple", "meaning": "says fruit"} in listed
