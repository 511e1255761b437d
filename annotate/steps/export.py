"""Export: the labels as they stand, each with its lineage, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from annotate import __version__
from annotate.corpus.splits import split_of
from annotate.errors import NotReadyError
from annotate.export import EXPORTERS
from annotate.export.atomic import atomic_folder
from annotate.export.card import CardFacts, GoldCheck, RoundFacts, TeacherFacts, render_card
from annotate.export.manifest import ExportCounts, write_manifest
from annotate.protocols import NO_LABEL, Bools, ExportRow, Progress, no_progress
from annotate.quality.accuracy import wilson_interval
from annotate.schema import refuse_several_classes
from annotate.steps.labels import (
    DERIVED,
    HUMAN,
    PSEUDO,
    SOURCES,
    CurrentLabels,
    read_current_labels,
)
from annotate.steps.measuring import measure
from annotate.steps.workspace import Workspace
from annotate.store.history import lineage
from annotate.store.items import read_items, source_counts

Only = Literal["human", "pseudo"]
ITEMS_AT_ONCE = 10_000


@dataclass(frozen=True)
class ExportReport:
    """What an export holds."""

    destination: str
    format: str
    n_labels: int
    by_source: dict[str, int]
    by_class: dict[str, int]
    by_split: dict[str, int]


def export(
    workspace: Workspace,
    destination: Path,
    format_name: str,
    *,
    min_confidence: float = 0.0,
    only: Only | None = None,
    split: str | None = None,
    excel_safe: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> ExportReport:
    """Write the labels as they stand into a folder with ``manifest.json`` and a dataset card.

    Parameters
    ----------
    min_confidence : float
        Pseudo-labels below it are left out, 0 to 1; labels people gave have no confidence and stay.
    only : {"human", "pseudo"}, optional
        "human" keeps answers and gold, "pseudo" what models gave.
    split : {"train", "validation", "test"}, optional
        Keep one part; parts are fixed by a hash of the item's group, else of its content.
    overwrite : bool
        Replace an earlier export; anything else at ``destination`` is never touched.

    Raises
    ------
    NotReadyError
        If nothing would be exported.
    ExportError
        If ``destination`` cannot be written.
    ConfigError
        If an item may have several classes.
    """
    refuse_several_classes(workspace.schema, "`annotate export`")
    exporter = EXPORTERS.make(format_name, **({"excel_safe": True} if excel_safe else {}))
    labels = read_current_labels(workspace)
    chosen = chosen_labels(labels, min_confidence, only)
    settings = {
        "format": format_name,
        "min_confidence": min_confidence,
        "only": only,
        "split": split,
    }
    counts = ExportCounts()
    with atomic_folder(destination, overwrite=overwrite) as folder:
        rows = _rows(workspace, labels, chosen, split, progress)
        exporter.write(counts.watch(rows), folder)
        if counts.total == 0:
            raise NotReadyError(
                f"An export needs labels; none is left{_asked_for(settings)}."
                " Run `annotate train` or `annotate review`, or loosen the filters."
            )
        card = _card_facts(workspace, labels, counts, settings)
        (folder / "README.md").write_text(render_card(card), encoding="utf-8")
        write_manifest(
            folder,
            annotate_version=__version__,
            project_id=workspace.store.project_id(),
            schema=workspace.schema,
            counts=counts,
            settings=settings,
        )
    return ExportReport(
        str(destination), format_name, counts.total, dict(counts.by_source),
        dict(counts.by_class), dict(counts.by_split),
    )  # fmt: skip


def chosen_labels(labels: CurrentLabels, min_confidence: float, only: Only | None) -> Bools:
    """Return (n_items,) True where an export of every split has a label."""
    chosen = (labels.labels != NO_LABEL) & ~labels.given.dropped
    is_pseudo = labels.sources == PSEUDO
    chosen &= ~is_pseudo | (np.nan_to_num(labels.confidence, nan=0.0) >= min_confidence)
    if only == "human":
        chosen &= ~is_pseudo & (labels.sources != DERIVED)
    if only == "pseudo":
        chosen &= is_pseudo
    return chosen


def _rows(
    workspace: Workspace,
    labels: CurrentLabels,
    chosen: Bools,
    split: str | None,
    progress: Progress,
) -> Iterator[ExportRow]:
    lineage_of = _Lineage(labels)
    n_items = len(chosen)
    for start in range(0, n_items, ITEMS_AT_ONCE):
        stop = min(start + ITEMS_AT_ONCE, n_items)
        with workspace.store.read() as connection:
            items = read_items(
                connection,
                ["item_no", "item_id", "sha256", "path", "text", "group_key"],
                start,
                stop,
            )
        for item in items[chosen[start:stop]].to_dict("records"):
            part = split_of(item["group_key"] or item["sha256"])
            if split is None or part == split:
                yield _row(workspace, labels, item, part, lineage_of)
        progress(stop, n_items, "export")


def _row(
    workspace: Workspace,
    labels: CurrentLabels,
    item: Mapping[Any, Any],
    part: str,
    lineage_of: _Lineage,
) -> ExportRow:
    number = int(labels.labels[item["item_no"]])
    path = item["path"]
    if path is None and workspace.modality == "image":
        path = str(workspace.paths.media(item["sha256"]))
    return ExportRow(
        item_id=item["item_id"],
        label=workspace.schema.names[number],
        class_no=number,
        split=part,
        sha256=item["sha256"],
        path=path,
        text=item["text"],
        **lineage_of(item["item_no"]),
    )


class _Lineage:
    """Where the label of each item came from, as columns of an export."""

    def __init__(self, labels: CurrentLabels) -> None:
        self._labels = labels
        self._humans = labels.human_facts().to_dict("index")
        self._gold_times = labels.given.gold.set_index("item_no")["recorded_at_utc"].to_dict()
        self._pseudo: dict[str, Any] = {}
        if labels.head and labels.prediction and labels.selection:
            self._pseudo = {
                "teacher": labels.prediction["teacher"],
                "teacher_sha256": labels.prediction["weights_sha256"],
                "prediction_id": labels.prediction["prediction_id"],
                "selector": " > ".join(labels.selection["selectors"]),
                "round_no": labels.head["round_no"],
                "labelled_at_utc": labels.head["created_at_utc"],
            }

    def __call__(self, item_no: int) -> dict[str, Any]:
        source = int(self._labels.sources[item_no])
        facts: dict[str, Any] = {
            "source": SOURCES[source],
            "confidence": None,
            "teacher": None,
            "round_no": None,
            "reviewer": None,
            "labelled_at_utc": self._gold_times.get(item_no),
        }
        if source == PSEUDO:
            return facts | self._pseudo | {"confidence": float(self._labels.confidence[item_no])}
        if source in (HUMAN, DERIVED):
            answer = self._humans[item_no]
            facts |= {"reviewer": answer["reviewer"], "labelled_at_utc": answer["decided_at_utc"]}
        return facts


def _asked_for(settings: Mapping[str, Any]) -> str:
    filters = ("min_confidence", "only", "split")
    said = [f"{name.replace('_', ' ')} {settings[name]}" for name in filters if settings[name]]
    return f" with {', '.join(said)}" if said else ""


def _card_facts(
    workspace: Workspace,
    labels: CurrentLabels,
    counts: ExportCounts,
    settings: dict[str, Any],
) -> CardFacts:
    given = labels.given
    standing = given.human.standing
    with workspace.store.read() as connection:
        n_quarantined = source_counts(connection)["quarantined"]
        rounds = lineage(connection, labels.head["round_no"]) if labels.head else []
    teachers: tuple[TeacherFacts, ...] = ()
    if labels.prediction is not None:
        teacher = TeacherFacts(
            labels.prediction["teacher"],
            labels.prediction["weights_sha256"],
            counts.by_source["pseudo"],
        )
        teachers = (teacher,)
    return CardFacts(
        project_name=workspace.paths.root.name,
        modality=workspace.modality,
        format=settings["format"],
        schema=workspace.schema,
        counts=counts,
        n_items=int((~given.dropped).sum()),
        n_unlabelled=int(((labels.labels == NO_LABEL) & ~given.dropped).sum()),
        n_conflicts=int(given.human.conflict.sum()),
        n_quarantined=n_quarantined,
        teachers=teachers,
        rounds=tuple(
            RoundFacts(
                r["round_no"],
                (r["settings"]["run"] or {}).get("student"),
                tuple(r["settings"]["selectors"]),
                r["metrics"]["n_pseudo"],
                r["stop_reason"] or "",
            )
            for r in rounds
        ),
        n_reviewers=int(standing["reviewer"].nunique()),
        answers={str(kind): int(n) for kind, n in standing["kind"].value_counts().items()},
        gold_check=_gold_check(workspace, labels),
        settings={key: json.dumps(value) for key, value in settings.items() if value is not None},
    )


def _gold_check(workspace: Workspace, labels: CurrentLabels) -> GoldCheck | None:
    """Measure the head round on the labels that measure now; None where there are none."""
    if labels.prediction is None:
        return None
    measurement = measure(workspace, labels.given, labels.prediction["prediction_id"])
    if measurement is None:
        return None
    n_right, n_checked = int(measurement.right.sum()), len(measurement.right)
    return GoldCheck(n_right, n_checked, *wilson_interval(n_right, n_checked))
