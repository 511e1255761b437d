"""Leases, so that two reviewers are not handed one item, and the people who may review."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "leases",
        sa.Column("item_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("expires_at_s", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["item_no"], ["items.item_no"], name=op.f("fk_leases_item_no")),
        sa.PrimaryKeyConstraint("item_no", "holder", name=op.f("pk_leases")),
        sqlite_strict=True,
    )
    op.create_index("ix_leases_holder", "leases", ["holder"])
    op.create_table(
        "people",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_at_utc", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'reviewer')", name=op.f("ck_people_role")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_people")),
        sqlite_strict=True,
    )
