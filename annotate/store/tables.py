"""The tables, in SQL that SQLite and PostgreSQL both know.

Every column is TEXT, INTEGER or REAL: JSON is canonical text, times are ISO 8601 in UTC, and yes or
no is 1 or 0. ``migrations/`` builds these tables; a test holds the two equal.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_BigInt = BigInteger().with_variant(Integer, "sqlite")
# 64 bits in both: decisions are hashed with the value that was given.
_Float: TypeEngine[float] = Double().with_variant(REAL, "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_strict=True,
)

schema_versions = Table(
    "schema_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("task", Text, nullable=False),
    Column("classes", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at_utc", Text, nullable=False),
    sqlite_strict=True,
)

sources = Table(
    "sources",
    metadata,
    Column("source_no", Integer, primary_key=True),
    Column("location", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("n_seen", Integer, nullable=False),
    Column("n_ok", Integer, nullable=False),
    Column("n_normalised", Integer, nullable=False),
    Column("n_flagged", Integer, nullable=False),
    Column("n_quarantined", Integer, nullable=False),
    Column("finished", Integer, nullable=False),
    Column("updated_at_utc", Text, nullable=False),
    UniqueConstraint("location", "signature"),
    CheckConstraint(
        "n_ok + n_normalised + n_flagged + n_quarantined = n_seen", name="every_input_counted"
    ),
    sqlite_strict=True,
)

items = Table(
    "items",
    metadata,
    Column("item_no", Integer, primary_key=True, autoincrement=False),
    Column("item_id", Text, nullable=False, unique=True),
    Column("source_no", Integer, ForeignKey("sources.source_no"), nullable=False),
    Column("input_no", Integer, nullable=False),
    Column("sha256", Text, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("path", Text),
    Column("text", Text),
    Column("group_key", Text),
    Column("width_px", Integer),
    Column("height_px", Integer),
    Column("dropped_at_utc", Text),
    sqlite_strict=True,
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("source_no", Integer, ForeignKey("sources.source_no"), primary_key=True),
    Column("input_no", Integer, primary_key=True, autoincrement=False),
    Column("input_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_strict=True,
)

gold = Table(
    "gold",
    metadata,
    Column("item_no", Integer, ForeignKey("items.item_no"), primary_key=True, autoincrement=False),
    Column("class_no", Integer, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("recorded_at_utc", Text, nullable=False),
    CheckConstraint("role IN ('train', 'held_back', 'unassigned')", name="role"),
    sqlite_strict=True,
)

arrays = Table(
    "arrays",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("array_id", Text, primary_key=True),
    Column("settings", Text, nullable=False),
    Column("n_columns", Integer, nullable=False),
    Column("dtype", Text, nullable=False),
    Column("created_at_utc", Text, nullable=False),
    sqlite_strict=True,
)

parts = Table(
    "parts",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("array_id", Text, primary_key=True),
    Column("part_no", Integer, primary_key=True, autoincrement=False),
    Column("n_rows", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    sqlite_strict=True,
)

predictions = Table(
    "predictions",
    metadata,
    Column("prediction_no", Integer, primary_key=True),
    Column("prediction_id", Text, nullable=False, unique=True),
    Column("teacher", Text, nullable=False),
    Column("weights_sha256", Text, nullable=False),
    Column("encoder_id", Text),
    Column("schema_version", Integer, nullable=False),
    Column("n_items", Integer, nullable=False),
    Column("settings", Text, nullable=False),
    Column("round_no", Integer),
    Column("created_at_utc", Text, nullable=False),
    sqlite_strict=True,
)

selections = Table(
    "selections",
    metadata,
    Column("selection_id", Text, primary_key=True),
    Column("prediction_id", Text, nullable=False),
    Column("selectors", Text, nullable=False),
    Column("n_accepted", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at_utc", Text, nullable=False),
    sqlite_strict=True,
)

rounds = Table(
    "rounds",
    metadata,
    Column("round_no", Integer, primary_key=True, autoincrement=False),
    Column("parent", Integer),
    Column("settings", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("teacher_prediction_id", Text, nullable=False),
    Column("selection_id", Text),
    Column("prediction_id", Text, nullable=False),
    Column("label_selection_id", Text, nullable=False),
    Column("model_sha256", Text),
    Column("stop_reason", Text),
    Column("created_at_utc", Text, nullable=False),
    sqlite_strict=True,
)

head_moves = Table(
    "head_moves",
    metadata,
    Column("move_no", Integer, primary_key=True),
    Column("round_no", Integer, ForeignKey("rounds.round_no"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("moved_at_utc", Text, nullable=False),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

queue_front = Table(
    "queue_front",
    metadata,
    Column("item_no", Integer, ForeignKey("items.item_no"), primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("added_at_utc", Text, nullable=False),
    sqlite_strict=True,
)

# Who is looking at an item now, so that nobody else is handed it meanwhile.
leases = Table(
    "leases",
    metadata,
    Column("item_no", Integer, ForeignKey("items.item_no"), primary_key=True, autoincrement=False),
    Column("holder", Text, primary_key=True),
    Column("reviewer", Text, nullable=False),
    Column("expires_at_s", _Float, nullable=False),
    Index("ix_leases_holder", "holder"),
    sqlite_strict=True,
)

people = Table(
    "people",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("added_at_utc", Text, nullable=False),
    CheckConstraint("role IN ('owner', 'reviewer')", name="role"),
    sqlite_strict=True,
)

decisions = Table(
    "decisions",
    metadata,
    Column("seq", _BigInt, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("item_no", Integer, ForeignKey("items.item_no"), nullable=False),
    Column("item_sha256", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("class_no", Integer),
    Column("schema_version", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("undoes", Text),
    Column("shown", Text, nullable=False),
    Column("elapsed_s", _Float),
    Column("decided_at_utc", Text, nullable=False),
    Column("stored_at_utc", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("purpose IN ('review', 'audit', 'simulated')", name="purpose"),
    CheckConstraint("role IN ('train', 'held_back')", name="role"),
    Index("ix_decisions_item_no", "item_no"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)


# Trainings of networks that give every pixel a class, each with what it measured.
segmenters = Table(
    "segmenters",
    metadata,
    Column("segmenter_no", Integer, primary_key=True, autoincrement=False),
    Column("settings", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("created_at_utc", Text, nullable=False),
    sqlite_strict=True,
)

# The class of every pixel of a picture, as PNG files under ``media``; a later one does not replace
# an earlier one. A mask without a segmenter came with the corpus.
masks = Table(
    "masks",
    metadata,
    Column("mask_no", Integer, primary_key=True),
    Column("item_no", Integer, ForeignKey("items.item_no"), nullable=False),
    Column("png_sha256", Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("segmenter_no", Integer, ForeignKey("segmenters.segmenter_no")),
    Column("role", Text),
    Column("confidence", _Float),
    Column("recorded_at_utc", Text, nullable=False),
    CheckConstraint("role IN ('train', 'held_back')", name="role"),
    Index("ix_masks_item_no", "item_no"),
    sqlite_strict=True,
)

# Label Studio projects that items were sent to; the newest is the one in use.
label_studio_links = Table(
    "label_studio_links",
    metadata,
    Column("link_no", Integer, primary_key=True),
    Column("link_key", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("project_id", Integer),
    Column("label_config", Text, nullable=False),
    Column("classes", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("pulled_until_utc", Text),
    Column("created_at_utc", Text, nullable=False),
    sqlite_strict=True,
)

# Which task stands for which item there. A deleted task stays as a tombstone.
label_studio_tasks = Table(
    "label_studio_tasks",
    metadata,
    Column(
        "link_no",
        Integer,
        ForeignKey("label_studio_links.link_no"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("task_id", _BigInt, primary_key=True, autoincrement=False),
    Column("item_no", Integer, ForeignKey("items.item_no"), nullable=False),
    Column("sent_sha256", Text, nullable=False),
    Column("sent_at_utc", Text, nullable=False),
    Column("deleted_at_utc", Text),
    Index("ix_label_studio_tasks_item_no", "item_no"),
    sqlite_strict=True,
)

# The annotations that were read, so that one that is gone or has changed is noticed. ``raw`` keeps
# what could not be understood, as it came.
label_studio_annotations = Table(
    "label_studio_annotations",
    metadata,
    Column(
        "link_no", Integer, ForeignKey("label_studio_links.link_no"), primary_key=True,
        autoincrement=False,
    ),
    Column("annotation_id", _BigInt, primary_key=True, autoincrement=False),
    Column("task_id", _BigInt, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", Text),
    Column("read_at_utc", Text, nullable=False),
    Column("deleted_at_utc", Text),
    CheckConstraint("outcome IN ('label', 'skip', 'unknown')", name="outcome"),
    Index("ix_label_studio_annotations_task_id", "task_id"),
    sqlite_strict=True,
)  # fmt: skip


def canonical_json(value: Any) -> str:
    """Return the one way this project writes a value as JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def now_utc() -> str:
    """Return the present time as text, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
