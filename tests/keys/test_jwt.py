"""JWTs: the one door to JOSE, which nothing in a token can bend."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.keys import jwt
from oidc_server.keys.jwt import InvalidToken, Key
from tests.oauth.test_forged_tokens import b64

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def _key() -> Key:
    kid, public, private = jwt.generate()
    return jwt.load(kid, "RS256", public, private)


KEY, OTHER = _key(), _key()


def find(kid: str) -> Key | None:
    return KEY if kid == KEY.kid else None


@given(claims=st.dictionaries(st.text(max_size=10), JSON, max_size=6))
def test_what_is_signed_is_what_is_read(claims: dict[str, Any]) -> None:
    assert jwt.verify(jwt.sign(KEY, "at+jwt", claims), {"at+jwt"}, find) == json.loads(json.dumps(claims))


@given(header=JSON, payload=JSON, signature=st.binary(max_size=300))
def test_nothing_but_a_signature_of_ours_is_ever_read(header: Any, payload: Any, signature: bytes) -> None:
    with pytest.raises(InvalidToken):
        jwt.verify(f"{b64(json.dumps(header))}.{b64(json.dumps(payload))}.{b64(signature)}", {"jwt"}, find)


@given(junk=st.text())
def test_junk_is_refused(junk: str) -> None:
    with pytest.raises(InvalidToken):
        jwt.verify(junk, {"jwt"}, find)


@given(position=st.integers(0, 200), character=st.sampled_from("Aa0-_."))
def test_one_changed_character_is_noticed(position: int, character: str) -> None:
    token = jwt.sign(KEY, "jwt", {"sub": "alice", "n": list(range(20))})
    changed = token[:position] + character + token[position + 1 :]
    if changed == token:
        return
    with pytest.raises(InvalidToken):
        jwt.verify(changed, {"jwt"}, find)


def test_a_key_that_we_don_t_know_is_refused() -> None:
    with pytest.raises(InvalidToken, match="unknown kid"):
        jwt.verify(jwt.sign(OTHER, "jwt", {}), {"jwt"}, find)


def test_another_key_under_our_kid_is_refused() -> None:
    impostor = Key(KEY.kid, "RS256", OTHER.public_jwk, OTHER.public, OTHER.private)

    with pytest.raises(InvalidToken):
        jwt.verify(jwt.sign(impostor, "jwt", {}), {"jwt"}, find)


@pytest.mark.parametrize("media_type", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_type_is_read_as_the_media_type_it_is(media_type: str) -> None:
    assert jwt.verify(jwt.sign(KEY, media_type, {"a": 1}), {"at+jwt"}, find) == {"a": 1}  # RFC 7515 §4.1.9


@pytest.mark.parametrize("media_type", ["jwt", "", "at+jwt+jwt", "text/at+jwt", "secevent+jwt"])
def test_another_type_is_refused(media_type: str) -> None:
    with pytest.raises(InvalidToken, match="type"):
        jwt.verify(jwt.sign(KEY, media_type, {}), {"at+jwt"}, find)  # RFC 8725 §3.11


@pytest.mark.parametrize("payload", [[], "text", 1, None, True])
def test_claims_are_an_object(payload: Any) -> None:
    with pytest.raises(InvalidToken, match="no claims"):
        jwt.verify(jwt.sign(KEY, "jwt", payload), {"jwt"}, find)  # RFC 7519 §7.2


def test_a_key_that_only_verifies_does_not_sign() -> None:
    public = jwt.load(KEY.kid, "RS256", KEY.public_jwk, None)

    with pytest.raises(ValueError, match="only verifies"):
        jwt.sign(public, "jwt", {})
    assert jwt.verify(jwt.sign(KEY, "jwt", {"a": 1}), {"jwt"}, lambda _: public) == {"a": 1}


def test_a_token_longer_than_any_of_ours_is_not_even_looked_at() -> None:
    asked: list[str] = []
    long = jwt.sign(KEY, "jwt", {"x": "y" * 20_000})

    with pytest.raises(InvalidToken):
        jwt.verify(long, {"jwt"}, lambda kid: asked.append(kid))
    assert asked == []


def test_a_new_key_s_public_part_holds_nothing_private() -> None:
    kid, public, private = jwt.generate()

    assert set(public) == {"kty", "n", "e", "kid", "use", "alg"}
    assert {"d", "p", "q"} <= set(json.loads(private))
    assert public["kid"] == kid


def test_a_key_can_be_written_to_a_log() -> None:
    private = json.loads(jwt.generate()[2])

    assert private["d"] not in repr(KEY)
    assert "RSAKey" not in repr(KEY)
