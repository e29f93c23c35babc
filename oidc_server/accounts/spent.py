"""Spent proofs: what works once, on all nodes together."""

from datetime import datetime

from sqlalchemy import select

from oidc_server.accounts.models import SpentProof
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.statements import insert_if_absent, remove_in_batches


def spend(handle: Handle, name: str, expires_at: datetime) -> bool:
    """Use a proof up: check and use are one statement; whether nobody had used it."""
    return insert_if_absent(handle, SpentProof, {"id": name, "expires_at": expires_at})


def is_spent(handle: Handle, name: str) -> bool:
    """Whether somebody has used it up."""
    return handle.execute(select(SpentProof.id).where(SpentProof.id == name)).first() is not None


def remove_old(database: Database) -> int:
    """Forget, in small batches, those that nobody could use any more; how many."""
    return remove_in_batches(database, SpentProof.id, SpentProof.expires_at < clock.now())
