"""Error pages outside development: developers and administrators read the reason, others an id that stands in the log."""

import pytest
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.accounts import deeds
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings

WRONG = "https://shop.example.com/other"


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server that is not for development."""
    password = {"bcrypt_rounds": 10, "workers": 2}
    return make_settings(database_url, template.keys, development=False, password=password)


async def give(house: House, role: str) -> None:
    """Give Alice a role."""

    def work(session: Session) -> None:
        alice = directory.find(session, "alice")
        assert alice is not None
        directory.change(session, alice, password_hash=None, enabled=True, roles=[role])

    await deeds.in_transaction(house, work)


@pytest.mark.parametrize("role", ["developer", "admin", "buyer"])
async def test_only_those_who_may_know_are_told_why(
    person: Person, relying_party: RelyingParty, house: House, role: str
) -> None:
    await give(house, role)
    stranger = await person.visit(relying_party, redirect_uri=WRONG)
    assert "https://shop.example.com/callback" not in stranger.text
    assert stranger.ids["error-id"]

    await person.sign_in()
    page = await person.visit(relying_party, redirect_uri=WRONG)

    is_told = role != "buyer"
    assert (WRONG in page.text and "https://shop.example.com/callback" in page.text) is is_told
    assert ("invalid_request" in page.text) is is_told
