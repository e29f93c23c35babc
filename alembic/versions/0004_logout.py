"""who hears that a session has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_clients",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("first_grant_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name="fk_session_clients_client_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_session_clients_session_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "client_id", name="pk_session_clients"),
    )
    op.create_index("ix_session_clients_client_id", "session_clients", ["client_id"], unique=False)
    op.create_table(
        "logout_deliveries",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=255), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name="fk_logout_deliveries_client_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "client_id", name="pk_logout_deliveries"),
    )
    op.create_index("ix_logout_deliveries_client_id", "logout_deliveries", ["client_id"], unique=False)
    op.create_index("ix_logout_deliveries_created_at", "logout_deliveries", ["created_at"], unique=False)
    op.create_index("ix_logout_deliveries_due_at", "logout_deliveries", ["due_at"], unique=False)


def downgrade() -> None:
    op.drop_table("logout_deliveries")
    op.drop_table("session_clients")
