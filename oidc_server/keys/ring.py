"""The ring: the keys as this node keeps them in memory, and which of them signs now."""

import json
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import Row, select

from oidc_server.foundation import clock
from oidc_server.foundation.changes import Changes
from oidc_server.foundation.database import Database
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.errors import Misconfigured, Unavailable
from oidc_server.foundation.sealing import Sealing
from oidc_server.keys import jwt
from oidc_server.keys.models import SigningKey

PURPOSE = "signing key"

log = structlog.get_logger(__name__)


class Published:
    """The JWKS as it is sent (RFC 7517 §5), ready-made."""

    def __init__(self, keys: list[jwt.Key]) -> None:
        self.body = json.dumps({"keys": [key.public_jwk for key in keys]}, separators=(",", ":")).encode()
        self.etag = f'"{b64url(sha256(self.body).digest()[:12])}"'


class Ring:
    """Every signing key, with its timetable."""

    def __init__(self, database: Database, sealing: Sealing, changes: Changes) -> None:
        self._database = database
        self._sealing = sealing
        self._changes = changes
        self._heard = 1  # of how many changes
        self._seen = 0  # how many of them are in the rows
        self._rows: list[Row[Any]] = []
        self._keys: dict[str, jwt.Key] = {}
        self._published: tuple[list[str], Published] | None = None
        self.make_first: Callable[[str], object] | None = None
        """Makes the first key of an algorithm that is not the default; that one is made with the database."""
        changes.on_change(self._forget)

    @property
    def has_keys(self) -> bool:
        """Whether there is any key that may sign, now or later."""
        return any(row.removed_at is None for row in self._rows)

    def current(self, algorithm: str = jwt.ALGORITHMS[0]) -> jwt.Key:
        """The key that signs now with this algorithm, made if nobody needed one before; call it inside `Database.run`."""
        self._changes.trust()
        self.refresh()
        kid = self._signs_now(algorithm)
        if kid is None and algorithm != jwt.ALGORITHMS[0] and self.make_first is not None:
            self.make_first(algorithm)
            self._changes.look()
            self.refresh()
            kid = self._signs_now(algorithm)
        if kid is None:
            raise Unavailable("The server has no key to sign with yet.", because=f"no signing key for {algorithm}")
        return self._keys[kid]

    def _signs_now(self, algorithm: str) -> str | None:
        now = clock.now()
        newest = None
        for row in self._rows:
            if row.algorithm == algorithm and row.signs_from <= now and not row.removed_at:
                newest = row  # they are in the order in which they sign
        return newest.kid if newest is not None else None

    def find(self, kid: str) -> jwt.Key | None:
        """The key that verifies tokens with this kid now; call it inside `Database.run`.

        An unknown one may have been made on another node a moment ago: that is looked up, a few times a second at most.
        """
        if kid not in self._keys and self._changes.look_again():
            self.refresh()
        verifying = any(row.kid == kid and _verifies(row, clock.now()) for row in self._rows)
        return self._keys.get(kid) if verifying else None

    def decrypting(self, algorithm: str, kid: str) -> list[jwt.Key]:
        """The keys that open what was encrypted to us, newest first: one if a kid names it; call it inside `Database.run`."""
        if kid and kid not in self._keys and self._changes.look_again():
            self.refresh()
        now = clock.now()
        fitting = [row.kid for row in reversed(self._rows) if row.algorithm == algorithm and _verifies(row, now)]
        found = [self._keys[one] for one in fitting if kid in ("", one)]
        return [key for key in found if key.private is not None]

    def find_ever(self, kid: str) -> jwt.Key | None:
        """The key that once had this kid; only for hints, which may be long expired (OpenID Connect RP-Initiated Logout §2)."""
        is_revoked = any(row.kid == kid and row.revoked_at for row in self._rows)
        return None if is_revoked else self._keys.get(kid)

    def published(self) -> Published:
        """The JWKS: every key that signs, will sign, or signed something still valid. Never asks the database."""
        now = clock.now()
        kids = [row.kid for row in self._rows if _verifies(row, now)]
        if self._published is None or self._published[0] != kids:
            self._published = kids, Published([self._keys[kid] for kid in kids])
        return self._published[1]

    def refresh(self) -> None:
        """Read the keys anew if any may have changed; call it inside `Database.run`."""
        heard = self._heard
        if heard == self._seen:
            return
        with self._database.autocommit() as connection:
            rows = list(connection.execute(select(SigningKey.__table__).order_by(SigningKey.signs_from)))
        # Whoever asked after us may have been answered before: what they know is newer.
        if heard > self._seen:
            self._take(rows)
            self._seen = heard

    def _take(self, rows: list[Row[Any]]) -> None:
        self._keys = {row.kid: self._known(row) or self._load(row) for row in rows}
        self._rows = rows
        self._published = None

    def _known(self, row: Row[Any]) -> jwt.Key | None:
        """The key as we have it, unless it must give up its private part."""
        known = self._keys.get(row.kid)
        return known if known and (known.private is None) == (row.sealed_private_key is None) else None

    def _forget(self) -> None:
        self._heard += 1

    def _load(self, row: Row[Any]) -> jwt.Key:
        private = None
        if row.sealed_private_key is not None:
            try:
                private = self._sealing.open(PURPOSE, row.sealed_private_key, row.kid.encode())
            except ValueError as error:
                raise Misconfigured(
                    f"The signing key {row.kid} in the database was sealed under another master key than the one in"
                    " OIDC_KEYS_DIR. Put the right master key there: without it nothing in this database can be opened."
                ) from error
        return jwt.load(row.kid, row.algorithm, row.public_jwk, private)


def _verifies(row: Row[Any], now: datetime) -> bool:
    return (
        row.announced_at <= now and row.removed_at is None and (row.verifies_until is None or row.verifies_until > now)
    )
