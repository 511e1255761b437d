"""Group items by what two teachers say of them together, as a table to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from annotate.errors import ConfigError
from annotate.protocols import NO_LABEL, Ints
from annotate.review.teachers_board import JudgedGroup, judge_groups
from annotate.schema import refuse_several_classes
from annotate.steps.compare_teachers import judging_answers
from annotate.steps.derive_labels import derivable
from annotate.steps.predicting import prediction_by
from annotate.steps.snapshot import read_snapshot, summary_of
from annotate.steps.workspace import Workspace
from annotate.store.files import write_bytes
from annotate.store.items import item_index
from annotate.training.sub_pseudo_labels import SubPseudoLabels, Variant, sub_pseudo_labels

DEFAULT_SMALLEST = 10


@dataclass(frozen=True)
class PairGroup(JudgedGroup):
    """One group; ``pairs`` are the classes that the two give its items, the commonest first."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PairGroupsReport:
    """Groups, the largest first.

    Attributes
    ----------
    n_items : int
        Items that both answer, dropped ones left out.
    n_left_out : int
        Those of them whose group is too small.
    n_found : int
        Groups before those were left out.
    """

    weak: str
    teacher: str
    variant: Variant
    n_items: int
    n_left_out: int
    n_found: int
    groups: tuple[PairGroup, ...]


def group_by_pairs(
    workspace: Workspace,
    weak: str,
    teacher: str,
    variant: Variant = "full",
    *,
    n_min: int = DEFAULT_SMALLEST,
    n_apart: int | None = None,
    out: Path | None = None,
) -> PairGroupsReport:
    """Group items by the pair of classes that two predictions give them; no label comes of it.

    Parameters
    ----------
    weak, teacher : str
        Teachers that have predicted, or ids of predictions.
    variant, n_min, n_apart
        As ``annotate.training.sub_pseudo_labels`` takes them.
    out : Path, optional
        A CSV file to write: id, group, weak, teacher.

    Raises
    ------
    UnknownNameError
        If one of the two has not predicted.
    ConfigError
        If a setting is impossible, ``out`` exists, or an item may have several classes.
    """
    refuse_several_classes(workspace.schema, "`annotate predictions pairs`")
    if out is not None and out.exists():
        raise ConfigError(f"The table of groups needs a new file; {out} exists. Name another.")
    records = prediction_by(workspace, weak), prediction_by(workspace, teacher)
    snapshot = read_snapshot(workspace)
    given = snapshot.labels.given
    first, second = (
        np.where(
            given.dropped,
            NO_LABEL,
            summary_of(workspace, snapshot, record["prediction_id"]).predicted,
        )
        for record in records
    )
    try:
        found = sub_pseudo_labels(first, second, variant, n_min=n_min, n_apart=n_apart)
    except ValueError as error:
        raise ConfigError(f"The groups must fit the predictions. {error}") from None
    judged = judge_groups(
        found, first, second, judging_answers(given).all, derivable(workspace, given)
    )
    if out is not None:
        table = _table(workspace, found, first, second)
        write_bytes(out, table.to_csv(index=False).encode())
    pairs = _pairs_of_groups(found, snapshot.schema.names)
    n_items = int(found.pair_sizes.sum())
    return PairGroupsReport(
        records[0]["teacher"],
        records[1]["teacher"],
        variant,
        n_items,
        n_items - int(found.sizes.sum()),
        found.n_found,
        tuple(PairGroup(**vars(own), pairs=p) for own, p in zip(judged, pairs, strict=True)),
    )


def _pairs_of_groups(
    found: SubPseudoLabels, names: tuple[str, ...]
) -> list[tuple[tuple[str, str], ...]]:
    pairs: list[list[tuple[str, str]]] = [[] for _ in range(found.n_groups)]
    for pair in np.argsort(-found.pair_sizes, kind="stable").tolist():
        group = found.pair_groups[pair]
        if group != NO_LABEL:
            weak, teacher = found.pairs[pair].tolist()
            pairs[group].append((names[weak], names[teacher]))
    return [tuple(own) for own in pairs]


def _table(workspace: Workspace, found: SubPseudoLabels, first: Ints, second: Ints) -> pd.DataFrame:
    rows = np.flatnonzero(found.groups != NO_LABEL)
    rows = rows[np.argsort(found.groups[rows], kind="stable")]
    with workspace.store.read() as connection:
        ids = item_index(connection)
    names = np.array(workspace.schema.names, dtype=object)
    return pd.DataFrame(
        {
            "id": ids[rows],
            "group": found.groups[rows],
            "weak": names[first[rows]],
            "teacher": names[second[rows]],
        }
    )
