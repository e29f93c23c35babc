"""A visitor: a browser that goes through the hosted pages, with cookies, forms and redirects."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from tests.bench import wire
from tests.bench.parties import PASSWORD, Client
from tests.bench.wire import Answer, Connection, Unexpected

_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_MOST_STEPS = 6


class Visitor:
    """One browser and the person in front of it."""

    def __init__(self, username: str) -> None:
        self._username = username
        self._cookies: dict[str, str] = {}

    async def approve(self, connection: Connection, client: Client) -> str:
        """Go where the client sends us, sign in if asked to, and bring back the code."""
        path = client.authorization()
        for _ in range(_MOST_STEPS):
            answer = await self._send(connection, wire.get(path, **self.headers()))
            if answer.status == 200:
                answer = await self._sign_in(connection, answer)
            path = answer.expect(303).headers("location")[0]
            if path.startswith(client.redirect_uri):
                return code_in(path)
        raise Unexpected(f"no end of redirects: {path[:100]}")

    def headers(self) -> dict[str, str]:
        """The cookies, as the browser sends them."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"Cookie": cookies} if cookies else {}

    async def _sign_in(self, connection: Connection, page: Answer) -> Answer:
        form = {**_fields(page.body.decode()), "username": self._username, "password": PASSWORD}
        return await self._send(connection, wire.post("/login", form, **self.headers()))

    async def _send(self, connection: Connection, request: bytes) -> Answer:
        answer = await connection.send(request)
        for cookie in answer.headers("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer


def code_in(location: str) -> str:
    """The code in an answer to the client; Unexpected if it is a refusal."""
    found = parse_qs(urlsplit(location).query)
    if "code" not in found:
        raise Unexpected(f"refused: {location[:300]}")
    return found["code"][0]


def _fields(html: str) -> dict[str, str]:
    """The names and values of a page's inputs."""
    inputs = [dict(_ATTRIBUTE.findall(one)) for one in _INPUT.findall(html)]
    return {one["name"]: unescape(one.get("value", "")) for one in inputs if "name" in one}
