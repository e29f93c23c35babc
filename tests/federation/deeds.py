"""What tests of upstreams do, and what they look up."""

from typing import Any

from sqlalchemy import select

from oidc_server.accounts.models import User
from oidc_server.cli import apply
from oidc_server.cli.documents import Document
from oidc_server.federation.models import UpstreamIdentity
from oidc_server.house import House
from tests.accounts.deeds import in_transaction
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.upstream_provider import UpstreamProvider
from tests.factories import PASSWORD


async def configure(house: House, *entries: dict[str, Any]) -> None:
    """Configure upstreams as an operator does."""
    document = Document.model_validate({"upstreams": entries}, context={"development": True})
    await house.database.run(apply.write, house, document)
    await house.database.run(house.changes.look)


async def choose(person: Person, slug: str = "other", page: Page | None = None) -> Page:
    """Press an upstream's button; what comes is a redirect to it, or a page of ours."""
    page = page or await person.browser.open("/login")
    form = next(one for one in page.forms if one.action.endswith(f"/login/upstream/{slug}"))
    return await person.browser.post(form.action, form.fields, Origin=person.browser.issuer)


async def come_by(
    person: Person, provider: UpstreamProvider, slug: str = "other", page: Page | None = None, **changes: str | None
) -> Page:
    """Sign in at an upstream and come back."""
    sent = await choose(person, slug, page)
    assert "location" in sent.response.headers, sent.text
    return await person.browser.open(provider.answer(sent.response.headers["location"], **changes))


async def sign_in_by_password(person: Person, page: Page | None = None) -> Page:
    """Fill in the first form of the login page."""
    page = page or await person.browser.open("/login")
    values = {**page.forms[0].fields, "username": person.username, "password": PASSWORD}
    response = await person.browser.post(page.forms[0].action, values, Origin=person.browser.issuer)
    return await person.browser.open(response.response.headers["location"])


async def is_signed_in(person: Person) -> bool:
    """Whether somebody is signed in on this browser."""
    return "Nobody is signed in" not in (await person.browser.open("/")).text


async def users(house: House) -> dict[str, User]:
    """Everybody, by user name."""
    return await in_transaction(house, lambda session: {one.username: one for one in session.scalars(select(User))})


async def identities(house: House) -> list[UpstreamIdentity]:
    """Every linked identity."""
    return await in_transaction(house, lambda session: list(session.scalars(select(UpstreamIdentity))))
