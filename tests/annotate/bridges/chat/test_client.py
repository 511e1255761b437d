"""Requests to a chat endpoint over real HTTP: patience, record and replay, and what is refused."""

from __future__ import annotations

import json

import pytest

from annotate.bridges.chat.client import (
    FIRST_WAIT_S,
    KEY_VARIABLE,
    MAX_RETRIES,
    ChatClient,
    MissingReplyError,
    RefusedRequestError,
    request_key,
)
from annotate.bridges.label_studio.access import Secret
from annotate.errors import ChatError
from tests.annotate.bridges.chat.chat_server import ChatServer

BODY = {"model": "m", "messages": [{"role": "user", "content": "hé"}], "seed": 0}
WITH_SCHEMA = {**BODY, "response_format": {"type": "json_schema"}}


class Kept(dict):
    """Replies in memory."""

    put = dict.__setitem__


@pytest.fixture
def server():
    started = ChatServer(lambda body: "fruit")
    yield started
    started.close()


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(server, waits):
    made = ChatClient(server.url, Secret("sesame"), Kept(), sleep=waits.append, draw=lambda: 0.5)
    yield made
    made.close()


def test_a_reply_is_asked_for_once_and_counted_once(client, server):
    first, second = client.complete(BODY), client.complete(BODY)
    assert (first.text, first.n_prompt_tokens, first.n_reply_tokens) == ("fruit", 10, 2)
    assert (first.recorded, second.recorded, second.text) == (False, True, "fruit")
    assert len(server.requests) == 1
    assert client.has(BODY) and not client.has(WITH_SCHEMA)


def test_the_key_is_sent_and_neither_kept_nor_shown(client, server):
    client.complete(BODY)
    assert server.keys == ["Bearer sesame"]
    assert "sesame" not in json.dumps(client._recording) + repr(vars(client))


def test_without_a_key_none_is_sent(server):
    ChatClient(server.url, None, Kept()).complete(BODY)
    assert server.keys == [None]


@pytest.mark.parametrize("fault", [429, 500, 503, "hang up", "garbled"])
def test_it_goes_on_after_a_fault_that_ends(fault, client, server, waits):
    server.faults = [fault] * MAX_RETRIES
    assert client.complete(BODY).text == "fruit"
    assert len(waits) == MAX_RETRIES and waits == sorted(waits) and waits[0] == FIRST_WAIT_S


def test_a_fault_that_does_not_end_is_one_sentence_and_leaves_nothing_on_record(client, server):
    server.faults = [503] * (MAX_RETRIES + 1)
    with pytest.raises(ChatError, match="did not in 6 attempts"):
        client.complete(BODY)
    assert not client.has(BODY)


def test_the_wait_that_a_server_asks_for_is_kept_if_it_is_bearable(client, server, waits):
    server.faults = [(429, {"retry-after": "7"})]
    client.complete(BODY)
    assert waits == [7]
    server.faults = [(429, {"retry-after": "7200"})]
    with pytest.raises(ChatError, match="asks to wait 7,200 seconds"):
        client.complete({**BODY, "seed": 1})


@pytest.mark.parametrize(
    ("status", "says"), [(401, KEY_VARIABLE), (404, "nothing there"), (302, "nothing there")]
)
def test_a_wrong_key_or_address_is_not_tried_again(status, says, client, server, waits):
    server.faults = [status]
    with pytest.raises(ChatError, match=says):
        client.complete(BODY)
    assert waits == []


def test_a_refused_request_says_why(client, server):
    server.faults = [400]
    with pytest.raises(RefusedRequestError, match="status 400: 'on demand'"):
        client.complete(BODY)


def test_an_endpoint_without_schemas_is_asked_without_from_then_on(client, server):
    server.takes_schemas = False
    client.complete(WITH_SCHEMA)
    client.complete({**WITH_SCHEMA, "seed": 1})
    assert ["response_format" in body for body in server.requests] == [True, False, False]
    assert client.has(WITH_SCHEMA)


def test_without_an_endpoint_what_is_on_record_is_replayed_and_the_rest_refused(client):
    client.complete(BODY)
    replaying = ChatClient(None, None, client._recording)
    assert replaying.complete(BODY).recorded
    with pytest.raises(MissingReplyError, match="--url"):
        replaying.complete({**BODY, "seed": 1})


def test_requests_that_differ_in_anything_have_replies_of_their_own():
    keys = {request_key(body) for body in (BODY, WITH_SCHEMA, {**BODY, "seed": 1})}
    assert len(keys) == 3
    assert request_key(dict(reversed(BODY.items()))) == request_key(BODY)
