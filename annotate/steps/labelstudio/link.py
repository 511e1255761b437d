"""The Label Studio server and project that a project's items are sent to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from annotate.bridges.label_studio.access import (
    TOKEN_VARIABLE,
    check_address,
    choose_address,
    read_secret,
)
from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.errors import NotReadyError
from annotate.review.cards import Basis
from annotate.schema import Schema
from annotate.steps.predicting import current_prediction
from annotate.steps.workspace import Workspace
from annotate.store.history import Record
from annotate.store.label_studio import Link, newest_link
from annotate.store.locks import run_lock
from annotate.store.queue_front import read_reasons


@dataclass(frozen=True)
class CurrentModel:
    """The prediction that stands now, as Label Studio knows it.

    ``model_version`` names who predicted, the prediction and the schema that gave the classes their
    names: two different predictions never share it.
    """

    record: Record
    source: str
    model_version: str


def connect(
    workspace: Workspace,
    url: str | None = None,
    *,
    token_file: Path | None = None,
    allow_http: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> LabelStudioClient:
    """Return a client for a server, by default the one that the last push went to if it is here.

    ``tell`` is told in one line when the server has to be waited for.

    Raises
    ------
    ConfigError
        If the address, or the token, cannot be used.
    NotReadyError
        If no address is given and nothing was pushed yet.
    """
    link = current_link(workspace)
    chosen = choose_address(url, link.url if link else None) or required_link(workspace).url
    address = check_address(chosen, allow_http=allow_http)
    token = read_secret(TOKEN_VARIABLE, token_file, "--token-file", "A Label Studio token")
    return LabelStudioClient(address, token, tell=tell)


def current_link(workspace: Workspace) -> Link | None:
    """Return the link of the last push."""
    with workspace.store.read() as connection:
        return newest_link(connection)


def required_link(workspace: Workspace) -> Link:
    """Return the link of the last push; NotReadyError before the first."""
    link = current_link(workspace)
    if link is None:
        raise NotReadyError(
            "Items must have been sent to Label Studio first; none were. Run"
            " `annotate labelstudio push DIR --url URL`."
        )
    return link


def current_model(workspace: Workspace, schema: Schema) -> CurrentModel | None:
    """Return the prediction that stands now, None before the first."""
    record = current_prediction(workspace)
    if record is None:
        return None
    source = Basis(record, "", {}).source or ""
    version = f"{source} {record['prediction_id']} v{schema.version}"
    return CurrentModel(record, source, version)


def asked_first(workspace: Workspace) -> Mapping[int, str]:
    """Return the items that a step asked for, with its reason."""
    with workspace.store.read() as connection:
        return read_reasons(connection)


@contextmanager
def exchanging(workspace: Workspace, step: str) -> Iterator[None]:
    """Let one push or pull work at a time; training and review go on meanwhile."""
    with run_lock(workspace.paths.locks / "labelstudio.lock", step):
        yield
