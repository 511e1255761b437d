from __future__ import annotations

import json

import pytest

from annotate.bridges.chat.phrases import (
    MOST_CHARACTERS,
    MOST_PHRASES,
    phrases_request,
    read_phrases,
)
from annotate.schema import ClassSpec

SPECS = [ClassSpec(0, "crane", description="a bird"), ClassSpec(1, 'a "lift"')]


def test_a_request_holds_names_and_what_they_mean_as_data():
    body = phrases_request(SPECS, modality="image", model="tiny", sample=2)
    assert json.loads(body["messages"][1]["content"]) == [
        {"name": "crane", "meaning": "a bird"},
        {"name": 'a "lift"'},
    ]
    assert "picture" in body["messages"][0]["content"]
    assert (body["model"], body["seed"], body["temperature"]) == ("tiny", 2, 0.7)
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["required"] == list(schema["properties"]) == ["crane", 'a "lift"']


def test_a_request_about_texts_asks_for_what_texts_say():
    body = phrases_request(SPECS, modality="text", model="tiny", sample=0)
    assert "texts" in body["messages"][0]["content"]
    assert "picture" not in body["messages"][0]["content"]


def test_phrases_are_found_in_whatever_stands_around_them():
    reply = (
        'Sure: {"note": 1} {"Crane ": ["long  legs", 3, "", "neck"], "heron": ["x"]} {"crane": []}'
    )
    assert read_phrases(reply, ["crane", "lift"]) == {"crane": ("long legs", "neck")}


@pytest.mark.parametrize(
    "reply", ["", "no", '["crane"]', '{"crane": "legs"}', '{"crane": []}', "{"]
)
def test_a_reply_without_phrases_gives_none(reply):
    assert read_phrases(reply, ["crane"]) == {}


def test_a_reply_cannot_flood():
    long = ["x" * (MOST_CHARACTERS + 1), *(f"phrase {n}" for n in range(50))]
    found = read_phrases(json.dumps({"crane": long}), ["crane"])
    assert found["crane"] == tuple(f"phrase {n}" for n in range(MOST_PHRASES))
