"""What grants ask for singly, when sessions idle out, client secrets that sign, and assertions that were used."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("grants") as grants:
        grants.add_column(sa.Column("claims", sa.JSON(none_as_null=True), nullable=True))
        grants.add_column(sa.Column("resources", sa.JSON(none_as_null=True), nullable=True))
    with op.batch_alter_table("resources") as resources:
        resources.add_column(sa.Column("token_lifetime", sa.Integer(), nullable=True))
        resources.add_column(sa.Column("token_signing_alg", sa.String(length=255), nullable=True))
    with op.batch_alter_table("client_secrets") as secrets:
        secrets.add_column(sa.Column("sealed_secret", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("signing_keys") as keys:
        keys.add_column(sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("idle_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "used_assertions",
        sa.Column("fingerprint", sa.String(length=255), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_used_assertions"),
    )
    op.create_index("ix_used_assertions_expires_at", "used_assertions", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("used_assertions")
    with op.batch_alter_table("signing_keys") as keys:
        keys.drop_column("revoked_at")
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("idle_expires_at")
    with op.batch_alter_table("client_secrets") as secrets:
        secrets.drop_column("sealed_secret")
    with op.batch_alter_table("resources") as resources:
        resources.drop_column("token_signing_alg")
        resources.drop_column("token_lifetime")
    with op.batch_alter_table("grants") as grants:
        grants.drop_column("resources")
        grants.drop_column("claims")
