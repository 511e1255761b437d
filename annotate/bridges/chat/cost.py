"""What requests will cost, before any is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# English text has about four characters a token with the tokenisers of today; this counts high.
CHARACTERS_PER_TOKEN = 3.5
REPLY_TOKENS = 12  # beside the longest class's name: braces, quotes, "label"


@dataclass(frozen=True)
class Cost:
    """Requests, tokens, and their price where prices are known.

    ``price`` is in the currency of the prices; None where none were given.
    """

    n_requests: int
    n_prompt_tokens: int
    n_reply_tokens: int
    price: float | None


def estimate_cost(
    bodies: Iterable[Mapping[str, Any]],
    reply_characters: int,
    *,
    price_in: float | None,
    price_out: float | None,
) -> Cost:
    """Return what requests will cost, by their length.

    Parameters
    ----------
    bodies : iterable of mapping
        The requests that would be sent.
    reply_characters : int
        What a reply holds at most beside the JSON around it.
    price_in, price_out : float, optional
        For a million tokens sent and received.
    """
    n_requests = n_characters = 0
    for body in bodies:
        n_requests += 1
        n_characters += sum(len(message["content"]) for message in body["messages"])
        n_characters += len(json.dumps(body.get("response_format", "")))
    sent = round(n_characters / CHARACTERS_PER_TOKEN)
    received = round(n_requests * (REPLY_TOKENS + reply_characters / CHARACTERS_PER_TOKEN))
    return Cost(n_requests, sent, received, price_of(sent, received, price_in, price_out))


def price_of(
    sent: int, received: int, price_in: float | None, price_out: float | None
) -> float | None:
    """Return the price of tokens, None unless both prices are known."""
    if price_in is None or price_out is None:
        return None
    return (sent * price_in + received * price_out) / 1e6
