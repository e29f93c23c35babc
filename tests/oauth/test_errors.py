"""OAuth's errors: well-formed whatever they tell, and told apart from what only the log may know."""

import re

import pytest
from authlib.oauth2.rfc6749.errors import InvalidScopeError, OAuth2Error
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.oauth import errors
from oidc_server.oauth.errors import InvalidClient, InvalidGrant, InvalidRequest, OAuthRefused, TemporarilyUnavailable

#: RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E
DESCRIPTION = re.compile(r"[ !#-\[\]-~]*")


def kinds() -> list[type[OAuthRefused]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OAuthRefused)]


@given(told=st.text(max_size=2000))
def test_a_description_holds_only_what_the_specification_allows(told: str) -> None:
    refusal = InvalidRequest(told)

    assert DESCRIPTION.fullmatch(refusal.parameters()["error_description"])
    assert len(refusal.parameters()["error_description"]) < 500


@given(because=st.text(min_size=5))
def test_what_only_the_log_may_know_is_not_told(because: str) -> None:
    refusal = InvalidGrant("The code is not valid.", because=because)

    assert refusal.parameters() == {"error": "invalid_grant", "error_description": "The code is not valid."}


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind is not OAuthRefused])
def test_every_kind_has_its_code_and_its_section(kind: type[OAuthRefused]) -> None:
    assert re.fullmatch(r"[a-z_]+", kind.error)
    assert kind.__doc__
    assert 400 <= kind.status_code < 600


def test_a_client_that_is_refused_is_challenged() -> None:
    assert InvalidClient(because="x").headers()["WWW-Authenticate"].startswith("Basic realm=")


def test_who_should_come_back_is_told_when() -> None:
    refusal = TemporarilyUnavailable("Busy.", retry_after=7, status=429)

    assert (refusal.status_code, refusal.headers()) == (429, {"Retry-After": "7"})


def test_an_error_of_authlib_takes_our_form() -> None:
    told = errors.as_refusal(InvalidScopeError())
    without_words = errors.as_refusal(OAuth2Error())

    assert told.parameters()["error"] == "invalid_scope"
    assert without_words.parameters()["error"] == "invalid_request"
    assert InvalidRequest.error == "invalid_request"  # one refusal's code is not every refusal's
