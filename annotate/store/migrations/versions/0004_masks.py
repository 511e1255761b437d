"""Masks of pictures, and the networks that drew them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    real: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
    op.create_table(
        "segmenters",
        sa.Column("segmenter_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("created_at_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("segmenter_no", name=op.f("pk_segmenters")),
        sqlite_strict=True,
    )
    op.create_table(
        "masks",
        sa.Column("mask_no", sa.Integer(), nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("png_sha256", sa.Text(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("segmenter_no", sa.Integer(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("confidence", real, nullable=True),
        sa.Column("recorded_at_utc", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('train', 'held_back')", name=op.f("ck_masks_role")),
        sa.ForeignKeyConstraint(["item_no"], ["items.item_no"], name=op.f("fk_masks_item_no")),
        sa.ForeignKeyConstraint(
            ["segmenter_no"], ["segmenters.segmenter_no"], name=op.f("fk_masks_segmenter_no")
        ),
        sa.PrimaryKeyConstraint("mask_no", name=op.f("pk_masks")),
        sqlite_strict=True,
    )
    op.create_index("ix_masks_item_no", "masks", ["item_no"])
