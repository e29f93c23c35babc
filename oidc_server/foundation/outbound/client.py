"""The client: HTTP that goes out, with a limit on everything, and a circuit breaker for each host."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
from circuitbreaker import CircuitBreaker

from oidc_server.foundation.outbound.guard import Address, Forbidden, Guard
from oidc_server.settings import OutboundSettings

_FAILURES_TO_OPEN = 5
_SECONDS_OPEN = 30
_HOSTS_AT_MOST = 1_000


class OutboundFailed(Exception):
    """A call that brought no usable answer; the text is for the log."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """Calls out. Follows no redirects, sends no cookies, and takes no proxy from the environment."""

    def __init__(self, settings: OutboundSettings, guard: Guard) -> None:
        self._settings = settings
        self._guard = guard
        self._seconds = settings.timeout.total_seconds()
        self._opened: httpx2.AsyncClient | None = None
        self._breakers: OrderedDict[str, CircuitBreaker] = OrderedDict()

    @property
    def _http(self) -> httpx2.AsyncClient:
        """Made when it is first needed: reading the system's certificates takes a while."""
        if self._opened is None:
            trusted = ssl.create_default_context()
            if self._settings.ca_file:
                trusted.load_verify_locations(self._settings.ca_file)
            # No connection is kept: it would be one to an address, and the next host there may be another's.
            limits = httpx2.Limits(max_connections=50, max_keepalive_connections=0)
            self._opened = httpx2.AsyncClient(verify=trusted, trust_env=False, follow_redirects=False, limits=limits)
        return self._opened

    async def get(self, url: str, *, accept: str = "application/json") -> Answer:
        """Fetch; OutboundFailed unless an answer comes in time and size."""
        return await self._call("GET", url, {"Accept": accept})

    async def post_form(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Send a form; likewise."""
        return await self._call("POST", url, {"Accept": "application/json"}, fields)

    async def document(self, url: str) -> bytes:
        """The body of what is there; OutboundFailed for anything but a 200."""
        answer = await self.get(url, accept="application/json, application/jwt;q=0.9, */*;q=0.1")
        if answer.status != 200:
            raise OutboundFailed(f"answered {answer.status}, expected 200")
        return answer.body

    async def close(self) -> None:
        """Let go of every connection."""
        if self._opened is not None:
            await self._opened.aclose()

    async def _call(
        self, method: str, url: str, headers: dict[str, str], form: Mapping[str, str] | None = None
    ) -> Answer:
        try:
            async with asyncio.timeout(self._seconds):
                address = await self._guard.check(url)
                breaker = self._breaker(urlsplit(url).netloc)
                if breaker.opened:
                    raise OutboundFailed("it failed often just now, and is left alone for a moment")
                with breaker:
                    return await self._send(method, url, address, headers, form)
        except Forbidden as error:
            raise OutboundFailed(f"not called: {error}") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
            raise OutboundFailed(f"{type(error).__name__}: {error}"[:300]) from error

    async def _send(
        self, method: str, url: str, address: Address, headers: dict[str, str], form: Mapping[str, str] | None
    ) -> Answer:
        """Send it to the address that the guard has checked; the certificate must be the name's all the same."""
        parsed = httpx2.URL(url)
        request = self._http.build_request(
            method,
            parsed.copy_with(host=str(address)),
            headers={**headers, "Host": parsed.netloc.decode("ascii"), "Accept-Encoding": "identity"},
            data=dict(form) if form is not None else None,
            extensions={"sni_hostname": parsed.host, "timeout": httpx2.Timeout(self._seconds).as_dict()},
        )
        response = await self._http.send(request, stream=True)
        try:
            return Answer(response.status_code, dict(response.headers), await self._body(response))
        finally:
            await response.aclose()
            self._http.cookies.clear()

    async def _body(self, response: httpx2.Response) -> bytes:
        body = b""
        async for part in response.aiter_raw():
            body += part
            if len(body) > self._settings.max_bytes:
                raise httpx2.ReadError(f"the answer has more than {self._settings.max_bytes} bytes")
        return body

    def _breaker(self, host: str) -> CircuitBreaker:
        breaker = self._breakers.get(host)
        if breaker is None:
            breaker = self._breakers[host] = CircuitBreaker(
                name=f"outbound {host}", failure_threshold=_FAILURES_TO_OPEN, recovery_timeout=_SECONDS_OPEN
            )
            if len(self._breakers) > _HOSTS_AT_MOST:
                self._breakers.popitem(last=False)
        else:
            self._breakers.move_to_end(host)
        return breaker
