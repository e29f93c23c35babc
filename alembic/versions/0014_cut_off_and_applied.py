"""When all that went on in a user's name was ended last, and which password the operator's file gave them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("cut_off_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("applied_password_hash", sa.String(255), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "applied_password_hash")
    op.drop_column("users", "cut_off_at")
