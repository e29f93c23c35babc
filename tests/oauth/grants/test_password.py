"""The password grant: for clients that are registered for it, behind the same throttles as the login page."""

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from oidc_server.tokens.models import Grant
from tests.actors.relying_party import RelyingParty, Tokens
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD
from tests.oauth import deeds

THROTTLE = {"user_failures": 3, "address_failures": 6}


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Throttles that close soon."""
    return make_settings(database_url, template.keys, throttle=THROTTLE)


@pytest.fixture
def legacy(http: httpx2.AsyncClient) -> RelyingParty:
    """A first-party client from before there were browsers."""
    return RelyingParty(http, "legacy")


#: Throttles are no matter of the database.
on_any_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def sign_in(
    party: RelyingParty, username: str = "alice", password: str = PASSWORD, **others: str | None
) -> Tokens:
    return await party.ask("password", username=username, password=password, **others)


async def test_a_registered_client_signs_a_person_in_without_a_browser(
    legacy: RelyingParty, held_clock: HeldClock
) -> None:
    tokens = await sign_in(legacy, scope="openid email")

    assert tokens.status == 200  # RFC 6749 §4.3.3
    assert tokens.body["scope"] == "email openid"
    assert "sid" not in tokens.id_claims  # there is no session at our side
    assert tokens.id_claims["auth_time"] == int(held_clock.at.timestamp())
    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("1", ["pwd"])
    assert (await legacy.userinfo(tokens.access_token)).json()["email"] == "alice@example.com"
    assert (await legacy.refresh(tokens.refresh_token)).status == 200


async def test_one_signs_in_by_e_mail_address_too(legacy: RelyingParty) -> None:
    assert (await sign_in(legacy, "ALICE@example.com")).status == 200


@on_any_database
@pytest.mark.parametrize("client_id", ["shop", "machine", "api", "first-party"])
async def test_it_is_off_for_every_other_client(http: httpx2.AsyncClient, client_id: str) -> None:
    assert (await sign_in(RelyingParty(http, client_id))).error == "unauthorized_client"  # RFC 9700 §2.4


async def test_a_client_that_is_not_registered_learns_nothing_of_a_password(http: httpx2.AsyncClient) -> None:
    party = RelyingParty(http, "shop")

    right, wrong = await sign_in(party), await sign_in(party, password="wrong")

    assert right.body == wrong.body


async def test_a_wrong_name_and_a_wrong_password_are_told_alike(legacy: RelyingParty) -> None:
    wrong_password = await sign_in(legacy, password="wrong")
    wrong_name = await sign_in(legacy, "nobody")

    assert (wrong_password.status, wrong_password.error) == (400, "invalid_grant")  # RFC 6749 §5.2
    assert wrong_password.body == wrong_name.body


async def test_a_disabled_person_is_told_what_everybody_is_told(legacy: RelyingParty, house: House) -> None:
    wrong = await sign_in(legacy, password="wrong")
    await deeds.disable_user(house, "alice")

    assert (await sign_in(legacy)).body == wrong.body


@on_any_database
async def test_too_many_failures_of_one_person_are_throttled(legacy: RelyingParty) -> None:
    for _ in range(3):
        assert (await sign_in(legacy, password="wrong")).status == 400

    throttled = await sign_in(legacy)

    assert throttled.status == 429  # RFC 6749 §4.3.2
    assert int(throttled.response.headers["retry-after"]) > 0
    assert throttled.error == "temporarily_unavailable"
    assert (await sign_in(legacy, "bob")).status == 200


@on_any_database
async def test_all_names_of_one_person_share_one_throttle(legacy: RelyingParty) -> None:
    for name in ("alice", "ALICE", "alice@example.com"):
        await sign_in(legacy, name, password="wrong")

    assert (await sign_in(legacy, "Alice@Example.com")).status == 429


@on_any_database
async def test_too_many_failures_of_one_address_are_throttled(legacy: RelyingParty) -> None:
    for number in range(6):
        assert (await sign_in(legacy, f"nobody-{number}")).status == 400

    assert (await sign_in(legacy, "bob")).status == 429


@on_any_database
async def test_whoever_succeeds_starts_with_a_clean_sheet(legacy: RelyingParty) -> None:
    for _ in range(2):
        await sign_in(legacy, password="wrong")
    assert (await sign_in(legacy)).status == 200

    statuses = [(await sign_in(legacy, password="wrong")).status for _ in range(4)]

    assert statuses == [400, 400, 400, 429]


@on_any_database
@pytest.mark.parametrize("missing", ["username", "password"])
async def test_both_fields_are_needed(legacy: RelyingParty, missing: str) -> None:
    values: dict[str, str | None] = {"username": "alice", "password": PASSWORD, missing: None}

    answer = await legacy.ask("password", **values)

    assert answer.error == "invalid_request"  # RFC 6749 §4.3.2
    assert missing in answer.body["error_description"]


async def test_scopes_beyond_the_client_s_are_refused_before_the_password_is_looked_at(
    legacy: RelyingParty, house: House
) -> None:
    await deeds.change_client(
        house,
        "legacy",
        grant_types=["password"],
        redirect_uris=[],
        post_logout_redirect_uris=[],
        scope="openid",
    )

    answers = [await sign_in(legacy, password=password, scope="openid email") for password in (PASSWORD, "wrong")]

    assert [answer.error for answer in answers] == ["invalid_scope"] * 2


async def test_a_client_that_may_not_refresh_gets_no_refresh_token(legacy: RelyingParty, house: House) -> None:
    await deeds.change_client(house, "legacy", grant_types=["password"], redirect_uris=[], post_logout_redirect_uris=[])

    assert "refresh_token" not in (await sign_in(legacy)).body


async def test_a_failure_writes_no_grant(legacy: RelyingParty, house: House) -> None:
    await sign_in(legacy, password="wrong")

    assert await deeds.count(house, Grant) == 0
    noted = [(one.event, one.client_id) for one in await deeds.events(house)]
    assert ("person:session:refused", "legacy") in noted
