"""Passwords: hashed, checked, renewed, and never in the way of anything else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from argon2 import PasswordHasher, Type
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from passlib import hash as foreign

from oidc_server.accounts.passwords import MAX_LENGTH, Passwords
from oidc_server.foundation.errors import Unavailable
from oidc_server.settings.accounts import PasswordSettings

ANY_TEXT = ["p\u00e4ssw\u00f6rd", "\u5bc6\u7801", "\U0001f511" * 4, " spaces ", "x" * MAX_LENGTH, "\ud7ff"]
SECRET = "correct horse battery staple"
LONG = "x" * 100

#: Hashes from elsewhere, made as cheaply as their scheme allows.
FOREIGN: dict[str, Callable[[str], str]] = {
    "bcrypt": foreign.bcrypt.using(rounds=4).hash,
    "bcrypt of PHP": foreign.bcrypt.using(rounds=4, ident="2y").hash,
    "old bcrypt": foreign.bcrypt.using(rounds=4, ident="2a").hash,
    "argon2id": PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash,
    "argon2i": PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=Type.I).hash,
    "pbkdf2-sha1": foreign.pbkdf2_sha1.using(rounds=10).hash,
    "pbkdf2-sha256": foreign.pbkdf2_sha256.using(rounds=10).hash,
    "pbkdf2-sha512": foreign.pbkdf2_sha512.using(rounds=10).hash,
    "pbkdf2 of Django": foreign.django_pbkdf2_sha256.using(rounds=10).hash,
    "bcrypt of Django": foreign.django_bcrypt_sha256.using(rounds=4).hash,
}


def cheap(**changes: Any) -> PasswordSettings:
    return PasswordSettings(**{"bcrypt_rounds": 4, "workers": 1, "queue": 8, **changes})


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    """Passwords as tests want them."""
    made = Passwords(cheap())
    yield made
    made.stop()


async def test_a_password_is_right_or_wrong(passwords: Passwords) -> None:
    known = await passwords.hash(SECRET)

    assert await passwords.verify(SECRET, known) == (True, None)
    for wrong in ("", SECRET + " ", " " + SECRET, SECRET.upper(), SECRET[:-1], "\0", SECRET + "\0"):
        assert (await passwords.verify(wrong, known))[0] is False


async def test_the_same_password_has_another_hash_each_time(passwords: Passwords) -> None:
    assert await passwords.hash(SECRET) != await passwords.hash(SECRET)


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_hash_from_elsewhere_is_understood_and_renewed(passwords: Passwords, kind: str) -> None:
    known = FOREIGN[kind](SECRET)
    assert passwords.is_hash(known)

    is_right, renewed = await passwords.verify(SECRET, known)

    assert is_right
    assert renewed is not None
    assert renewed.startswith("$bcrypt-sha256$")
    assert await passwords.verify(SECRET, renewed) == (True, None)
    assert (await passwords.verify(SECRET + "x", renewed))[0] is False


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_wrong_password_renews_nothing(passwords: Passwords, kind: str) -> None:
    assert await passwords.verify("wrong", FOREIGN[kind](SECRET)) == (False, None)


async def test_what_bcrypt_never_saw_counts_once_the_hash_is_renewed(passwords: Passwords) -> None:
    known = foreign.bcrypt.using(rounds=4, truncate_error=False).hash(LONG[:72])

    is_right, renewed = await passwords.verify(LONG, known)

    assert is_right
    assert renewed is not None
    assert await passwords.verify(LONG, renewed) == (True, None)
    assert (await passwords.verify(LONG[:72], renewed))[0] is False
    assert (await passwords.verify(LONG[:72] + "another end", renewed))[0] is False


async def test_where_a_letter_spans_bcrypts_end_the_password_still_works(passwords: Passwords) -> None:
    secret = "ä" * 40 + "€"  # 72 bytes end between two letters, and 71 within one
    known = foreign.bcrypt.using(rounds=4).hash(("x" + secret).encode()[:72])

    assert (await passwords.verify("x" + secret, known))[0] is True


async def test_every_byte_of_our_own_hashes_counts(passwords: Passwords) -> None:
    known = await passwords.hash(LONG + "a")

    assert (await passwords.verify(LONG + "b", known))[0] is False


@pytest.mark.parametrize("secret", ANY_TEXT)
async def test_any_text_can_be_a_password(passwords: Passwords, secret: str) -> None:
    assert await passwords.verify(secret, await passwords.hash(secret)) == (True, None)


async def test_a_password_without_measure_is_wrong_and_costs_nothing(passwords: Passwords) -> None:
    known = await passwords.hash(SECRET)

    assert await passwords.verify("x" * (MAX_LENGTH + 1), known) == (False, None)
    assert await passwords.verify("x" * 10_000_000, known) == (False, None)


async def test_without_a_hash_every_password_is_wrong(passwords: Passwords) -> None:
    passwords.prepare()

    for secret in ("", SECRET, "\0"):
        assert (await passwords.verify(secret, None))[0] is False


@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.sampled_from(["$2b$", "$2b$04$", "$argon2id$", "$bcrypt-sha256$v=2,t=2b,r=99$", "!"]))
async def test_a_damaged_hash_is_a_wrong_password(passwords: Passwords, text: str) -> None:
    assert await passwords.verify(SECRET, text or "!") == (False, None)


async def test_another_scheme_takes_over_when_people_sign_in(passwords: Passwords) -> None:
    others = Passwords(cheap(scheme="argon2"))

    is_right, renewed = await others.verify(SECRET, await passwords.hash(SECRET))

    assert is_right
    assert renewed is not None
    assert renewed.startswith("$argon2id$")
    others.stop()


@pytest.mark.parametrize(("before", "after"), [(4, 5), (6, 4)])
async def test_another_cost_takes_over_when_people_sign_in(before: int, after: int) -> None:
    old, new = Passwords(cheap(bcrypt_rounds=before)), Passwords(cheap(bcrypt_rounds=after))

    is_right, renewed = await new.verify(SECRET, await old.hash(SECRET))

    assert is_right
    assert renewed is not None
    assert f"r={after}$" in renewed
    old.stop()
    new.stop()


@pytest.mark.parametrize(
    "text", ["", "plain", "{SHA}x", "$1$md5$crypt", "5f4dcc3b5aa765d61d8327deb882cf99", "$6$sha512$x"]
)
async def test_what_we_cannot_check_is_no_hash(passwords: Passwords, text: str) -> None:
    assert not passwords.is_hash(text)


async def test_when_too_many_wait_the_next_is_told_to_come_back() -> None:
    passwords = Passwords(cheap(bcrypt_rounds=8, workers=1, queue=2))

    found = await asyncio.gather(*(passwords.hash(SECRET) for _ in range(10)), return_exceptions=True)

    refused = [one for one in found if isinstance(one, Unavailable)]
    assert len(refused) == 7
    assert all(one.retry_after > 0 for one in refused)
    assert (await passwords.hash(SECRET)).startswith("$bcrypt-sha256$")  # and then there is room again
    passwords.stop()


async def test_who_gives_up_waiting_makes_room() -> None:
    passwords = Passwords(cheap(bcrypt_rounds=8, workers=1, queue=2))
    waiting = [asyncio.create_task(passwords.hash(SECRET)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert (await passwords.hash(SECRET)).startswith("$bcrypt-sha256$")
    passwords.stop()


async def test_hashing_never_holds_up_the_event_loop() -> None:
    passwords = Passwords(cheap(bcrypt_rounds=10, workers=2))
    hashing = asyncio.gather(*(passwords.hash(SECRET) for _ in range(4)))
    turns = 0

    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 20
    await hashing
    passwords.stop()
