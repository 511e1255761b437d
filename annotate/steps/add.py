"""Add a corpus: every input becomes an item or goes to quarantine with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from annotate.corpus.base import Source
from annotate.corpus.identity import resolve_duplicates
from annotate.corpus.records import Record, Rejected, SourceOptions, outcome_of
from annotate.corpus.source import open_source
from annotate.protocols import Progress, no_progress
from annotate.schema import Schema, refuse_several_classes
from annotate.steps.given_features import copy_given_features
from annotate.steps.gold_roles import assign_gold_roles
from annotate.steps.workspace import Workspace
from annotate.store.gold import insert_gold
from annotate.store.items import (
    count_items,
    count_outcomes,
    find_or_start_source,
    finish_source,
    insert_items,
    insert_quarantine,
    known_contents,
    known_ids,
    quarantine_by_code,
    source_counts,
)
from annotate.store.media import keep_media
from annotate.store.tables import canonical_json, now_utc

# One commit each: a killed run repeats less than this many inputs.
INPUTS_AT_ONCE = 2000


@dataclass(frozen=True)
class AddReport:
    """What became of one source's inputs; ``ok + normalised + flagged + quarantined == seen``.

    Attributes
    ----------
    notes : dict
        Code to the number of inputs that this run gave it; of a source that was added before, the
        codes in quarantine.
    hints : tuple of str
        Sentences for the user, such as a column that looks like labels but was not read.
    passed_over : dict
        Files that are no inputs by their name, counted by suffix.
    """

    source: str
    kind: str
    columns: dict[str, Any]
    seen: int
    ok: int
    normalised: int
    flagged: int
    quarantined: int
    new_items: int
    notes: dict[str, int]
    already_added: bool
    hints: tuple[str, ...]
    passed_over: dict[str, int]


def add(
    workspace: Workspace,
    source: Path,
    options: SourceOptions,
    *,
    progress: Progress = no_progress,
) -> AddReport:
    """Add every input of ``source`` to the project.

    Adding the same source again changes nothing; a killed run goes on behind its last commit.

    Raises
    ------
    SourceError
        If the source is refused as a whole; the project is then unchanged.
    ProjectBusyError
        If another long step holds the project.
    """
    if options.label_column is not None or options.labels_from_folders:
        refuse_several_classes(workspace.schema, "Adding items with their labels")
    opened = open_source(source, options)
    with workspace.running("add"):
        n_before = workspace.n_items()
        with workspace.store.write() as connection:
            source_no, n_seen, finished = find_or_start_source(
                connection,
                str(source.resolve()),
                opened.kind,
                opened.signature(),
                _recorded_options(options),
            )
        notes: Counter[str] = Counter()
        if not finished:
            for batch in _batches(opened.read(n_seen)):
                notes += _register(workspace, source_no, batch)
                n_seen += len(batch)
                progress(n_seen, opened.n_inputs, "add")
            with workspace.store.write() as connection:
                finish_source(connection, source_no)
        assign_gold_roles(workspace)
        if options.features is not None:
            copy_given_features(workspace, progress=progress)
        return _report(workspace, source_no, source, opened, notes, n_before, finished)


def _batches(entries: Iterator[Record | Rejected]) -> Iterator[list[Record | Rejected]]:
    while batch := list(islice(entries, INPUTS_AT_ONCE)):
        yield batch


def _register(
    workspace: Workspace, source_no: int, batch: Sequence[Record | Rejected]
) -> Counter[str]:
    """Store one batch in one commit; return how often each note and reason occurred."""
    labelled = [_checked_label(entry, workspace.schema) for entry in batch]
    records = [entry for entry in labelled if isinstance(entry, Record)]
    rejected = [entry for entry in labelled if isinstance(entry, Rejected)]
    with workspace.store.read() as connection:
        ids = known_ids(connection, [record.item_id for record in records])
        contents = known_contents(connection, [record.sha256 for record in records])
        next_item_no = count_items(connection)
    known = {item_id: sha256 for item_id, (_, sha256) in ids.items()}
    fates = resolve_duplicates([(r.item_id, r.sha256) for r in records], known, contents)
    new: list[Record] = []
    outcomes: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for record, (fate, other_id) in zip(records, fates, strict=True):
        if fate == "id_conflict":
            detail = (
                f"the id {record.item_id!r} already stands for other content; {other_id!r} stays"
            )
            rejected.append(Rejected(record.input_no, record.item_id, fate, detail))
            continue
        if fate != "new":
            record = _flagged(record, f"flag:{fate}")
        if fate != "duplicate_id":
            new.append(record)
        outcomes[record.outcome] += 1
        notes.update(record.notes)
    outcomes["quarantined"] = len(rejected)
    notes.update(entry.code for entry in rejected)
    # Before their items: an item on record always has its picture.
    keep_media(workspace.paths, {r.sha256: r.media for r in new if r.media is not None})
    rows = [
        _item_row(record, source_no, item_no) for item_no, record in enumerate(new, next_item_no)
    ]
    with workspace.store.write() as connection:
        insert_items(connection, rows)
        insert_quarantine(connection, [{"source_no": source_no, **asdict(r)} for r in rejected])
        insert_gold(connection, _gold_rows(new, next_item_no, workspace.schema))
        count_outcomes(connection, source_no, outcomes)
    return notes


def _flagged(record: Record, note: str) -> Record:
    notes = (*record.notes, note)
    return replace(record, notes=notes, outcome=outcome_of(notes))


def _checked_label(entry: Record | Rejected, schema: Schema) -> Record | Rejected:
    """Put a record whose label is not in the schema into quarantine; note one that is retired."""
    if isinstance(entry, Rejected) or entry.label is None:
        return entry
    number = schema.class_no(entry.label)
    if number is None:
        names = ", ".join(schema.names[:5]) + (", ..." if schema.n_classes > 5 else "")
        detail = f"label {entry.label[:80]!r} is not one of the classes ({names})"
        return Rejected(entry.input_no, entry.item_id, "label_unknown", detail)
    if schema.classes[number].retired:
        return _flagged(entry, "flag:schema_v")
    return entry


def _item_row(record: Record, source_no: int, item_no: int) -> dict[str, Any]:
    return {
        "item_no": item_no,
        "item_id": record.item_id,
        "source_no": source_no,
        "input_no": record.input_no,
        "sha256": record.sha256,
        "outcome": record.outcome,
        "notes": canonical_json(record.notes),
        "path": record.path,
        "text": record.text,
        "group_key": record.group,
        "width_px": record.width,
        "height_px": record.height,
    }


def _gold_rows(records: list[Record], first_item_no: int, schema: Schema) -> list[dict[str, Any]]:
    return [
        {
            "item_no": item_no,
            "class_no": schema.class_no(record.label),
            "schema_version": schema.version,
            "role": "unassigned",
            "origin": "corpus",
            "recorded_at_utc": now_utc(),
        }
        for item_no, record in enumerate(records, first_item_no)
        if record.label is not None
    ]


def _recorded_options(options: SourceOptions) -> dict[str, Any]:
    # How many workers decode has no influence on what is read.
    settings = {key: value for key, value in asdict(options).items() if key != "workers"}
    return {k: str(v.resolve()) if isinstance(v, Path) else v for k, v in settings.items()}


def _report(
    workspace: Workspace,
    source_no: int,
    source: Path,
    opened: Source,
    notes: Counter[str],
    n_before: int,
    already_added: bool,
) -> AddReport:
    with workspace.store.read() as connection:
        counts = source_counts(connection, source_no)
        if already_added:
            notes = Counter(quarantine_by_code(connection, source_no))
    return AddReport(
        source=str(source),
        kind=opened.kind,
        columns=dict(opened.columns),
        new_items=workspace.n_items() - n_before,
        notes=dict(notes.most_common()),
        already_added=already_added,
        hints=opened.hints,
        passed_over=dict(opened.passed_over),
        **counts,
    )
