"""Cookies: set the same way everywhere, as tightly as the issuer allows (RFC 6265bis §4.1)."""

from pathlib import Path

import pytest
from starlette.responses import Response

from oidc_server.foundation.web.cookies import Cookie
from oidc_server.settings.model import Settings
from tests.conftest import make_settings

CASES = [
    ("https://id.example.com", "__Host-oidc_x", "Path=/"),
    ("https://id.example.com:8443", "__Host-oidc_x", "Path=/"),
    ("https://id.example.com/auth", "__Secure-oidc_x", "Path=/auth"),
    ("http://localhost:8000", "oidc_x", "Path=/"),
    ("http://localhost:8000/auth", "oidc_x", "Path=/auth"),
]


def settings(issuer: str) -> Settings:
    return make_settings("sqlite:///unused.db", Path("unused"), issuer=issuer)


@pytest.mark.parametrize(("issuer", "name", "path"), CASES)
@pytest.mark.parametrize("deed", ["set", "clear"])
def test_a_cookie_is_taken_away_as_it_was_given(issuer: str, name: str, path: str, deed: str) -> None:
    cookie, response = Cookie(settings(issuer), "oidc_x"), Response()

    cookie.set(response, "value") if deed == "set" else cookie.clear(response)

    found, _, rest = response.headers["set-cookie"].partition("=")
    attributes = set(rest.split("; ")[1:])
    assert found == name
    assert {path, "HttpOnly", "SameSite=lax"} <= attributes
    assert ("Secure" in attributes) == issuer.startswith("https")
    assert not any(attribute.lower().startswith("domain") for attribute in attributes)


@pytest.mark.parametrize(("issuer", "name", "path"), CASES)
@pytest.mark.parametrize("deed", ["set", "clear"])
def test_a_cookie_for_frames_goes_wherever_https_lets_it(issuer: str, name: str, path: str, deed: str) -> None:
    cookie, response = Cookie(settings(issuer), "oidc_x", is_for_frames=True), Response()

    cookie.set(response, "value") if deed == "set" else cookie.clear(response)

    attributes = set(response.headers["set-cookie"].split("; ")[1:])
    assert {path, "SameSite=none" if issuer.startswith("https") else "SameSite=lax"} <= attributes
    assert "HttpOnly" not in attributes
    assert ("Secure" in attributes) == issuer.startswith("https")


def test_a_cookie_lasts_as_long_as_it_is_told_or_until_the_browser_closes() -> None:
    cookie, with_age, without = Cookie(settings(CASES[0][0]), "oidc_x"), Response(), Response()

    cookie.set(with_age, "value", max_age=60)
    cookie.set(without, "value")

    assert "Max-Age=60" in with_age.headers["set-cookie"]
    assert "Max-Age" not in without.headers["set-cookie"]
