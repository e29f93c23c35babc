"""The HTTP client: one request, one answer, within a time and a size; nothing is kept between two calls."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import structlog
from circuitbreaker import CircuitBreaker
from httpx2 import AsyncHTTPTransport, ConnectError, HTTPError, Limits, Request, Response

from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.outbound.failures import OutboundFailed, OutboundForbidden, OutboundPaused
from oidc_server.foundation.outbound.guard import Guard, Resolve, Target, resolve
from oidc_server.foundation.telemetry import metrics
from oidc_server.settings.model import Settings

_FAILURES_TO_OPEN = 3
_SECONDS_OPEN = 30
_HOSTS_AT_MOST = 1_000
_ADDRESSES_AT_MOST = 3
#: One host gets only so many of all connections: clients name hosts, and a slow one must keep nobody from calling the others.
_CALLS_AT_ONCE = 200
_CALLS_TO_ONE_HOST = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether its status is one of those that say yes."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class _Host:
    """What is remembered of a host that was called."""

    breaker: CircuitBreaker
    turns: asyncio.Semaphore


class Outbound:
    """Calls others."""

    def __init__(self, settings: Settings, *, resolve: Resolve = resolve) -> None:
        self._guard = Guard(settings.outbound, is_development=settings.development, resolve=resolve)
        self._seconds = settings.outbound.timeout.total_seconds()
        self._max_bytes = settings.outbound.max_bytes
        self._ca_file = settings.outbound.ca_file
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._opened: AsyncHTTPTransport | None = None
        if self._ca_file is not None:
            # A bundle that can't be read is found at the start, not at the first call.
            _trust(self._ca_file)

    async def get(self, url: str, *, accept: str = "*/*", headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a document; OutboundFailed if no answer came."""
        return await self._call("GET", url, {"Accept": accept, **(headers or {})}, b"")

    async def check(self, url: str) -> None:
        """Raise OutboundForbidden if this URL must not be called, OutboundFailed if its name leads nowhere."""
        async with asyncio.timeout(self._seconds):
            await self._guard.find(self._guard.read(url))

    async def document(self, url: str) -> bytes:
        """The body of what is there; OutboundFailed for anything but a 200."""
        answer = await self.get(url, accept="application/json, application/jwt;q=0.9, */*;q=0.1")
        if answer.status != 200:
            raise OutboundFailed(f"answered {answer.status}, expected 200")
        return answer.body

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form; OutboundFailed if no answer came."""
        usual = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}
        return await self._call("POST", url, {**usual, **(headers or {})}, urlencode(fields).encode())

    @property
    def has_open_breaker(self) -> bool:
        """Whether some host is being left alone."""
        return any(host.breaker.opened for host in self._hosts.values())

    async def close(self) -> None:
        """Close what is open."""
        if self._opened is not None:
            await self._opened.aclose()

    async def _call(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            answer = await self._guarded(method, url, headers, body)
        except OutboundFailed as failure:
            metrics.outbound.labels(_outcome(failure)).inc()
            log.info("outbound_failed", because=failure.because)
            raise
        metrics.outbound.labels("answered").inc()
        return answer

    async def _guarded(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        target = self._guard.read(url)
        host = self._host(target)
        if host.breaker.opened:
            raise OutboundPaused(f"{host.breaker.name} failed several times in a row and is left alone for a moment")
        with host.breaker:
            try:
                async with asyncio.timeout(self._seconds), host.turns:
                    return await self._send(method, await self._guard.find(target), headers, body)
            except TimeoutError as error:
                raise OutboundFailed(f"{target.host} did not answer within {self._seconds:g} seconds") from error
            except HTTPError as error:
                raise OutboundFailed(f"{target.host}: {type(error).__name__} {error}"[:300]) from error

    async def _send(self, method: str, target: Target, headers: dict[str, str], body: bytes) -> Answer:
        """Try the addresses one after the other, until one can be connected to."""
        *others, last = target.addresses[:_ADDRESSES_AT_MOST]
        for address in others:
            try:
                return await self._exchange(_request(method, target, str(address), headers, body))
            except ConnectError:
                continue
        return await self._exchange(_request(method, target, str(last), headers, body))

    async def _exchange(self, request: Request) -> Answer:
        response = await self._transport.handle_async_request(request)
        try:
            return Answer(response.status_code, dict(response.headers), await self._read(response))
        finally:
            await response.aclose()

    async def _read(self, response: Response) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            # We asked for none: a small body could grow to any size.
            raise OutboundFailed("the answer is compressed")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise OutboundFailed(f"the answer has more than {self._max_bytes} bytes")
        return bytes(body)

    def _host(self, target: Target) -> _Host:
        """What is remembered of a host; of those that were called longest ago, nothing is."""
        name = f"{target.host}:{target.port}"
        host = self._hosts.pop(name, None) or _Host(_breaker(name), asyncio.Semaphore(_CALLS_TO_ONE_HOST))
        self._hosts[name] = host
        if len(self._hosts) > _HOSTS_AT_MOST:
            self._hosts.popitem(last=False)
        return host

    @property
    def _transport(self) -> AsyncHTTPTransport:
        if self._opened is None:
            # The pool knows addresses and not names: a kept connection could have proved another name's certificate.
            limits = Limits(max_connections=_CALLS_AT_ONCE, max_keepalive_connections=0)
            self._opened = AsyncHTTPTransport(verify=_trust(self._ca_file), trust_env=False, limits=limits)
        return self._opened


def _breaker(name: str) -> CircuitBreaker:
    return CircuitBreaker(
        name=name,
        failure_threshold=_FAILURES_TO_OPEN,
        recovery_timeout=_SECONDS_OPEN,
        expected_exception=_is_failure,
    )


def _request(method: str, target: Target, address: str, headers: dict[str, str], body: bytes) -> Request:
    """A request to an address, in the name of the host: its Host header and the name that its certificate must prove."""
    own = {"Host": target.url.netloc.decode("ascii"), "User-Agent": "oidc-server", "Accept-Encoding": "identity"}
    url = target.url.copy_with(host=address)
    return Request(method, url, headers={**own, **headers}, content=body, extensions={"sni_hostname": target.host})


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """The system's certificate authorities, and those of a file."""
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(
                f"OIDC_OUTBOUND_CA_FILE names {ca_file}, which holds no certificates: {error}"
            ) from error
    return context


def _is_failure(_: type[BaseException], error: BaseException) -> bool:
    """Whether it says something about the host, and not only about what we may do."""
    return isinstance(error, OutboundFailed) and not isinstance(error, OutboundForbidden)


def _outcome(failure: OutboundFailed) -> str:
    if isinstance(failure, OutboundPaused):
        return "paused"
    return "forbidden" if isinstance(failure, OutboundForbidden) else "failed"
