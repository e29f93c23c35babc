"""What people see of an application: its initial, its policy and terms, and whether it registered itself."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import Session

from oidc_server.clients.models import ClientRow
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.actors.applicant import Applicant
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.oauth import deeds

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

POLICY, TERMS, LOGO = (
    "https://shop.example.com/policy",
    "https://shop.example.com/terms",
    "https://cdn.example.com/x.png",
)
REL = 'rel="noopener noreferrer external"'


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Open registration."""
    return make_settings(database_url, template.keys, registration={"mode": "open"})


@pytest.fixture
async def pages(house: House, person: Person, relying_party: RelyingParty) -> Callable[..., Any]:
    """Shows the login and the consent page of a shop with these members."""

    async def show(**members: str) -> tuple[str, str]:
        await deeds.change_client(house, "shop", client_name="ünion", **members)
        login = await person.visit(relying_party)
        return login.response.text, (await person.sign_in(login)).response.text

    return show


async def test_policy_and_terms_are_links_that_tell_nothing_of_where_they_came_from(pages: Callable[..., Any]) -> None:
    for page in await pages(policy_uri=POLICY, tos_uri=TERMS):
        for address, words in ((POLICY, "Privacy policy"), (TERMS, "Terms of service")):
            assert f'<a href="{address}" target="_blank" {REL}>{words}</a>' in page


async def test_an_application_without_them_has_no_such_links(pages: Callable[..., Any]) -> None:
    for page in await pages():
        assert "Privacy policy" not in page
        assert "Terms of service" not in page


async def test_a_logo_is_never_loaded_and_the_initial_stands_in_its_place(pages: Callable[..., Any]) -> None:
    for page in await pages(logo_uri=LOGO):
        assert "cdn.example.com" not in page
        assert '<span class="tile" aria-hidden="true">Ü</span>' in page


async def test_pages_may_load_no_picture_of_anybody_else_s(person: Person, relying_party: RelyingParty) -> None:
    policy = (await person.visit(relying_party)).response.headers["content-security-policy"]

    assert "img-src 'self' data:;" in policy


async def test_what_an_older_release_kept_is_no_link_unless_it_is_a_web_address(
    house: House, pages: Callable[..., Any], person: Person, relying_party: RelyingParty
) -> None:
    def write(session: Session) -> None:
        row = session.get_one(ClientRow, "shop")
        row.registration = {**row.registration, "policy_uri": "javascript:alert(1)", "tos_uri": TERMS}

    await pages()
    await deeds.in_transaction(house, write)
    await deeds.change_client(house, "spa")  # so that nodes look again

    page = (await person.visit(relying_party)).response.text

    assert "javascript:" not in page
    assert TERMS in page


async def test_people_are_told_that_an_application_registered_itself(
    http: httpx2.AsyncClient, person: Person, relying_party: RelyingParty
) -> None:
    client = await Applicant(http).register(client_name="Google")

    consent = await person.sign_in(await person.visit(client.relying_party()))
    of_an_operator_s = await person.visit(relying_party)

    assert "registered itself" in consent.ids["unverified"]
    assert "unverified" not in of_an_operator_s.ids
