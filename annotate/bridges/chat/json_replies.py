"""JSON objects in what a language model says, wherever they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def json_objects(reply: str) -> Iterator[dict[str, Any]]:
    """Yield each outermost JSON object of a reply, in order; text around them is passed over."""
    decoder, start = json.JSONDecoder(), reply.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(reply, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield value
        start = reply.find("{", end)
