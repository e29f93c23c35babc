"""Rotation: the next key is announced, takes over, and the old one goes when nothing that it signed is valid any more."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation import changes, clock
from oidc_server.foundation.database import Database, wait
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected
from oidc_server.keys import jwt
from oidc_server.keys.models import SigningKey
from oidc_server.keys.ring import PURPOSE
from oidc_server.settings.model import Settings

_DEFAULT = jwt.ALGORITHMS[0]
_NEWEST = (
    select(SigningKey.__table__)
    .where(SigningKey.algorithm == bindparam("algorithm"))
    .order_by(SigningKey.signs_from.desc(), SigningKey.announced_at.desc())
    .limit(1)
)

log = structlog.get_logger(__name__)


class Rotation:
    """Turns the ring; every worker may try, one succeeds."""

    def __init__(self, database: Database, sealing: Sealing, settings: Settings) -> None:
        self._database = database
        self._sealing = sealing
        self._rotate_every = settings.keys.rotate_every
        self._announced_for = settings.keys.announced_for
        self._wanted = jwt.ENCRYPTED_TO_US if settings.protocol.request_encryption else ()
        self._longest_token = max(settings.lifetime.access_token, settings.lifetime.id_token)

    def start(self, algorithm: str = _DEFAULT) -> bool:
        """Make an algorithm's first key, which signs at once; whether there was none."""
        return self._newest(algorithm) is None and self._succeed(algorithm, None, clock.now())

    def start_wanted(self) -> bool:
        """Make the first keys to encrypt to, if the settings want them: the metadata announce them. Whether any was missing."""
        made = [self.start(algorithm) for algorithm in self._wanted]
        return any(made)

    def rotate(self, *, at_once: bool) -> str:
        """Let the next key of each algorithm in use take over, now or when it has been announced; the default's kid."""
        for algorithm in {_DEFAULT, *self._in_use()}:
            self._rotate(algorithm, at_once=at_once)
        latest = self._newest(_DEFAULT)
        return str(latest.kid) if latest else ""

    def revoke(self, kid: str) -> bool:
        """Take a key away at once, for one that has leaked; another signs in its place. Whether there was such a key."""
        with self._database.transaction() as session:
            known = session.get(SigningKey, kid)
            if known is None or known.revoked_at is not None:
                return False
            algorithm = known.algorithm
        newest = self._newest(algorithm)
        if newest is not None and newest.kid == kid:
            self._succeed(algorithm, newest, clock.now())
        elif newest is not None and newest.succeeds == kid and newest.signs_from > clock.now():
            self._promote(newest)
        now = clock.now()
        gone = {"verifies_until": now, "removed_at": now, "revoked_at": now, "sealed_private_key": None}
        with self._database.transaction() as session:
            session.execute(update(SigningKey).where(SigningKey.kid == kid).values(gone))
            trail.record(session, Event.KEY_REVOKED, kid=kid)
            changes.announce(session)
        return True

    def turn(self) -> None:
        """What is due by the timetable: announce the next keys, remove those that are done."""
        for algorithm in self._in_use():
            newest = self._newest(algorithm)
            if newest is not None and newest.signs_from + self._rotate_every - self._announced_for <= clock.now():
                self._succeed(algorithm, newest, clock.now() + self._announced_for)
        self._remove_done()

    def _rotate(self, algorithm: str, *, at_once: bool) -> None:
        newest = self._newest(algorithm)
        if newest is None:
            self.start(algorithm)
        elif newest.signs_from <= clock.now():
            self._succeed(algorithm, newest, clock.now() + (timedelta() if at_once else self._announced_for))
        elif at_once:
            self._promote(newest)

    def _in_use(self) -> list[str]:
        with self._database.autocommit() as connection:
            return list(connection.scalars(select(SigningKey.algorithm).distinct()))

    def _newest(self, algorithm: str) -> Row[Any] | None:
        with self._database.autocommit() as connection:
            return connection.execute(_NEWEST, {"algorithm": algorithm}).first()

    def _succeed(self, algorithm: str, newest: Row[Any] | None, signs_from: datetime) -> bool:
        """Announce a successor; whether it was this worker's that made it."""
        kid, public, private = wait(asyncio.to_thread(jwt.generate, algorithm))
        successor = SigningKey(
            kid=kid,
            algorithm=algorithm,
            public_jwk=public,
            sealed_private_key=self._sealing.seal(PURPOSE, private, kid.encode()),
            succeeds=newest.kid if newest else _first(algorithm),
            announced_at=clock.now(),
            signs_from=signs_from,
        )
        try:
            with self._database.transaction() as session:
                session.add(successor)
                session.flush()
                if newest is not None:
                    self._retire(session, newest.kid, signs_from)
                trail.record(
                    session, Event.KEY_ANNOUNCED, kid=kid, algorithm=algorithm, signs_from=signs_from.isoformat()
                )
                changes.announce(session)
        except IntegrityError:
            log.info("key_rotation_lost", because="another worker was faster")
            return False
        return True

    def _promote(self, waiting: Row[Any]) -> None:
        now = clock.now()
        with self._database.transaction() as session:
            is_waiting = (SigningKey.kid == waiting.kid, SigningKey.signs_from > now)
            if affected(session.execute(update(SigningKey).where(*is_waiting).values(signs_from=now))):
                self._retire(session, waiting.succeeds, now)
                trail.record(session, Event.KEY_PROMOTED, kid=waiting.kid)
                changes.announce(session)

    def _retire(self, session: Session, kid: str, successor_signs_from: datetime) -> None:
        until = successor_signs_from + self._longest_token + self._announced_for
        session.execute(update(SigningKey).where(SigningKey.kid == kid).values(verifies_until=until))

    def _remove_done(self) -> None:
        is_done: tuple[ColumnElement[bool], ...] = (
            SigningKey.verifies_until < clock.now(),
            SigningKey.removed_at.is_(None),
        )
        with self._database.transaction() as session:
            kids = session.scalars(select(SigningKey.kid).where(*is_done)).all()
            for kid in kids:
                gone = {"removed_at": clock.now(), "sealed_private_key": None}
                if affected(session.execute(update(SigningKey).where(SigningKey.kid == kid, *is_done).values(gone))):
                    trail.record(session, Event.KEY_REMOVED, kid=kid)
            if kids:
                changes.announce(session)


def _first(algorithm: str) -> str:
    """What an algorithm's first key succeeds."""
    return "none" if algorithm == _DEFAULT else f"none {algorithm}"


def list_all(session: Session) -> list[SigningKey]:
    """Every key, newest first, the removed ones too."""
    return list(session.scalars(select(SigningKey).order_by(SigningKey.signs_from.desc())))


def state(key: SigningKey, keys: list[SigningKey]) -> str:
    """Where a key is in its life: announced, signs, verifies, removed or revoked."""
    now = clock.now()
    if key.revoked_at:
        return "revoked"
    if key.removed_at or (key.verifies_until and key.verifies_until <= now):
        return "removed"
    if key.signs_from > now:
        return "announced"
    rivals = [other for other in keys if other.algorithm == key.algorithm and other.signs_from <= now]
    is_newest = key.signs_from == max(other.signs_from for other in rivals)
    return "signs" if is_newest else "verifies"
