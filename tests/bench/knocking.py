"""Knocking at a door: one connection that stays open, with next to no work between a request and its answer."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from http.client import HTTPConnection
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

import httpx2

from tests.actors.browser import Page

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Knock:
    """A request, written out beforehand."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def form(cls, path: str, client: tuple[str, str], **fields: str) -> "Knock":
        """A form that a client sends in its own name."""
        known = b64encode(":".join(client).encode()).decode()
        headers = {"Content-Type": _FORM, "Authorization": f"Basic {known}"}
        return cls("POST", path, urlencode(fields).encode(), headers)

    @classmethod
    def json(cls, path: str, **members: str) -> "Knock":
        """A JSON object."""
        return cls("POST", path, json.dumps(members).encode(), {"Content-Type": "application/json"})


@dataclass(frozen=True)
class Blank:
    """A page's form, shown to this browser."""

    path: str
    fields: dict[str, str]
    cookies: str

    def filled(self, **values: str) -> Knock:
        """The form, filled in."""
        body = urlencode({**self.fields, **values}).encode()
        return Knock("POST", self.path, body, {"Content-Type": _FORM, "Cookie": self.cookies})


class Caller:
    """Somebody with one connection to the server."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._connection = HTTPConnection(urlsplit(issuer).netloc, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def form_of(self, path: str) -> Blank:
        """The form on a page."""
        with httpx2.Client(base_url=self._issuer, timeout=30) as http:
            page = Page(http.get(path))
            cookies = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        return Blank(path, page.form_to(path).fields, cookies)

    def knock(self, knock: Knock) -> int:
        """Send it and read the answer; its status."""
        headers = {"Origin": self._issuer, "Accept": "text/html, application/json", **knock.headers}
        self._connection.request(knock.method, knock.path, knock.body, headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status in (403, 429) or answer.status >= 500:
            raise AssertionError(f"{knock.path} answered {answer.status}")
        return answer.status
