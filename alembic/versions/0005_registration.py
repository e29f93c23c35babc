"""clients that register themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("is_dynamic", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("clients", sa.Column("registration_token_hash", sa.String(length=255), nullable=True))
    op.add_column("clients", sa.Column("software_statement", sa.Text(), nullable=True))
    op.add_column("clients", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "initial_access_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=255), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_initial_access_tokens"),
    )


def downgrade() -> None:
    op.drop_table("initial_access_tokens")
    op.drop_column("clients", "last_used_at")
    op.drop_column("clients", "software_statement")
    op.drop_column("clients", "registration_token_hash")
    op.drop_column("clients", "is_dynamic")
