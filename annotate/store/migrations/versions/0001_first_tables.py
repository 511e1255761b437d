"""First tables, and triggers that keep decisions append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, index and trigger of the first version."""
    op.create_table(
        "arrays",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("array_id", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("n_columns", sa.Integer(), nullable=False),
        sa.Column("dtype", sa.Text(), nullable=False),
        sa.Column("created_at_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "array_id", name=op.f("pk_arrays")),
        sqlite_strict=True,
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        sqlite_strict=True,
    )
    op.create_table(
        "parts",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("array_id", sa.Text(), nullable=False),
        sa.Column("part_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "array_id", "part_no", name=op.f("pk_parts")),
        sqlite_strict=True,
    )
    op.create_table(
        "predictions",
        sa.Column("prediction_no", sa.Integer(), nullable=False),
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("teacher", sa.Text(), nullable=False),
        sa.Column("weights_sha256", sa.Text(), nullable=False),
        sa.Column("encoder_id", sa.Text(), nullable=True),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=True),
        sa.Column("created_at_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("prediction_no", name=op.f("pk_predictions")),
        sa.UniqueConstraint("prediction_id", name=op.f("uq_predictions_prediction_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "rounds",
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("teacher_prediction_id", sa.Text(), nullable=False),
        sa.Column("selection_id", sa.Text(), nullable=True),
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("label_selection_id", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("created_at_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("round_no", name=op.f("pk_rounds")),
        sqlite_strict=True,
    )
    op.create_table(
        "schema_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("classes", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_schema_versions")),
        sqlite_strict=True,
    )
    op.create_table(
        "selections",
        sa.Column("selection_id", sa.Text(), nullable=False),
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("selectors", sa.Text(), nullable=False),
        sa.Column("n_accepted", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("selection_id", name=op.f("pk_selections")),
        sqlite_strict=True,
    )
    op.create_table(
        "sources",
        sa.Column("source_no", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("n_seen", sa.Integer(), nullable=False),
        sa.Column("n_ok", sa.Integer(), nullable=False),
        sa.Column("n_normalised", sa.Integer(), nullable=False),
        sa.Column("n_flagged", sa.Integer(), nullable=False),
        sa.Column("n_quarantined", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Integer(), nullable=False),
        sa.Column("updated_at_utc", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "n_ok + n_normalised + n_flagged + n_quarantined = n_seen",
            name=op.f("ck_sources_every_input_counted"),
        ),
        sa.PrimaryKeyConstraint("source_no", name=op.f("pk_sources")),
        sa.UniqueConstraint("location", "signature", name=op.f("uq_sources_location")),
        sqlite_strict=True,
    )
    op.create_table(
        "head_moves",
        sa.Column("move_no", sa.Integer(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moved_at_utc", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_no"], ["rounds.round_no"], name=op.f("fk_head_moves_round_no")
        ),
        sa.PrimaryKeyConstraint("move_no", name=op.f("pk_head_moves")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "items",
        sa.Column("item_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("source_no", sa.Integer(), nullable=False),
        sa.Column("input_no", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("group_key", sa.Text(), nullable=True),
        sa.Column("width_px", sa.Integer(), nullable=True),
        sa.Column("height_px", sa.Integer(), nullable=True),
        sa.Column("dropped_at_utc", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_no"], ["sources.source_no"], name=op.f("fk_items_source_no")
        ),
        sa.PrimaryKeyConstraint("item_no", name=op.f("pk_items")),
        sa.UniqueConstraint("item_id", name=op.f("uq_items_item_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_items_sha256"), ["sha256"], unique=False)

    op.create_table(
        "quarantine",
        sa.Column("source_no", sa.Integer(), nullable=False),
        sa.Column("input_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("input_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_no"], ["sources.source_no"], name=op.f("fk_quarantine_source_no")
        ),
        sa.PrimaryKeyConstraint("source_no", "input_no", name=op.f("pk_quarantine")),
        sqlite_strict=True,
    )
    op.create_table(
        "decisions",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("item_sha256", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("class_no", sa.Integer(), nullable=True),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Text(), nullable=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("elapsed_s", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=True),
        sa.Column("decided_at_utc", sa.Text(), nullable=False),
        sa.Column("stored_at_utc", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('review', 'audit', 'simulated')", name=op.f("ck_decisions_purpose")
        ),
        sa.CheckConstraint("role IN ('train', 'held_back')", name=op.f("ck_decisions_role")),
        sa.ForeignKeyConstraint(["item_no"], ["items.item_no"], name=op.f("fk_decisions_item_no")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_decisions")),
        sa.UniqueConstraint("event_id", name=op.f("uq_decisions_event_id")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index("ix_decisions_item_no", ["item_no"], unique=False)

    op.create_table(
        "gold",
        sa.Column("item_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("class_no", sa.Integer(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("recorded_at_utc", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('train', 'held_back', 'unassigned')", name=op.f("ck_gold_role")
        ),
        sa.ForeignKeyConstraint(["item_no"], ["items.item_no"], name=op.f("fk_gold_item_no")),
        sa.PrimaryKeyConstraint("item_no", name=op.f("pk_gold")),
        sqlite_strict=True,
    )
    op.create_table(
        "queue_front",
        sa.Column("item_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added_at_utc", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_no"], ["items.item_no"], name=op.f("fk_queue_front_item_no")
        ),
        sa.PrimaryKeyConstraint("item_no", name=op.f("pk_queue_front")),
        sqlite_strict=True,
    )

    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions"
            " BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions"
            " BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END"
        )
