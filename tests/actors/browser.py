"""A browser without JavaScript: cookies, forms and redirects, and nothing that a script would do."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2
from starlette.applications import Starlette


@dataclass
class Form:
    """A form on a page."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What came back, read as a person would read it."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__()
        self.response = response
        self.forms: list[Form] = []
        self.ids: dict[str, str] = {}
        self.text = ""
        self._is_at_the_foot = False
        """What stands there is the same on every page, and no part of what a page asks."""
        self._typing: str | None = None
        """The field for several lines that stands open."""
        self._open_ids: list[tuple[str, str | None]] = []
        if "html" in response.headers.get("content-type", ""):
            self.feed(response.text)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def path(self) -> str:
        """Where we are."""
        return self.response.url.path

    @property
    def form(self) -> Form:
        """The only form."""
        assert len(self.forms) == 1, f"{len(self.forms)} forms on {self.path}: {self.text[:300]}"
        return self.forms[0]

    def form_to(self, action: str) -> Form:
        """The first form that goes to a path which ends like this."""
        return next(form for form in self.forms if form.action.endswith(action))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "footer":
            self._is_at_the_foot = True
        if self._is_at_the_foot:
            return
        if tag == "form":
            self.forms.append(Form(urljoin(str(self.response.url), values.get("action") or "")))
        elif tag == "input" and self.forms and (name := values.get("name")) and _is_sent(values):
            self.forms[-1].fields[name] = values.get("value") or ""
        elif tag == "textarea" and self.forms:
            self._typing = values.get("name") or ""
            self.forms[-1].fields[self._typing] = ""
        if tag not in {"input", "meta", "link", "br", "img", "hr"}:
            self._open_ids.append((tag, values.get("id")))

    def handle_endtag(self, tag: str) -> None:
        if self._is_at_the_foot:
            self._is_at_the_foot = tag != "footer"
            return
        if tag == "textarea" and self._typing is not None:
            # The first line break only makes the source easier to read (HTML, the textarea element).
            fields = self.forms[-1].fields
            fields[self._typing] = fields[self._typing].removeprefix("\n")
            self._typing = None
        while self._open_ids and self._open_ids.pop()[0] != tag:
            continue

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._typing is not None:
            self.forms[-1].fields[self._typing] += data
        for _, name in self._open_ids:
            if name:
                self.ids[name] = self.ids.get(name, "") + data


def _is_sent(attributes: dict[str, str | None]) -> bool:
    """Whether an input is sent as it is: a box that nobody has ticked is not."""
    return attributes.get("type") != "checkbox" or "checked" in attributes


class Browser:
    """Goes to pages of the server, follows its redirects, and stops where another site would take over."""

    def __init__(self, issuer: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self.issuer = issuer
        headers = {"Accept": "text/html,application/xhtml+xml"}
        self.http = httpx2.AsyncClient(transport=transport, base_url=issuer, headers=headers, timeout=30)

    @classmethod
    def within(cls, app: Starlette, issuer: str, address: str) -> "Browser":
        """A browser at this address that reaches a server in this process."""
        return cls(issuer, httpx2.ASGITransport(app=app, client=(address, 50000)))

    async def open(self, url: str, **params: str) -> Page:
        """Go somewhere."""
        return await self._followed(await self.http.get(url, params=params or None))

    async def submit(self, page: Page, *, to: str = "", **values: str) -> Page:
        """Fill in the form of a page, or the one of several that goes `to` some path, and send it."""
        form = page.form_to(to) if to else page.form
        return await self.send(Form(form.action, {**form.fields, **values}))

    async def send(self, form: Form, **values: str) -> Page:
        """Fill in a form and send it as a page of the server would."""
        headers = {"Origin": "/".join(self.issuer.split("/")[:3])}
        return await self._followed(await self.http.post(form.action, data={**form.fields, **values}, headers=headers))

    async def post(self, url: str, data: dict[str, str], **headers: str) -> Page:
        """Send a form that no page has shown."""
        return Page(await self.http.post(url, data=data, headers=headers))

    async def close(self) -> None:
        """Close it."""
        await self.http.aclose()

    async def _followed(self, response: httpx2.Response) -> Page:
        for _ in range(10):
            location = response.headers.get("location")
            if location is None or not urljoin(str(response.url), location).startswith(self.issuer + "/"):
                return Page(response)
            response = await self.http.get(urljoin(str(response.url), location))
        raise AssertionError("redirects without end")
