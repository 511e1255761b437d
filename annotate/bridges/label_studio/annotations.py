"""Label Studio's annotations, read without believing them.

What is not one class of ours, or a skip, is "unknown" with a reason: it is kept as it came, and
nothing is guessed from it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

from annotate.export.labelstudio import CONTROL

Outcome = Literal["label", "skip", "unknown"]
_LONGEST_VERSION = 200  # characters


@dataclass(frozen=True)
class Answer:
    """What an annotation says.

    Attributes
    ----------
    annotation_id : int
    outcome : str
        label, skip or unknown.
    class_name : str or None
        The class that was chosen, for a label.
    reason : str
        Why it is unknown.
    sha256 : str
        Of what was answered and by whom: it changes when the answer does, not when it is saved
        again.
    completed_by : int or str or None
        The user's number, or the e-mail address where the server sends it.
    lead_time_s : float or None
    created_at, updated_at : str
        The server's clock.
    parent_prediction : int or None
        The prediction that the answer was made from.
    in_bulk : bool
        Nobody looked at this task: somebody made annotations of many predictions at once.
    """

    annotation_id: int
    outcome: Outcome
    class_name: str | None
    reason: str
    sha256: str
    completed_by: int | str | None
    lead_time_s: float | None
    created_at: str
    updated_at: str
    parent_prediction: int | None
    in_bulk: bool


@dataclass(frozen=True)
class Shown:
    """The prediction that an annotator had before them."""

    class_name: str | None
    score: float | None
    model_version: str


def read_annotation(raw: Mapping[str, Any]) -> Answer | None:
    """Return what an annotation says; None if it has no number, so that it cannot be told apart."""
    number = raw.get("id")
    if not _is_whole(number):
        return None
    outcome, class_name, reason = _read_result(raw)
    lead_time = raw.get("lead_time")
    usable = isinstance(lead_time, int | float) and math.isfinite(lead_time) and lead_time >= 0
    answered = {key: raw.get(key) for key in ("result", "was_cancelled", "completed_by")}
    parent = raw.get("parent_prediction")
    in_bulk = _is_whole(parent) and _was_made_in_bulk(raw)
    if in_bulk:  # else confirming it by itself would change nothing
        answered["in_bulk"] = True
    return Answer(
        annotation_id=number,
        outcome=outcome,
        class_name=class_name,
        reason=reason,
        sha256=hashlib.sha256(json.dumps(answered, sort_keys=True).encode()).hexdigest(),
        completed_by=_user(raw.get("completed_by")),
        lead_time_s=float(lead_time) if usable and lead_time is not None else None,
        created_at=_text(raw.get("created_at")),
        updated_at=_text(raw.get("updated_at")),
        parent_prediction=parent if _is_whole(parent) else None,
        in_bulk=in_bulk,
    )


def prediction_shown(answer: Answer, predictions: Sequence[Any]) -> Shown | None:
    """Return the prediction the answer began from, else the newest that was there by then."""
    known = [p for p in predictions if isinstance(p, Mapping) and _is_whole(p.get("id"))]
    own = [p for p in known if p["id"] == answer.parent_prediction]
    earlier = [p for p in known if _text(p.get("created_at")) <= answer.created_at]
    candidates = own or earlier
    if not candidates:
        return None
    chosen = max(candidates, key=lambda p: p["id"])
    score = chosen.get("score")
    return Shown(
        class_name=_read_result(chosen)[1],
        score=float(score) if isinstance(score, int | float) and 0 <= score <= 1 else None,
        model_version=_text(chosen.get("model_version"))[:_LONGEST_VERSION],
    )


def _read_result(raw: Mapping[str, Any]) -> tuple[Outcome, str | None, str]:
    if raw.get("was_cancelled") is True:
        return "skip", None, ""
    result = raw.get("result")
    if not isinstance(result, list):
        return "unknown", None, "no list of regions"
    if len(result) != 1:
        return "unknown", None, "no region" if not result else "several regions"
    region = result[0]
    if not isinstance(region, Mapping) or region.get("from_name") != CONTROL:
        return "unknown", None, "another control"
    if region.get("type") != "choices":
        return "unknown", None, "another type of region"
    value = region.get("value")
    chosen = value.get("choices") if isinstance(value, Mapping) else None
    if not isinstance(chosen, list) or not all(isinstance(name, str) for name in chosen):
        return "unknown", None, "no choices"
    if len(chosen) != 1:
        return "unknown", None, "no choice" if not chosen else "several choices"
    return "label", chosen[0], ""


def _was_made_in_bulk(raw: Mapping[str, Any]) -> bool:
    """Tell "Create Annotations From Predictions" from an answer, which took time and was saved."""
    if raw.get("last_action") == "prediction":
        return True
    return "updated_by" in raw and raw["updated_by"] is None and raw.get("lead_time") is None


def _user(value: Any) -> int | str | None:
    if isinstance(value, Mapping):
        value = value.get("email") or value.get("id")
    return value if _is_whole(value) or isinstance(value, str) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
