"""Throttles: so many failures in a window, and then none for a while.

A try is counted before it is made and given back if it succeeds, so that many at once can't slip through together.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING

import structlog
from circuitbreaker import CircuitBreaker
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.errors import StorageError
from pydantic import SecretStr

from oidc_server.foundation.deferred import Deferred

if TYPE_CHECKING:
    from redis import asyncio as redis
else:
    redis = Deferred("redis.asyncio")

log = structlog.get_logger(__name__)

_SECONDS_WITHOUT_REDIS = 5


@dataclass(frozen=True)
class Throttle:
    """At most `failures` failures of one kind and name in a window."""

    kind: str
    failures: int
    window: timedelta


@dataclass(frozen=True)
class Reserved:
    """A try that has been counted."""

    key: str
    expiry: int


class Throttles:
    """Counts in Redis if there is one, and in this process for as long as it doesn't answer."""

    def __init__(self, redis_url: SecretStr | None) -> None:
        self._here: Storage = MemoryStorage()
        self._shared: Storage | None = None
        self._pool: redis.ConnectionPool | None = None
        if redis_url is not None:
            url = redis_url.get_secret_value()
            self._pool = redis.ConnectionPool.from_url(url, socket_timeout=1, socket_connect_timeout=1)
            self._shared = RedisStorage(
                f"async+{url}",
                implementation="redispy",
                wrap_exceptions=True,
                connection_pool=self._pool,  # type: ignore[arg-type]  # limits names the pool of the synchronous client
            )
        self._breaker = CircuitBreaker(
            name="redis", failure_threshold=2, recovery_timeout=_SECONDS_WITHOUT_REDIS, expected_exception=StorageError
        )

    @property
    def breaker(self) -> CircuitBreaker | None:
        """The circuit breaker in front of Redis, if there is one."""
        return self._breaker if self._shared else None

    async def reserve(self, throttle: Throttle, name: str) -> Reserved | int:
        """Count a try before it is made; or, when there were too many, the seconds to wait."""
        reserved = Reserved(_key(throttle, name), int(throttle.window.total_seconds()))
        if await self._count(reserved, 1) <= throttle.failures:
            return reserved
        await self.give_back(reserved)
        return await self._seconds_left(reserved)

    async def give_back(self, reserved: Reserved) -> None:
        """The try doesn't count."""
        if await self._count(reserved, -1) < 0:
            # It was counted in a window that has passed, or in a store that is gone: nobody gets it as a present.
            await self.forget(reserved)

    async def close(self) -> None:
        """Let go of Redis."""
        if self._pool is not None:
            await self._pool.aclose()

    async def forget(self, reserved: Reserved) -> None:
        """Whoever succeeded starts with a clean sheet."""
        await self._storage_call("clear", reserved.key)

    async def _count(self, reserved: Reserved, amount: int) -> int:
        return int(await self._storage_call("incr", reserved.key, reserved.expiry, amount) or 0)

    async def _seconds_left(self, reserved: Reserved) -> int:
        expires_at = await self._storage_call("get_expiry", reserved.key)
        return max(1, int((expires_at or 0) - time()) + 1)

    async def _storage_call(self, name: str, *values: str | int) -> float | None:
        # This process counts along: a moment without Redis gives nobody as many tries again.
        here: float | None = await getattr(self._here, name)(*values)
        if self._shared is not None and not self._breaker.opened:
            try:
                with self._breaker:
                    return await getattr(self._shared, name)(*values)  # type: ignore[no-any-return]  # all three answer so
            except StorageError as error:
                log.warning("redis_failed", error=type(error.storage_error).__name__)
        return here


def _key(throttle: Throttle, name: str) -> str:
    """No name stands in the store in the clear, and none is longer than another."""
    return f"oidc-throttle:{throttle.kind}:{sha256(name.encode()).hexdigest()[:32]}"
