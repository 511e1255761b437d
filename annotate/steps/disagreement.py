"""How far teachers differ on each item, and on which most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError, NotReadyError
from annotate.review.orders.disagreement import jensen_shannon
from annotate.schema import refuse_several_classes
from annotate.steps.order_context import ProbaInForce
from annotate.steps.predicting import StoredProba, current_prediction
from annotate.steps.workspace import Workspace
from annotate.store.history import list_predictions
from annotate.store.items import read_items_at

_BLOCK_VALUES = 4_000_000


@dataclass(frozen=True)
class Disagreement:
    """One item: its divergence in nats, and the likeliest class of each teacher that answers."""

    item_id: str
    divergence: float
    said: dict[str, str]


@dataclass(frozen=True)
class DisagreementReport:
    """How far teachers differ, over all items and on those where they differ most."""

    teachers: tuple[str, ...]
    n_items: int
    mean_divergence: float
    n_different: int
    items: tuple[Disagreement, ...]


def measure_disagreement(workspace: Workspace, *, limit: int = 20) -> DisagreementReport:
    """Return the items on which the newest prediction of each teacher and of the head differ most.

    Raises
    ------
    NotReadyError
        If fewer than two have predicted.
    ConfigError
        If the limit is below 0, or an item may have several classes.
    """
    refuse_several_classes(workspace.schema, "`annotate predictions disagreement`")
    if limit < 0:
        raise ConfigError(f"The number of items to list must be 0 or more; got {limit}.")
    members = _members(workspace)
    n_items = workspace.n_items()
    divergence = np.zeros(n_items, dtype=np.float32)
    likeliest = {name: np.full(n_items, -1) for name in members}
    step = max(1, _BLOCK_VALUES // workspace.schema.n_classes)
    for start in range(0, n_items, step):
        stop = min(start + step, n_items)
        blocks = {name: proba.read(start, stop) for name, proba in members.items()}
        divergence[start:stop] = jensen_shannon([*blocks.values()])
        for name, block in blocks.items():
            answered = ~np.isnan(block[:, 0])
            likeliest[name][start:stop][answered] = block[answered].argmax(axis=1)
    return DisagreementReport(
        tuple(members),
        n_items,
        float(divergence.mean()) if n_items else 0.0,
        int(_differ(np.stack(list(likeliest.values()))).sum()),
        _most(workspace, divergence, likeliest, limit),
    )


def _members(workspace: Workspace) -> dict[str, ProbaInForce]:
    with workspace.store.read() as connection:
        records = [r for r in list_predictions(connection) if r["round_no"] is None]
    ids = {record["teacher"]: record["prediction_id"] for record in records}
    head = current_prediction(workspace)
    if head is not None and head["round_no"] is not None:
        ids[f"round {head['round_no']}"] = head["prediction_id"]
    if len(ids) < 2:
        raise NotReadyError(
            f"Teachers differ if there are two or more that have predicted; there are {len(ids)}."
            " Run `annotate predict --teacher NAME` with another."
        )
    schema, n_items = workspace.schema, workspace.n_items()
    return {
        name: ProbaInForce(StoredProba(workspace.store, number, schema), schema, n_items)
        for name, number in ids.items()
    }


def _differ(likeliest: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (n_items,) True where those that answer name two classes or more."""
    highest = likeliest.max(axis=0)
    return np.asarray(((likeliest >= 0) & (likeliest != highest)).any(axis=0))


def _most(
    workspace: Workspace,
    divergence: NDArray[np.float32],
    likeliest: Mapping[str, NDArray[np.int64]],
    limit: int,
) -> tuple[Disagreement, ...]:
    rows = np.argsort(-divergence, kind="stable")[:limit]
    rows = rows[divergence[rows] > 0]
    with workspace.store.read() as connection:
        ids = read_items_at(connection, ["item_id"], rows.tolist())["item_id"].tolist()
    names = workspace.schema.names
    return tuple(
        Disagreement(
            item_id,
            float(divergence[row]),
            {who: names[said[row]] for who, said in likeliest.items() if said[row] >= 0},
        )
        for item_id, row in zip(ids, rows.tolist(), strict=True)
    )
