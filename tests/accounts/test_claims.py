"""Claims: each scope tells what the specification says, and nothing else (OpenID Connect Core §5.4)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.accounts import claims
from oidc_server.accounts.models import User

EVERYTHING = {
    "name": "Alice Example", "family_name": "Example", "given_name": "Alice", "middle_name": "B", "nickname": "Al",
    "profile": "https://a.example", "picture": "https://a.example/p", "website": "https://a.example/w", "gender": "f",
    "birthdate": "2000-01-01", "zoneinfo": "Europe/Berlin", "locale": "de-DE", "address": {"locality": "Berlin"},
    "phone_number": "+49 30 1234", "phone_number_verified": False,
}  # fmt: skip

PROFILE = {
    "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
    "gender", "birthdate", "zoneinfo", "locale", "updated_at",
}  # fmt: skip


def user(**columns: Any) -> User:
    usual = {
        "username": "alice",
        "email": "alice@example.com",
        "email_verified": True,
        "claims": EVERYTHING,
        "updated_at": datetime(2026, 5, 1, 12, 0, 0, 900, tzinfo=UTC),
        "roles": ["admin"],
        "password_hash": "$bcrypt-sha256$x",
    }
    return User(**{**usual, **columns})


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("openid", set()),
        ("profile", PROFILE),
        ("email", {"email", "email_verified"}),
        ("address", {"address"}),
        ("phone", {"phone_number", "phone_number_verified"}),
        ("offline_access", set()),
        ("orders.read", set()),
    ],
)
def test_a_scope_tells_its_claims_only(scope: str, told: set[str]) -> None:
    assert claims.of(user(), {scope}).keys() == told


def test_an_empty_claim_is_left_out_and_a_false_one_told() -> None:
    empty = user(claims={"nickname": "", "address": {}, "phone_number_verified": False})  # OpenID Connect Core §5.3.2

    told = claims.named(empty, ["nickname", "address", "phone_number_verified", "gender"])

    assert told == {"phone_number_verified": False}


@given(st.sets(st.sampled_from(["openid", "profile", "email", "address", "phone", "other"])))
def test_several_scopes_tell_what_each_tells(scopes: set[str]) -> None:
    together = claims.of(user(), scopes)

    assert together == {name: value for scope in scopes for name, value in claims.of(user(), {scope}).items()}


def test_a_claim_without_a_value_is_left_out() -> None:
    nobody = user(email=None, email_verified=False, claims={})

    told = claims.of(nobody, {"openid", "profile", "email", "address", "phone"})  # OpenID Connect Core §5.3.2

    assert told == {"preferred_username": "alice", "updated_at": 1777636800}


def test_no_is_a_value() -> None:
    assert claims.of(user(email_verified=False), {"email"})["email_verified"] is False
    assert claims.of(user(), {"phone"})["phone_number_verified"] is False


def test_nothing_stored_as_a_claim_replaces_what_we_know_ourselves() -> None:
    sly = user(claims={"email": "root@example.com", "email_verified": True, "preferred_username": "root", "sub": "x"})

    told = claims.of(sly, {"profile", "email"})

    assert (told["email"], told["preferred_username"]) == ("alice@example.com", "alice")
    assert "sub" not in told


def test_no_scope_tells_more_than_discovery_says() -> None:
    everything = claims.of(user(groups=["staff"]), set(claims.BY_SCOPE))

    assert everything.keys() | {"sub"} == set(claims.SUPPORTED)
    assert "password_hash" not in everything
