from __future__ import annotations

import pytest

from annotate.bridges.chat.json_replies import json_objects


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("", []),
        ("no braces", []),
        ('{"a": 1}', [{"a": 1}]),
        ('Well: {"a": {"b": 2}} and {"c": 3}.', [{"a": {"b": 2}}, {"c": 3}]),
        ('{not JSON {"a": 1}', [{"a": 1}]),
        ('{"a": 1', []),
        ('[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        ("{" * 5_000, []),
    ],
)
def test_objects_are_found_in_whatever_stands_around_them(reply, found):
    assert list(json_objects(reply)) == found
