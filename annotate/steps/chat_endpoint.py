"""A chat endpoint for a project: where it is, many requests at once, and what they took."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from annotate.bridges.chat.client import (
    ADDRESS_VARIABLE,
    KEY_VARIABLE,
    ChatClient,
    ChatReply,
    RefusedRequestError,
)
from annotate.bridges.chat.cost import Cost, price_of
from annotate.bridges.label_studio.access import Secret, check_address
from annotate.errors import ConfigError
from annotate.steps.recorded_replies import RecordedReplies
from annotate.steps.workspace import Workspace

ASKED_AT_ONCE = 512


@dataclass
class Spending:
    """What was sent, by the endpoint's own count of tokens; replies on record cost nothing."""

    n_requests: int = 0
    n_prompt_tokens: int = 0
    n_reply_tokens: int = 0

    def count(self, reply: ChatReply) -> None:
        """Add one reply."""
        if not reply.recorded:
            self.n_requests += 1
            self.n_prompt_tokens += reply.n_prompt_tokens
            self.n_reply_tokens += reply.n_reply_tokens

    def cost(self, price_in: float | None, price_out: float | None) -> Cost:
        """Return it with its price, at prices for a million tokens."""
        price = price_of(self.n_prompt_tokens, self.n_reply_tokens, price_in, price_out)
        return Cost(self.n_requests, self.n_prompt_tokens, self.n_reply_tokens, price)


def open_client(
    workspace: Workspace,
    url: str | None,
    *,
    replay: bool,
    allow_http: bool,
    tell: Callable[[str], None],
) -> ChatClient:
    """Return a client whose replies are kept in the project; with ``replay`` it sends nothing.

    Parameters
    ----------
    url : str or None
        What comes before ``/chat/completions``; default the variable ``ANNOTATE_CHAT_URL``.
    """
    # The address never comes from the project: a stranger's must not say where the key goes.
    chosen = None if replay else (url or os.environ.get(ADDRESS_VARIABLE) or None)
    if chosen is not None:
        chosen = check_address(
            chosen, allow_http=allow_http, what="The address of a chat endpoint",
            variable=KEY_VARIABLE,
        )  # fmt: skip
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if key and not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{KEY_VARIABLE} must be printable ASCII on one line. Copy it again.")
    return ChatClient(
        chosen, Secret(key) if key else None, RecordedReplies(workspace.paths), tell=tell
    )


def replies_to(
    client: ChatClient, bodies: Iterable[dict[str, Any]], parallel: int
) -> Iterator[tuple[dict[str, Any], ChatReply | str]]:
    """Yield each request with its reply, in order; with the reason in words if it was refused."""
    waiting = iter(bodies)
    with ThreadPoolExecutor(parallel) as pool:
        while chunk := list(islice(waiting, ASKED_AT_ONCE)):
            yield from zip(chunk, pool.map(lambda body: _reply(client, body), chunk), strict=True)


def _reply(client: ChatClient, body: dict[str, Any]) -> ChatReply | str:
    try:
        return client.complete(body)
    except RefusedRequestError as error:
        return str(error)
