"""The operations that are measured: a function for each prepares a connection and returns what is done on it over and over."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.bench import wire
from tests.bench.parties import RESOURCE_SERVER, SHOP, SPA, Client
from tests.bench.visitor import Visitor, code_in
from tests.bench.wire import Connection

Deed = Callable[[], Awaitable[None]]


@dataclass
class Worker:
    """One connection, and the person whose browser and client use it."""

    connection: Connection
    username: str
    visitor: Visitor

    async def signed_in_tokens(self) -> dict[str, str]:
        """Tokens of a person who is signed in."""
        return await self.redeem(SHOP, await self.visitor.approve(self.connection, SHOP))

    async def redeem(self, client: Client, code: str) -> dict[str, str]:
        """Exchange a code."""
        return (await self.connection.send(client.redemption(code))).expect(200).json()


@dataclass(frozen=True)
class Budget:
    """What the design allows one operation."""

    signatures: float | None = None
    """CPU of the server and the database together."""
    round_trips: int | None = None
    """To the database."""


@dataclass(frozen=True)
class Operation:
    """One operation, its budget, and how many of it are done for each that was asked for."""

    name: str
    prepare: Callable[[Worker, int], Awaitable[Deed]]
    budget: Budget = Budget()
    share: float = 1.0
    needs_cheap_passwords: bool = False
    """Measured in development mode, which alone allows them."""


async def client_credentials(worker: Worker, times: int) -> Deed:
    """A client gets a token for itself."""
    return _same(worker, SHOP.token_request(grant_type="client_credentials", scope="orders.read"))


async def refresh(worker: Worker, times: int) -> Deed:
    """Each refresh token is exchanged for its successor; an ID token comes along."""
    token = (await worker.signed_in_tokens())["refresh_token"]

    async def deed() -> None:
        nonlocal token
        request = SHOP.token_request(grant_type="refresh_token", refresh_token=token)
        answer = (await worker.connection.send(request)).expect(200).json()
        token = answer["refresh_token"]
        assert answer["id_token"]

    return deed


async def code_exchange(worker: Worker, times: int) -> Deed:
    """A code becomes an access token, an ID token and a refresh token."""
    codes = [await worker.visitor.approve(worker.connection, SHOP) for _ in range(times)]

    async def deed() -> None:
        answer = (await worker.connection.send(SHOP.redemption(codes.pop()))).expect(200)
        assert b'"id_token"' in answer.body
        assert b'"refresh_token"' in answer.body

    return deed


async def introspection(worker: Worker, times: int) -> Deed:
    """An API asks whether a person's token is alive: it is."""
    token = (await worker.signed_in_tokens())["access_token"]
    return _same(worker, RESOURCE_SERVER.introspection(token), holds=b'"active":true')


async def userinfo(worker: Worker, times: int) -> Deed:
    """A client asks who the person is."""
    token = (await worker.signed_in_tokens())["access_token"]
    return _same(worker, wire.get("/userinfo", Authorization=f"Bearer {token}"), holds=b'"email"')


async def discovery(worker: Worker, times: int) -> Deed:
    """Anybody reads the metadata."""
    return _same(worker, wire.get("/.well-known/openid-configuration"), holds=b'"issuer"')


async def jwks(worker: Worker, times: int) -> Deed:
    """Anybody reads the keys."""
    return _same(worker, wire.get("/jwks"), holds=b'"kid"')


async def single_sign_on(worker: Worker, times: int) -> Deed:
    """A browser on which somebody is signed in gets a code without being asked: one request."""
    await worker.visitor.approve(worker.connection, SHOP)
    request = wire.get(SHOP.authorization(), **worker.visitor.headers())

    async def deed() -> None:
        code_in((await worker.connection.send(request)).expect(303).headers("location")[0])

    return deed


async def login(worker: Worker, times: int) -> Deed:
    """A fresh browser signs in: /authorize, the login page, the form, /authorize again, and the code's exchange."""

    async def deed() -> None:
        code = await Visitor(worker.username).approve(worker.connection, SPA)
        await worker.redeem(SPA, code)

    return deed


def _same(worker: Worker, request: bytes, holds: bytes = b"") -> Deed:
    async def deed() -> None:
        answer = (await worker.connection.send(request)).expect(200)
        if holds not in answer.body:
            raise wire.Unexpected(f"expected {holds!r} in {answer.body[:300]!r}")

    return deed


ALL = (
    Operation("client_credentials", client_credentials, Budget(1.5, 0), share=2),
    Operation("refresh", refresh, Budget(4.5, 3)),
    Operation("code_exchange", code_exchange, Budget(4.8, 3)),
    Operation("introspection", introspection, Budget(1.5, 1), share=2),
    Operation("userinfo", userinfo, Budget(1.2, 1), share=2),
    Operation("discovery", discovery, Budget(0.14, 0), share=10),
    Operation("jwks", jwks, Budget(0.14, 0), share=10),
    Operation("single_sign_on", single_sign_on),
    Operation("login", login, Budget(16), share=0.25, needs_cheap_passwords=True),
)
