"""Which groups of items were labelled in one act, and how much of each act still stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotate.corpus.printable import printable
from annotate.steps.snapshot import Snapshot
from annotate.steps.workspace import Workspace
from annotate.store.decisions import decoded

MOST_GROUPS = 100


@dataclass(frozen=True)
class DerivedGroup:
    """What is left of one act that labelled a group; texts are made printable.

    Attributes
    ----------
    act_id : str
        What ``undo_group`` takes back.
    class_no : int or None
        None where the act gave several classes.
    n_standing : int
        Its labels that count: neither taken back nor overruled by an answer to the item itself.
    expected_error : float or None
        Share of wrong labels that was expected when it was done; None where nothing was known.
    """

    act_id: str
    reviewer: str
    decided_at_utc: str
    why: str
    class_no: int | None
    n_standing: int
    expected_error: float | None


def list_derived_groups(workspace: Workspace, snapshot: Snapshot) -> tuple[DerivedGroup, ...]:
    """Return the acts of which labels still count, the newest first; ``MOST_GROUPS`` at most."""
    standing = snapshot.labels.given.human.derivations
    # Labels derived elsewhere, such as in Label Studio, belong to no act that could be undone here.
    act_and_item = standing["event_id"].str.extract(r"^([0-9A-Za-z]+):[0-9]+$", expand=False)
    acts = standing.assign(act_id=act_and_item).groupby("act_id")
    newest_first = acts.agg(
        seq=("seq", "max"),
        reviewer=("reviewer", "first"),
        decided_at_utc=("decided_at_utc", "first"),
        payload=("payload", "first"),
        class_no=("class_no", "first"),
        n_classes=("class_no", "nunique"),
        n_standing=("seq", "size"),
    ).sort_values("seq", ascending=False)
    return tuple(_group(row) for row in newest_first.head(MOST_GROUPS).itertuples())


def _group(row: Any) -> DerivedGroup:
    payload = decoded(row.payload)
    return DerivedGroup(
        act_id=row.Index,
        reviewer=printable(row.reviewer),
        decided_at_utc=row.decided_at_utc,
        why=printable(str(payload.get("why", ""))),
        class_no=int(row.class_no) if row.n_classes == 1 else None,
        n_standing=int(row.n_standing),
        expected_error=payload.get("expected_error"),
    )
