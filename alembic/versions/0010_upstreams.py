"""upstreams, and the identities that people have there."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upstreams",
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("definition", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("slug", name="pk_upstreams"),
    )
    op.create_table(
        "upstream_identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("upstream", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=512), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["upstream"], ["upstreams.slug"], name="fk_upstream_identities_upstream", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_upstream_identities_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_upstream_identities"),
        sa.UniqueConstraint("upstream", "issuer", "subject", name="uq_upstream_identities_upstream_issuer_subject"),
    )
    op.create_index("ix_upstream_identities_user_id", "upstream_identities", ["user_id"])
    op.create_table(
        "used_upstream_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_used_upstream_attempts"),
    )
    op.create_index("ix_used_upstream_attempts_expires_at", "used_upstream_attempts", ["expires_at"])


def downgrade() -> None:
    op.drop_index("ix_used_upstream_attempts_expires_at", table_name="used_upstream_attempts")
    op.drop_table("used_upstream_attempts")
    op.drop_index("ix_upstream_identities_user_id", table_name="upstream_identities")
    op.drop_table("upstream_identities")
    op.drop_table("upstreams")
