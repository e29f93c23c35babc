"""Used assertions: a JWT by which a client proved who it is works once, on all nodes together (RFC 7523 §3)."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from oidc_server.clients.models import UsedAssertion
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.statements import insert_if_absent, remove_in_batches


def use(connection: Connection, client_id: str, jti: str, expires_at: datetime) -> bool:
    """Use an assertion up: check and use are one statement; whether nobody had used it."""
    fingerprint = b64url(sha256(f"{client_id}\0{jti}".encode()).digest())
    return insert_if_absent(connection, UsedAssertion, {"fingerprint": fingerprint, "expires_at": expires_at})


def remove_old(database: Database) -> int:
    """Forget, in small batches, those that have expired; how many."""
    return remove_in_batches(database, UsedAssertion.fingerprint, UsedAssertion.expires_at < clock.now())
