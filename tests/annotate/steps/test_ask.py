"""A language model behind a real local server as a teacher of a project."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from annotate.bridges.chat.client import ADDRESS_VARIABLE, KEY_VARIABLE, MissingReplyError
from annotate.errors import ChatError, ConfigError, NotReadyError
from annotate.protocols import NO_LABEL
from annotate.steps.ask import AskSettings, ask
from annotate.steps.ask_examples import nearest_examples
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import read_given_labels
from annotate.steps.predicting import StoredProba, prediction_by
from annotate.steps.train import train
from tests.annotate.bridges.chat.chat_server import ChatServer
from tests.annotate.steps.conftest import CLASSES, N_ITEMS, WORDS

SETTINGS = AskSettings("tiny", n_examples=0)


def text_of(body):
    return re.search(r"<item \w+>\n(.*?)\n</item", body["messages"][-1]["content"], re.S)[1]


def by_words(body):
    """Answer with the class most of whose words stand in the item."""
    words = text_of(body).split()
    best = max(CLASSES, key=lambda name: sum(w in WORDS[name].split() for w in words))
    return f'{{"label": "{best}"}}'


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv(ADDRESS_VARIABLE, raising=False)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    started = ChatServer(by_words)
    yield started
    started.close()


def proba_of(workspace, report):
    return StoredProba(workspace.store, report.prediction_id, workspace.schema).read(0, N_ITEMS)


def test_nothing_is_sent_before_the_cost_is_agreed_to(workspace, server):
    priced = AskSettings("tiny", n_examples=0, price_in=1.0, price_out=2.0)
    report = ask(workspace, priced, url=server.url)
    assert (server.requests, report.sent, report.prediction_id) == ([], False, None)
    assert report.estimate.n_requests == N_ITEMS
    assert report.estimate.price > 0


def test_answers_become_a_teacher_that_rounds_can_start_from(workspace, server, corpus):
    report = ask(workspace, SETTINGS, url=server.url, confirmed=True)
    truth = pd.read_csv(corpus)["label"].map(CLASSES.index).to_numpy()
    proba = proba_of(workspace, report)
    assert (proba.argmax(axis=1) == truth).mean() > 0.9
    np.testing.assert_allclose(proba.max(axis=1), (1 + 1 / 3) / 2, atol=1e-3)
    assert (report.spent.n_requests, report.spent.n_prompt_tokens) == (N_ITEMS, 10 * N_ITEMS)
    trained = train(workspace, n_rounds=1, teacher="language_model:tiny", student="linear")
    assert len(trained.rounds) == 2


def test_asked_again_nothing_is_sent_and_nothing_changes_even_without_the_server(workspace, server):
    first = ask(workspace, SETTINGS, url=server.url, confirmed=True)
    sent = len(server.requests)
    again = ask(workspace, SETTINGS, url=server.url)
    assert (again.estimate.n_requests, again.sent, len(server.requests)) == (0, False, sent)
    assert again.prediction_id == first.prediction_id
    server.close()
    assert ask(workspace, SETTINGS, replay=True).prediction_id == first.prediction_id


def test_a_run_that_ended_early_goes_on_with_what_is_missing(workspace, server):
    few = AskSettings("tiny", n_examples=0, limit=20)
    report = ask(workspace, few, url=server.url, confirmed=True)
    assert (report.n_chosen, report.n_answered) == (20, 20)
    rest = ask(workspace, SETTINGS, url=server.url, confirmed=True)
    assert rest.spent.n_requests == N_ITEMS - 20
    assert rest.n_answered == N_ITEMS


def test_a_replay_fails_where_a_reply_is_missing(workspace, server):
    with pytest.raises(MissingReplyError):
        ask(workspace, SETTINGS, replay=True)


def test_the_agreement_of_several_answers_is_the_confidence(workspace, server):
    server.answer = lambda body: by_words(body) if body["seed"] else '{"label": "tool"}'
    several = AskSettings("tiny", samples=3, n_examples=0)
    proba = proba_of(workspace, ask(workspace, several, url=server.url, confirmed=True))
    surest = proba.max(axis=1)
    split = proba[:, 1] < surest  # two say fruit or animal, one tool
    np.testing.assert_allclose(surest[split], (2 + 1 / 3) / 4, atol=1e-3)
    np.testing.assert_allclose(surest[~split], (3 + 1 / 3) / 4, atol=1e-3)
    assert {body["temperature"] for body in server.requests} == {0.7}


def test_replies_without_a_class_and_refused_requests_are_counted(workspace, server):
    server.answer = lambda body: "a beast" if "dog" in text_of(body) else by_words(body)
    server.faults = [400, 400]  # refused with its schema, and without
    one_by_one = AskSettings("tiny", n_examples=0, parallel=1)
    report = ask(workspace, one_by_one, url=server.url, confirmed=True)
    assert report.n_refused == 1 and "on demand" in report.first_refusal
    assert report.n_unusable > 0
    assert report.n_answered + report.n_unusable + report.n_refused == N_ITEMS
    assert np.isnan(proba_of(workspace, report)[0]).all()


def test_if_every_request_is_refused_the_endpoint_says_why(workspace, server):
    server.faults = [422] * 1000
    with pytest.raises(ChatError, match="on demand"):
        ask(workspace, SETTINGS, url=server.url, confirmed=True)


def test_the_nearest_labelled_items_are_shown_nearest_last_and_never_the_item(
    workspace, server, gold
):
    shown = AskSettings("tiny", n_examples=2)
    ask(workspace, shown, url=server.url, confirmed=True)
    assert {len(body["messages"]) for body in server.requests} == {6}
    view = StoredCorpus(workspace, read_given_labels(workspace).training)
    rows = np.arange(N_ITEMS)
    labelled = np.flatnonzero(view.labels != NO_LABEL)
    unit = view.features().take(rows)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    for row, found in enumerate(nearest_examples(view, rows, 2).tolist()):
        others = [n for n in labelled if n != row]
        others.sort(key=lambda n: -unit[row] @ unit[n])
        np.testing.assert_allclose(unit[found] @ unit[row], unit[others[1::-1]] @ unit[row])
        assert row not in found and set(found) <= set(labelled.tolist())


def test_held_back_gold_is_shown_to_nobody(workspace, server, gold, corpus):
    ask(workspace, AskSettings("tiny", n_examples=3), url=server.url, confirmed=True)
    given = read_given_labels(workspace)
    texts = pd.read_csv(corpus, dtype=str)["text"]
    held_back = texts[given.measuring != NO_LABEL]
    shown = "".join(m["content"] for body in server.requests for m in body["messages"][1:-1])
    assert len(held_back) and not any(text in shown for text in held_back)


def test_a_one_shot_example_is_chosen_once_and_shown_with_every_item(workspace, server, gold):
    def answer(body):
        if "response_format" in body:
            return by_words(body)
        return text_of(body)[:30]  # a note, or what comes of one

    server.answer = answer
    chosen = AskSettings("tiny", n_examples=0, trials=2)
    before = ask(workspace, chosen, url=server.url).estimate
    report = ask(workspace, chosen, url=server.url, confirmed=True)
    assert len(report.one_shot.scores) == 2
    assert report.one_shot.scores[report.one_shot.item_id] == max(report.one_shot.scores.values())
    asked = [body for body in server.requests if "response_format" in body]
    others = [body for body in asked if report.one_shot.text not in text_of(body)]
    assert all(report.one_shot.text in body["messages"][1]["content"] for body in others)
    assert before.n_requests >= len({str(body) for body in server.requests})
    again = ask(workspace, chosen, url=server.url)
    assert (again.estimate.n_requests, again.prediction_id) == (0, report.prediction_id)


def test_the_key_comes_from_the_environment_and_is_in_no_file(workspace, server, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "open-sesame")
    monkeypatch.setenv(ADDRESS_VARIABLE, server.url)
    ask(workspace, AskSettings("tiny", n_examples=0, limit=3), confirmed=True)
    assert set(server.keys) == {"Bearer open-sesame"}
    files = [path for path in workspace.paths.root.rglob("*") if path.is_file()]
    assert not any(b"open-sesame" in path.read_bytes() for path in files)


def test_the_key_must_not_cross_a_network_in_clear_text(workspace, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "open-sesame")
    with pytest.raises(ConfigError, match="clear text"):
        ask(workspace, SETTINGS, url="http://chat.example.org/v1")


def test_there_must_be_items_and_a_question(empty, server):
    with pytest.raises(NotReadyError, match="annotate add"):
        ask(empty, SETTINGS, url=server.url)
    with pytest.raises(ConfigError, match="samples must be 1 or more"):
        ask(empty, AskSettings("tiny", samples=0), url=server.url)


def test_a_one_shot_example_needs_labels(workspace, server):
    with pytest.raises(NotReadyError, match="Import some labels"):
        ask(workspace, AskSettings("tiny", n_examples=0, trials=2), url=server.url)


def test_a_reply_that_was_damaged_on_disk_is_asked_for_again(workspace, server):
    three = AskSettings("tiny", n_examples=0, limit=3)
    first = ask(workspace, three, url=server.url, confirmed=True)
    damaged = next(iter((workspace.paths.root / "replies").rglob("*.json")))
    damaged.write_text("{")
    again = ask(workspace, three, url=server.url, confirmed=True)
    assert (again.spent.n_requests, again.prediction_id) == (1, first.prediction_id)


def test_the_record_names_what_was_asked(workspace, server, gold):
    ask(workspace, AskSettings("tiny", samples=2), url=server.url, confirmed=True)
    settings = prediction_by(workspace, "language_model:tiny")["settings"]
    assert (settings["samples"], settings["n_examples"]) == (2, 4)
    assert settings["learnt_from_labels"] is True
