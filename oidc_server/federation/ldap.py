"""LDAP: a password that a directory server knows, checked there by a search and a bind (RFC 4511, RFC 4513 §5.1).

It runs in a small pool of threads of its own, behind a breaker for each server: one that hangs holds up whoever signs in
there, and nobody else. It calls what an operator configured, so the guard of outbound calls has no say.
"""

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cached_property
from math import ceil
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from circuitbreaker import CircuitBreaker

from oidc_server.federation import told
from oidc_server.federation.definition import LdapUpstream
from oidc_server.federation.told import Told
from oidc_server.federation.upstreams import Known, Upstreams
from oidc_server.foundation.database import wait
from oidc_server.foundation.deferred import Deferred
from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.languages import N_
from oidc_server.settings.accounts import LdapSettings

if TYPE_CHECKING:
    from oidc_server.federation import ldap_connection
else:
    ldap_connection = Deferred("oidc_server.federation.ldap_connection")

T = TypeVar("T")

_BUSY = N_("Passwords cannot be checked right now. Please try again in a moment.")
_FAILURES_TO_OPEN = 3
_SECONDS_OPEN = 30
_RETRY_AFTER_SECONDS = 5
#: The server says that it can't, which says nothing of the password (RFC 4511 §4.1.9): busy, unavailable, other.
_NOT_NOW = frozenset({51, 52, 80})
#: Bytes, and not the text that they may look like.
_BINARY = frozenset({"objectguid", "objectsid"})

log = structlog.get_logger(__name__)


class _Failed(Exception):
    """The server did not answer, or not as it should; the text is for the log."""


class Directories:
    """Every LDAP server; call it inside `Database.run`."""

    def __init__(self, settings: LdapSettings, upstreams: Upstreams, ca_file: Path | None) -> None:
        self._seconds = settings.timeout.total_seconds()
        self._upstreams = upstreams
        self._ca_file = ca_file
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="ldap")
        self._places = BoundedSemaphore(settings.workers + settings.queue)
        self._breakers: dict[str, CircuitBreaker] = {}

    def all(self) -> list[Known]:
        """The enabled ones."""
        return [known for known in self._upstreams.all() if isinstance(known.about, LdapUpstream)]

    def check(self, known: Known, login: str, password: str) -> Told | None:
        """What the server tells of the person, if the password is theirs; Unavailable if it doesn't answer."""
        # A bind with a name and no password succeeds at many servers, and proves nothing (RFC 4513 §5.1.2).
        if not password or not login.strip():
            return None
        breaker = self._breakers.setdefault(known.slug, _breaker(known.slug))
        if breaker.opened:
            raise _unavailable("its breaker is open")
        try:
            with breaker:
                return wait(self._in_pool(lambda: self._ask(known, login, password)))
        except _Failed as failure:
            log.warning("ldap_failed", upstream=known.slug, because=str(failure)[:300])
            raise _unavailable(str(failure)) from failure

    def stop(self) -> None:
        """Give the threads back."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _in_pool(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise _unavailable("its queue is full")
        asked = self._pool.submit(work)
        asked.add_done_callback(lambda _: self._places.release())
        try:
            # The socket's own limits end the work, and free its place; this one ends the wait for it.
            async with asyncio.timeout(self._seconds * 2):
                return await asyncio.wrap_future(asked)
        except TimeoutError as error:
            raise _Failed("no answer in time") from error

    def _ask(self, known: Known, login: str, password: str) -> Told | None:
        about = known.about
        assert isinstance(about, LdapUpstream)  # noqa: S101 - `all` has chosen it
        try:
            entry = self._find(about, self._upstreams.secret(known), login)
            if entry is None or not self._binds(about, entry["dn"], password):
                return None
        except _Failed:
            raise
        except Exception as error:
            # Whatever a strange answer brings ldap3 and pyasn1 to raise, beyond their own errors.
            raise _Failed(f"{type(error).__name__}: {error}") from error
        return _told(about, entry["raw_attributes"])

    def _find(self, about: LdapUpstream, secret: str | None, login: str) -> dict[str, Any] | None:
        """The one entry of that login; none where several answer, for nobody could say whose password it is."""
        with self._opened(about, about.bind_dn, secret) as connection:
            if not connection.bind():
                raise _Failed("our own bind was refused")
            connection.search(
                about.base_dn,
                ldap_connection.search_filter(about, login),
                attributes=[about.subject_attribute, *about.attributes.values()],
                size_limit=2,
                time_limit=ceil(self._seconds),
            )
            if connection.result["result"] in _NOT_NOW:
                raise _Failed(f"search: {connection.result['description']}")
            found = [one for one in connection.response or [] if one["type"] == "searchResEntry"]
            return found[0] if len(found) == 1 and found[0]["dn"] else None

    def _binds(self, about: LdapUpstream, dn: str, password: str) -> bool:
        with self._opened(about, dn, password) as connection:
            if connection.bind():
                return True
            if connection.result["result"] in _NOT_NOW:
                raise _Failed(f"bind: {connection.result['description']}")
            return False

    def _opened(self, about: LdapUpstream, dn: str | None, password: str | None) -> AbstractContextManager[Any]:
        return ldap_connection.opened(about, dn, password, trust=self._trust, seconds=self._seconds)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """The system's certificate authorities, and those of the operator's file."""
        trust = ssl.create_default_context()
        if self._ca_file is not None:
            trust.load_verify_locations(cafile=self._ca_file)
        return trust


def _told(about: LdapUpstream, found: dict[str, list[bytes]]) -> Told:
    values = {name.lower(): one for name, one in found.items()}
    subject = _text(about.subject_attribute, values.get(about.subject_attribute.lower(), []))
    if not 0 < len(subject) <= told.MAX_SUBJECT:
        raise _Failed(f"the entry has no {about.subject_attribute}")
    claims = {ours: _text(its, values.get(its.lower(), [])) for ours, its in about.attributes.items()}
    email, _ = told.email_of(claims)
    return Told(
        about.slug,
        about.url,
        subject,
        {name: value for name, value in claims.items() if value},
        email,
        email is not None and about.trusted_for_email,
    )


def _text(name: str, values: list[bytes]) -> str:
    """An attribute's first value."""
    if not values:
        return ""
    if name.lower() in _BINARY:
        return values[0].hex()
    return values[0].decode(errors="replace")


def _unavailable(because: str) -> Unavailable:
    return Unavailable(_BUSY, because=f"LDAP: {because}", retry_after=_RETRY_AFTER_SECONDS)


def _breaker(slug: str) -> CircuitBreaker:
    return CircuitBreaker(
        name=f"ldap {slug}",
        failure_threshold=_FAILURES_TO_OPEN,
        recovery_timeout=_SECONDS_OPEN,
        expected_exception=_Failed,
    )
