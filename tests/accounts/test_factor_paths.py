"""Every path on which somebody proves who they are asks for the second factor: none is a way around it."""

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.accounts.deeds import sign_ins
from tests.accounts.factor_deeds import give_authenticator
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD

HERE = "/login/second-factor"


@pytest.fixture
async def phone(house: House, held_clock: HeldClock) -> Phone:
    """Alice's phone."""
    return await give_authenticator(house)


async def test_the_login_page(phone: Phone, person: Person) -> None:
    assert (await person.sign_in()).path == HERE


async def test_an_authorization_request(phone: Phone, person: Person, relying_party: RelyingParty) -> None:
    page = await person.sign_in(await person.visit(relying_party))
    assert page.path == HERE

    silent = relying_party.answer(await person.visit(relying_party, prompt="none"))
    assert silent.error == "login_required"


async def test_a_request_for_a_new_sign_in(phone: Phone, person: Person, relying_party: RelyingParty) -> None:
    await person.prove(await person.sign_in(), phone.code())

    page = await person.sign_in(await person.visit(relying_party, prompt="login"))

    assert page.path == HERE  # OpenID Connect Core §3.1.2.1


async def test_a_new_sign_in_is_not_had_for_a_code_alone(
    phone: Phone, person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    await person.prove(await person.sign_in(), phone.code())
    page = await person.visit(relying_party, prompt="login")

    around = await person.browser.open(str(page.response.url).replace("/login", HERE))

    assert around.path == "/login"


async def test_the_pages_of_a_device(phone: Phone, person: Person, device: Device) -> None:
    asked = await device.begin()
    page = await person.sign_in(await person.enter(asked.user_code))
    assert page.path == HERE

    page = await person.prove(page, phone.code())
    await person.browser.submit(page, decision="allow")
    tokens = await device.poll(asked.device_code)

    assert tokens.id_claims["acr"] == "2"


async def test_a_persons_own_pages(phone: Phone, person: Person) -> None:
    page = await person.sign_in(await person.browser.open("/account"))

    assert page.path == HERE
    assert (await person.prove(page, phone.code())).path == "/account"


async def test_the_password_grant(phone: Phone, house: House, http: httpx2.AsyncClient) -> None:
    legacy = RelyingParty(http, "legacy")

    refused = await legacy.ask("password", username="alice", password=PASSWORD)
    wrong = await legacy.ask("password", username="alice", password="wrong")
    bobs = await legacy.ask("password", username="bob", password=PASSWORD)

    assert (refused.status, refused.error) == (400, "invalid_grant")  # RFC 6749 §5.2
    assert "browser" in refused.body["error_description"]
    assert wrong.error == "invalid_grant"
    assert bobs.status == 200
    assert ("person:session:refused", "second factor due") in await sign_ins(house)


class TestWhenEverybodyMust:
    """People who have no factor yet and must have one."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Everybody must have a second factor."""
        return make_settings(database_url, template.keys, factors={"required_for": "everybody"})

    async def test_the_password_grant(self, http: httpx2.AsyncClient) -> None:
        refused = await RelyingParty(http, "legacy").ask("password", username="bob", password=PASSWORD)

        assert (refused.status, refused.error) == (400, "invalid_grant")

    async def test_the_pages_of_a_device(self, person: Person, device: Device) -> None:
        asked = await device.begin()

        page = await person.sign_in(await person.enter(asked.user_code))

        assert page.path == "/login/add-factor"
