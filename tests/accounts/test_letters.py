"""Letters speak the language of whoever reads them, whoever is their reason."""

from collections.abc import Callable

import pytest

from oidc_server.cli import users
from oidc_server.foundation.mail.letter import Letter
from oidc_server.house import House, opened
from oidc_server.settings.model import Settings
from tests import factories
from tests.accounts.post import letters
from tests.actors.person import Person
from tests.conftest import Template, make_settings

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ALICE = "alice@example.com"


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server whose own language is Spanish, and where people sign up."""
    return make_settings(database_url, template.keys, pages={"language": "es"}, sign_up={"mode": "open"})


@pytest.fixture
def stranger(people: Callable[..., Person]) -> Person:
    """Somebody who reads French."""
    mallory = people("mallory", address="198.51.100.66")
    mallory.browser.http.headers["accept-language"] = "fr"
    return mallory


async def speaks(house: House, locale: str) -> None:
    """Alice's profile says this."""
    values = factories.user("alice", **({"locale": locale} if locale else {}))
    await house.database.run(factories.furnish, house, factories.World(users=[values]))


async def newest(house: House, to: str = ALICE) -> Letter:
    return (await letters(house, to))[0]


async def forget(person: Person) -> None:
    await person.browser.submit(await person.browser.open("/forgot-password"), username="alice")


@pytest.mark.parametrize(
    ("locale", "subject", "tag"),
    [
        ("de-AT", "Neues Passwort wählen", "de"),
        ("ja", "新しいパスワード", "ja"),
        ("ar_EG", "كلمة مرور", "ar"),
        ("en-GB", "Choose a new password", "en"),
        ("xx", "Choisir un nouveau mot de passe", "fr"),
        ("", "Choisir un nouveau mot de passe", "fr"),
    ],
)
async def test_a_link_that_a_stranger_asked_for_speaks_its_reader_s_language(
    house: House, stranger: Person, locale: str, subject: str, tag: str
) -> None:
    await speaks(house, locale)

    await forget(stranger)

    letter = await newest(house)
    assert subject in letter.subject
    assert f'lang="{tag}"' in letter.html


async def test_so_does_what_tells_of_a_stranger_on_another_browser(
    house: House, stranger: Person, person: Person
) -> None:
    await speaks(house, "de")
    await person.sign_in()
    stranger.username = "alice"

    page = await stranger.sign_in()

    assert 'lang="fr"' in page.response.text
    assert 'lang="de"' in (await newest(house)).html


async def test_and_what_says_that_an_address_has_an_account(house: House, stranger: Person) -> None:
    await speaks(house, "de")

    page = await stranger.browser.open("/signup")
    await stranger.browser.submit(page, email=ALICE, password="seven purple walruses")
    await stranger.browser.submit(page, email="new@example.com", password="seven purple walruses")

    assert 'lang="de"' in (await newest(house)).html
    assert 'lang="fr"' in (await newest(house, "new@example.com")).html


async def test_an_operator_s_command_speaks_the_server_s_language_to_whom_nobody_knows(settings: Settings) -> None:
    async with opened(settings) as house:
        await house.database.run(users._invite, house, "frank@example.com")

        assert 'lang="es"' in (await newest(house, "frank@example.com")).html
