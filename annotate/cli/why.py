"""`annotate why`: everything that happened to one item."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import format_cell, print_json, print_lines

NAME = "why"


def command(
    folder: ProjectDir,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.")],
    json: Json = False,
) -> None:
    """Show how an item came, what teachers said, what people decided, and which label stands."""
    from annotate.steps.why import explain_item

    with opened(folder) as workspace:
        history = explain_item(workspace, item)
    if json:
        print_json(history)
        return
    confidence = f", confidence {history.confidence:.1%}" if history.confidence is not None else ""
    print_lines(
        f"{history.item_id} (item {history.item_no}), added {history.outcome} {history.notes}",
        f"sha256     {history.sha256}",
        f"label      {history.label or 'none'} (source: {history.source}{confidence})",
        f"           {history.no_label}" if history.no_label else None,
        f"mask       {_mask(history.mask)}" if history.mask else None,
        f"gold       {history.gold['label']} ({history.gold['role']})" if history.gold else None,
        *(f"teacher    {_answer(answer)}" for answer in history.predictions),
        *(line for answer in history.rounds for line in _round(answer)),
        *(f"decision   {_decision(decision)}" for decision in history.decisions),
    )


def _mask(mask: dict[str, Any]) -> str:
    if "role" in mask:
        return f"given ({mask['role']})"
    return f"drawn by segmenter {mask['segmenter_no']}, confidence {mask['confidence']:.1%}"


def _round(answer: dict[str, Any]) -> list[str]:
    votes = [
        f"             {vote['selector']} on {vote['label']}: {vote['reason']}"
        for vote in answer["votes"]
    ]
    return [f"round {answer['round_no']:<4} {_answer(answer)}", *votes]


def _answer(answer: dict[str, Any]) -> str:
    if answer["label"] is None:
        return f"{answer['teacher']}: no answer"
    return (
        f"{answer['teacher']}: {answer['label']} {format_cell(answer['confidence'])}"
        f"  (weights {answer['weights_sha256'][:12]}, prediction {answer['prediction_id']})"
    )


def _decision(decision: dict[str, Any]) -> str:
    what = f"{decision['kind']} {decision['label'] or ''}".strip()
    return (
        f"{decision['seq']}: {what} by {decision['reviewer']} at {decision['decided_at_utc']}"
        f" ({decision['purpose']})"
    )
