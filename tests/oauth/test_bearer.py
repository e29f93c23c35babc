"""Bearer tokens: how a refusal is told, in the header that clients read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from oidc_server.oauth import bearer
from oidc_server.oauth.bearer import InsufficientScope, InvalidAccessToken, NoToken
from oidc_server.oauth.errors import InvalidRequest

#: A challenge of RFC 9110 §11.6.1: a scheme and quoted parameters.
CHALLENGE = re.compile(r'Bearer [a-z_]+="[ !#-\[\]-~]*"(?:, [a-z_]+="[ !#-\[\]-~]*")*')


def asked(*authorization: bytes, method: str = "GET") -> Request:
    headers = [(b"authorization", value) for value in authorization]
    return Request({"type": "http", "method": method, "path": "/userinfo", "query_string": b"", "headers": headers})


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
async def test_the_scheme_has_no_case(scheme: bytes) -> None:
    assert await bearer.presented(asked(scheme + b" abc")) == "abc"


@pytest.mark.parametrize("headers", [(), (b"",), (b"Bearer",), (b"Bearer ",), (b"Basic abc",), (b"abc",)])
async def test_no_token_is_told_apart_from_a_bad_one(headers: tuple[bytes, ...]) -> None:
    with pytest.raises(NoToken):
        await bearer.presented(asked(*headers))


async def test_two_headers_are_too_many() -> None:
    for second in (b"Bearer abc", b"Basic c2hvcDpz", b"Bearer other"):
        with pytest.raises(InvalidRequest):
            await bearer.presented(asked(b"Bearer abc", second))


def test_who_sent_nothing_learns_no_error() -> None:
    response = bearer.challenge(NoToken("nothing"), scope="openid")

    assert response.headers["www-authenticate"] == 'Bearer realm="oidc-server"'  # RFC 6750 §3.1


def test_an_insufficient_scope_names_the_one_that_is_needed() -> None:
    response = bearer.challenge(InsufficientScope("too little"), scope="openid")

    assert response.status_code == 403  # RFC 6750 §3, §3.1
    assert response.headers["www-authenticate"].endswith(
        'error="insufficient_scope", error_description="too little", scope="openid"'
    )


def test_what_only_the_log_may_know_is_not_told() -> None:
    response = bearer.challenge(InvalidAccessToken(because="a secret reason"))

    assert "secret reason" not in f"{response.headers} {bytes(response.body)!r}"


@given(told=st.text(max_size=600))
def test_nothing_that_is_told_breaks_the_header(told: str) -> None:
    response = bearer.challenge(InvalidRequest(told))

    assert CHALLENGE.fullmatch(response.headers["www-authenticate"])  # RFC 6750 §3
