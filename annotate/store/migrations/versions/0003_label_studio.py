"""What was sent to Label Studio and read from it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "label_studio_links",
        sa.Column("link_no", sa.Integer(), nullable=False),
        sa.Column("link_key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("label_config", sa.Text(), nullable=False),
        sa.Column("classes", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("pulled_until_utc", sa.Text(), nullable=True),
        sa.Column("created_at_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("link_no", name=op.f("pk_label_studio_links")),
        sa.UniqueConstraint("link_key", name=op.f("uq_label_studio_links_link_key")),
        sqlite_strict=True,
    )
    op.create_table(
        "label_studio_tasks",
        sa.Column("link_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task_id", big, autoincrement=False, nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("sent_sha256", sa.Text(), nullable=False),
        sa.Column("sent_at_utc", sa.Text(), nullable=False),
        sa.Column("deleted_at_utc", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_no"], ["items.item_no"], name=op.f("fk_label_studio_tasks_item_no")
        ),
        sa.ForeignKeyConstraint(
            ["link_no"],
            ["label_studio_links.link_no"],
            name=op.f("fk_label_studio_tasks_link_no"),
        ),
        sa.PrimaryKeyConstraint("link_no", "task_id", name=op.f("pk_label_studio_tasks")),
        sqlite_strict=True,
    )
    op.create_index("ix_label_studio_tasks_item_no", "label_studio_tasks", ["item_no"])
    op.create_table(
        "label_studio_annotations",
        sa.Column("link_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("annotation_id", big, autoincrement=False, nullable=False),
        sa.Column("task_id", big, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("read_at_utc", sa.Text(), nullable=False),
        sa.Column("deleted_at_utc", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('label', 'skip', 'unknown')",
            name=op.f("ck_label_studio_annotations_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["link_no"],
            ["label_studio_links.link_no"],
            name=op.f("fk_label_studio_annotations_link_no"),
        ),
        sa.PrimaryKeyConstraint(
            "link_no", "annotation_id", name=op.f("pk_label_studio_annotations")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_label_studio_annotations_task_id", "label_studio_annotations", ["task_id"])
