"""Why: everything that happened to one item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from annotate.errors import UnknownNameError
from annotate.review.decision_rules import LABELLING
from annotate.schema import refuse_several_classes
from annotate.steps.labels import SOURCES, CurrentLabels, read_current_labels
from annotate.steps.predicting import StoredProba
from annotate.steps.selections import read_votes
from annotate.steps.workspace import Workspace
from annotate.store.decisions import decoded, read_decisions
from annotate.store.history import find_prediction, head_round_no, lineage, list_predictions
from annotate.store.items import item_index, known_ids, read_items_at
from annotate.store.masks import read_standing_masks


@dataclass(frozen=True)
class ItemHistory:
    """One item: how it came, what teachers said, what people decided, what label stands and why.

    Attributes
    ----------
    no_label : str, optional
        Why it has no label; None where it has one.
    mask : dict, optional
        Who gave its pixels classes: ``role`` of a given mask, else ``segmenter_no`` and
        ``confidence``; None where it has no mask.
    """

    item_id: str
    item_no: int
    outcome: str
    notes: str
    sha256: str
    label: str | None
    no_label: str | None
    source: str
    confidence: float | None
    mask: dict[str, Any] | None
    gold: dict[str, Any] | None
    predictions: list[dict[str, Any]]
    rounds: list[dict[str, Any]]
    decisions: list[dict[str, Any]]


def explain_item(workspace: Workspace, item_id: str) -> ItemHistory:
    """Return the history of the item with this id.

    Raises
    ------
    UnknownNameError
        If there is no such item; lists ids that are near.
    ConfigError
        If an item may have several classes, and a teacher has predicted.
    """
    with workspace.store.read() as connection:
        found = known_ids(connection, [item_id])
        if item_id not in found:
            raise UnknownNameError("item", item_id, _sample_of_ids(item_index(connection), item_id))
        item_no = found[item_id][0]
        facts = read_items_at(connection, ["outcome", "notes", "sha256"], [item_no]).iloc[0]
        events = read_decisions(connection)
        predictions = [r for r in list_predictions(connection) if r["round_no"] is None]
        head = head_round_no(connection)
        chain = lineage(connection, head) if head is not None else []
        students = [find_prediction(connection, r["prediction_id"]) for r in chain]
        mask = read_standing_masks(connection, item_no)
    labels = read_current_labels(workspace)
    names = workspace.schema.names
    gold = labels.given.gold[labels.given.gold["item_no"] == item_no]
    own_events = events[events["item_no"] == item_no]
    number = int(labels.labels[item_no])
    confidence = float(labels.confidence[item_no])
    rounds = [
        {
            "round_no": r["round_no"],
            **_answer(workspace, student, item_no),
            "votes": _votes(workspace, r["selection_id"], item_no),
        }
        for r, student in zip(chain, students, strict=True)
        if student is not None
    ]
    return ItemHistory(
        item_id=item_id,
        item_no=item_no,
        outcome=str(facts["outcome"]),
        notes=str(facts["notes"]),
        sha256=str(facts["sha256"]),
        label=names[number] if number >= 0 else None,
        no_label=_why_none(labels, item_no, rounds) if number < 0 else None,
        source=SOURCES[labels.sources[item_no]],
        confidence=None if np.isnan(confidence) else confidence,
        mask=_mask(mask),
        gold=(
            {"label": names[int(gold["class_no"].iloc[0])], "role": gold["role"].iloc[0]}
            if len(gold)
            else None
        ),
        predictions=[_answer(workspace, record, item_no) for record in predictions],
        rounds=rounds,
        decisions=[_described(event, names) for event in own_events.to_dict("records")],
    )


def _why_none(labels: CurrentLabels, item_no: int, rounds: list[dict[str, Any]]) -> str:
    if labels.given.dropped[item_no]:
        return "the item was dropped"
    if labels.given.human.conflict[item_no]:
        return "reviewers differ, and nobody has ruled"
    if not rounds:
        return "nobody has given one, and there is no round"
    last = rounds[-1]
    if last["label"] is None:
        return f"round {last['round_no']} has no answer"
    return (
        f"round {last['round_no']} holds {last['label']} likeliest, at {last['confidence']:.1%}:"
        " too little, or people ruled it out"
    )


def _mask(found: pd.DataFrame) -> dict[str, Any] | None:
    if found.empty:
        return None
    mask = found.iloc[0]
    if pd.isna(mask["segmenter_no"]):
        return {"role": str(mask["role"])}
    return {
        "segmenter_no": int(mask["segmenter_no"]),
        "confidence": float(mask["confidence"]),
    }


def _answer(workspace: Workspace, record: dict[str, Any], item_no: int) -> dict[str, Any]:
    refuse_several_classes(workspace.schema, "`annotate why`")
    proba = StoredProba(workspace.store, record["prediction_id"], workspace.schema)
    answer: dict[str, Any] = {
        "teacher": record["teacher"],
        "prediction_id": record["prediction_id"],
        "weights_sha256": record["weights_sha256"],
        "label": None,
        "confidence": None,
    }
    row = proba.take(np.array([item_no]))[0]
    if not np.isnan(row[0]):
        best = int(row.argmax())
        answer |= {"label": workspace.schema.names[best], "confidence": float(row[best])}
    return answer


def _votes(workspace: Workspace, selection_id: str | None, item_no: int) -> list[dict[str, Any]]:
    """Return what each selector of a round said of the item; [] for a round without selectors."""
    if selection_id is None:
        return []
    names = workspace.schema.names
    return [
        {
            "selector": vote["selector"],
            "label": names[vote["class_no"]],
            "accepted": vote["accepted"],
            "weight": vote["weight"],
            "reason": vote["reason"],
        }
        for vote in read_votes(workspace, selection_id, item_no)
    ]


def _described(event: Mapping[Any, Any], names: tuple[str, ...]) -> dict[str, Any]:
    class_no = event["class_no"]
    has_class = class_no is not None and not np.isnan(class_no)
    return {
        "seq": int(event["seq"]),
        "kind": event["kind"],
        "label": names[int(class_no)] if has_class else None,
        "gives_label": event["kind"] in LABELLING,
        "reviewer": event["reviewer"],
        "purpose": event["purpose"],
        "decided_at_utc": event["decided_at_utc"],
        "shown": decoded(event["shown"]),
    }


def _sample_of_ids(ids: Any, wanted: str) -> list[str]:
    # Near names are looked for among ids that share the end of the path: all would take minutes.
    tail = wanted.rsplit("/", 1)[-1][:8]
    near = [str(i) for i in ids if tail and tail in i][:50]
    return near or [str(i) for i in ids[:5]]
