"""PKCE: S256 and nothing else."""

from hashlib import sha256
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation.encoding import b64url
from oidc_server.oauth import pkce
from oidc_server.oauth.errors import InvalidGrant, InvalidRequest

VERIFIERS = st.text(ascii_letters + digits + "-._~", min_size=43, max_size=128)


def s256(verifier: str) -> str:
    return b64url(sha256(verifier.encode()).digest())


def test_the_example_of_the_specification() -> None:
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 §B

    assert pkce.check_challenge(challenge, "S256") == challenge
    pkce.verify("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge)


@given(verifier=VERIFIERS)
def test_a_verifier_answers_its_own_challenge(verifier: str) -> None:
    pkce.verify(verifier, pkce.check_challenge(s256(verifier), "S256"))


@given(verifier=VERIFIERS, other=VERIFIERS)
def test_a_verifier_answers_no_other_challenge(verifier: str, other: str) -> None:
    if verifier == other:
        return
    with pytest.raises(InvalidGrant):  # RFC 7636 §4.6
        pkce.verify(other, s256(verifier))


@given(verifier=VERIFIERS)
def test_the_challenge_itself_is_no_verifier(verifier: str) -> None:
    with pytest.raises(InvalidGrant):
        pkce.verify(s256(verifier), s256(verifier))  # that would be "plain"


@given(verifier=st.text(max_size=150).filter(lambda text: not 43 <= len(text) <= 128 or not text.isascii()))
def test_a_malformed_verifier_is_refused(verifier: str) -> None:
    with pytest.raises(InvalidGrant):
        pkce.verify(verifier, s256("a" * 43))  # RFC 7636 §4.1


@pytest.mark.parametrize("verifier", ["a" * 42, "a" * 129, "a" * 43 + "\n", "a" * 42 + "+", "a" * 42 + "=", ""])
def test_a_verifier_of_the_wrong_length_or_alphabet_is_refused_even_if_its_hash_fits(verifier: str) -> None:
    with pytest.raises(InvalidGrant):
        pkce.verify(verifier, s256(verifier))


def test_a_verifier_without_a_challenge_is_refused() -> None:
    with pytest.raises(InvalidGrant):
        pkce.verify("a" * 43, None)  # RFC 9700 §4.8.2: the challenge was taken out on its way


def test_a_challenge_without_a_verifier_is_refused() -> None:
    with pytest.raises(InvalidRequest):  # RFC 7636 §4.5
        pkce.verify(None, s256("a" * 43))


def test_an_authorization_request_needs_a_challenge() -> None:
    with pytest.raises(InvalidRequest, match="requires PKCE"):
        pkce.check_challenge(None, "S256")


@pytest.mark.parametrize("method", [None, "plain", "s256", "S256 ", "S512", "none"])
def test_no_other_method_is_taken(method: str | None) -> None:
    with pytest.raises(InvalidRequest, match="expected S256"):  # RFC 7636 §4.4.1
        pkce.check_challenge(s256("a" * 43), method)


@given(challenge=st.text(max_size=60))
def test_a_challenge_is_the_base64url_of_a_hash(challenge: str) -> None:
    is_one = len(challenge) == 43 and set(challenge) <= set(ascii_letters + digits + "-_")
    if is_one:
        return
    with pytest.raises(InvalidRequest):  # RFC 7636 §4.2
        pkce.check_challenge(challenge, "S256")


@pytest.mark.parametrize("challenge", ["a" * 42, "a" * 44, "a" * 43 + "=", "a" * 42 + "+", "a" * 43 + "\n"])
def test_a_challenge_of_the_wrong_length_or_alphabet_is_refused(challenge: str) -> None:
    with pytest.raises(InvalidRequest):
        pkce.check_challenge(challenge, "S256")
