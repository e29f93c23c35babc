"""Passwords: hashed and checked in a small pool of threads, so that sign-ins never hold up tokens.

The one door to passlib. Hashes that came from elsewhere are accepted and renewed when their owner signs in.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from passlib.context import CryptContext
from passlib.exc import PasslibSecurityError, PasswordValueError

from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.identifiers import new_secret
from oidc_server.foundation.languages import N_
from oidc_server.foundation.telemetry import metrics
from oidc_server.settings.accounts import PasswordSettings

T = TypeVar("T")

MAX_LENGTH = 1024
_BCRYPT_LIMIT = 72
_FOREIGN = (
    "bcrypt_sha256",
    "argon2",
    "bcrypt",
    "pbkdf2_sha256",
    "pbkdf2_sha512",
    "pbkdf2_sha1",
    "django_pbkdf2_sha256",
    "django_bcrypt_sha256",
)
_RETRY_AFTER_SECONDS = 3


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, settings: PasswordSettings) -> None:
        self._settings = settings
        schemes = [settings.scheme, *(scheme for scheme in _FOREIGN if scheme != settings.scheme)]
        self._context = CryptContext(schemes=schemes, deprecated="auto", bcrypt_sha256__rounds=settings.bcrypt_rounds)
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="passwords")
        self._busy = 0
        self._nobodys: asyncio.Task[str] | None = None

    async def hash(self, password: str) -> str:
        """The hash to keep of a new password; Unavailable when too many wait."""
        return await self.in_pool(lambda: self._context.hash(prepared(password)))

    async def verify(self, password: str, known_hash: str | None) -> tuple[bool, str | None]:
        """Whether the password is right, and a renewed hash where the known one is outdated.

        Without a known hash, a check against nobody's takes as long as a real one. Unavailable when too many wait.
        """
        if len(password) > MAX_LENGTH:
            return False, None
        compared = known_hash or await self._nobody()
        is_right, renewed = await self.in_pool(lambda: self._verify(prepared(password), compared))
        return is_right and known_hash is not None, renewed

    def prepare(self) -> None:
        """Make nobody's hash in the background, before it is needed."""
        self._nobodys = asyncio.create_task(self.hash(new_secret()))

    def is_hash(self, text: str) -> bool:
        """Whether this is a hash that `verify` understands."""
        return self._context.identify(text) is not None

    def stop(self) -> None:
        """Give the threads back."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _nobody(self) -> str:
        if self._nobodys is None or (self._nobodys.done() and self._nobodys.exception()):
            self.prepare()
        assert self._nobodys is not None  # noqa: S101 - made just above
        return await asyncio.shield(self._nobodys)

    def _verify(self, password: str, known_hash: str) -> tuple[bool, str | None]:
        try:
            if self._context.identify(known_hash) == "bcrypt":
                # Plain bcrypt never saw more than this; the renewed hash sees everything.
                is_right = self._context.verify(password.encode()[:_BCRYPT_LIMIT], known_hash)
                return is_right, self._context.hash(password) if is_right else None
            is_right, renewed = self._context.verify_and_update(password, known_hash)
        except (PasswordValueError, PasslibSecurityError, ValueError):
            return False, None
        return bool(is_right), renewed

    async def in_pool(self, work: Callable[[], T]) -> T:
        """Do something that takes a while in one of these threads; Unavailable when too many wait."""
        if self._busy >= self._settings.workers + self._settings.queue:
            told = N_("Too many people are signing in right now. Please try again in a moment.")
            raise Unavailable(told, because="password queue is full", retry_after=_RETRY_AFTER_SECONDS)
        self._busy += 1
        metrics.password_queue.set(max(0, self._busy - self._settings.workers))
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._busy -= 1
            metrics.password_queue.set(max(0, self._busy - self._settings.workers))


def prepared(password: str) -> str:
    """The same password from every keyboard: composed characters (RFC 8265 §4.2)."""
    return unicodedata.normalize("NFC", password)
