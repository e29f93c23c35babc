"""Rules for new passwords: hard to guess, not leaked, and nothing that only annoys."""

from hashlib import sha1
from time import perf_counter

import pytest

from oidc_server.accounts.password_rules import BadPassword
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD
from tests.listener import Listener, answer, hang, listening

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server that asks somebody on loopback about leaked passwords."""
    outbound = {"allow": "127.0.0.0/8", "timeout": "1s"}
    return make_settings(database_url, template.keys, outbound=outbound)


async def check(house: House, password: str, *about: str) -> str:
    """Why a password is refused; nothing if it isn't."""
    try:
        await house.self_service.rules.check(password, about)
    except BadPassword as refusal:
        return refusal.told
    return ""


@pytest.mark.parametrize(
    "password", [PASSWORD, "Pässwörter sind schwer", "zwölf-grüne-kühe", "🐙🦑🦞🐡🦈🐳🐬🦭", "x7Gq!pz2"]
)
async def test_any_characters_will_do_if_it_is_hard_to_guess(house: House, password: str) -> None:
    assert await check(house, password) == ""  # NIST SP 800-63B §3.1.1.2


@pytest.mark.parametrize(
    ("password", "about"),
    [
        ("password1", ""),
        ("12345678", ""),
        ("qwertyuiop", ""),
        ("aaaaaaaaaaaaaaaa", ""),
        ("oidc-server1", ""),
        ("alice.wonder1", "alice.wonder@example.com"),
        ("wonderland", "alice@wonderland.example"),
        ("jane.doe@northwind-traders.com", "jane.doe@northwind-traders.com"),
    ],
)
async def test_what_anybody_guesses_is_refused(house: House, password: str, about: str) -> None:
    assert "easy to guess" in await check(house, password, about)


async def test_its_length_is_looked_at_before_anything_else(house: House) -> None:
    started_at = perf_counter()

    assert "short" in await check(house, "Xy7!Xy7")
    assert "long" in await check(house, "x" * 1_000_000)
    assert perf_counter() - started_at < 1


async def test_a_character_that_is_typed_as_two_counts_once(house: House) -> None:
    assert "short" in await check(house, "e\u0301o\u0302u\u0308a\u0300")


async def test_a_password_made_to_take_long_does_not(house: House) -> None:
    started_at = perf_counter()

    await check(house, "4@8({[<369|1!7+05$%2" * 50)

    assert perf_counter() - started_at < 3


async def test_every_character_counts_beyond_seventy_two_bytes(house: House) -> None:
    known = await house.passwords.hash(PASSWORD * 4 + "a")

    assert await house.passwords.verify(PASSWORD * 4 + "a", known) == (True, None)
    assert await house.passwords.verify(PASSWORD * 4 + "b", known) == (False, None)


def asking(house: House, server: Listener) -> None:
    """Let the rules ask this server."""
    house.self_service.rules._breach_url = server.url("/range", host="127.0.0.1")


async def test_one_that_has_leaked_is_refused_and_only_a_piece_of_its_hash_is_told(house: House) -> None:
    digest = sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()
    lines = f"{'0' * 35}:3\r\n{digest[5:]}:42\r\n".encode()
    async with listening(answer(200, lines)) as server:
        asking(house, server)

        assert "leaked" in await check(house, PASSWORD)
        assert [one.target for one in server.received] == [f"/range/{digest[:5]}"]
        assert await check(house, PASSWORD + "!") == ""


@pytest.mark.parametrize("do", [answer(503), hang])
async def test_where_no_answer_comes_the_question_is_skipped(house: House, do: object) -> None:
    async with listening(do) as server:  # type: ignore[arg-type]
        asking(house, server)

        assert await check(house, PASSWORD) == ""
