"""Rotation: the next key is announced, takes over, and the old one goes when nothing that it signed is valid any more."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, select, update
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
from oidc_server.settings import Settings

_FIRST = "none"
_NEWEST = select(SigningKey.__table__).order_by(SigningKey.signs_from.desc(), SigningKey.announced_at.desc()).limit(1)

log = structlog.get_logger(__name__)


class Rotation:
    """Turns the ring; every worker may try, one succeeds."""

    def __init__(self, database: Database, sealing: Sealing, settings: Settings) -> None:
        self._database = database
        self._sealing = sealing
        self._rotate_every = settings.keys.rotate_every
        self._announced_for = settings.keys.announced_for
        self._longest_token = max(settings.lifetime.access_token, settings.lifetime.id_token)

    def start(self) -> bool:
        """Make the first key, which signs at once; whether there was none."""
        return self._newest() is None and self._succeed(None, clock.now())

    def rotate(self, *, at_once: bool) -> str:
        """Let the next key take over, now or when it has been announced; returns its kid."""
        newest = self._newest()
        if newest is None:
            self.start()
        elif newest.signs_from <= clock.now():
            self._succeed(newest, clock.now() + (timedelta() if at_once else self._announced_for))
        elif at_once:
            self._promote(newest)
        latest = self._newest()
        return str(latest.kid) if latest else ""

    def turn(self) -> None:
        """What is due by the timetable: announce the next key, remove those that are done."""
        newest = self._newest()
        if newest is not None and newest.signs_from + self._rotate_every - self._announced_for <= clock.now():
            self._succeed(newest, clock.now() + self._announced_for)
        self._remove_done()

    def _newest(self) -> Row[Any] | None:
        with self._database.autocommit() as connection:
            return connection.execute(_NEWEST).first()

    def _succeed(self, newest: Row[Any] | None, signs_from: datetime) -> bool:
        """Announce a successor; whether it was this worker's that made it."""
        kid, public, private = wait(asyncio.to_thread(jwt.generate))
        successor = SigningKey(
            kid=kid,
            algorithm="RS256",
            public_jwk=public,
            sealed_private_key=self._sealing.seal(PURPOSE, private, kid.encode()),
            succeeds=newest.kid if newest else _FIRST,
            announced_at=clock.now(),
            signs_from=signs_from,
        )
        try:
            with self._database.transaction() as session:
                session.add(successor)
                session.flush()
                if newest is not None:
                    self._retire(session, newest.kid, signs_from)
                trail.record(session, Event.KEY_ANNOUNCED, kid=kid, signs_from=signs_from.isoformat())
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


def list_all(session: Session) -> list[SigningKey]:
    """Every key, newest first, the removed ones too."""
    return list(session.scalars(select(SigningKey).order_by(SigningKey.signs_from.desc())))


def state(key: SigningKey, keys: list[SigningKey]) -> str:
    """Where a key is in its life: announced, signs, verifies or removed."""
    now = clock.now()
    if key.removed_at or (key.verifies_until and key.verifies_until <= now):
        return "removed"
    if key.signs_from > now:
        return "announced"
    is_newest = key.signs_from == max(other.signs_from for other in keys if other.signs_from <= now)
    return "signs" if is_newest else "verifies"
