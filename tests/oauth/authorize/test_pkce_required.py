"""Who needs PKCE where the operator has relaxed it for clients that can keep a secret."""

import pytest

from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.oauth import deeds

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WITHOUT = {"code_challenge": None, "code_challenge_method": None}


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server that leaves PKCE to its clients."""
    return make_settings(database_url, template.keys, protocol={"require_pkce": False})


async def test_a_public_client_always_needs_it(person: Person, spa: RelyingParty) -> None:
    answer = spa.answer(await person.visit(spa, **WITHOUT))

    assert answer.error == "invalid_request"  # RFC 9700 §2.1.1, RFC 8252 §8.1


async def test_a_client_with_a_secret_may_leave_it_out_unless_it_registered_otherwise(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    answer = await person.approve(relying_party, **WITHOUT)
    assert (await relying_party.redeem(answer.code, code_verifier=None)).status == 200

    await deeds.change_client(house, "shop", require_pkce=True)
    assert relying_party.answer(await person.visit(relying_party, **WITHOUT)).error == "invalid_request"


@pytest.mark.parametrize("method", ["plain", None])
async def test_who_uses_it_uses_it_well(person: Person, relying_party: RelyingParty, method: str | None) -> None:
    answer = relying_party.answer(await person.visit(relying_party, code_challenge_method=method))

    assert answer.error == "invalid_request"  # RFC 7636 §4.4.1, RFC 9700 §2.1.1
