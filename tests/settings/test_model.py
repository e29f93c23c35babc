"""Settings: what they must not contradict."""

import pytest
from pydantic import ValidationError

from oidc_server.settings.model import Settings


def made(issuer: str, **members: object) -> Settings:
    return Settings(_env_file=None, issuer=issuer, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize("issuer", ["https://id.example.com", "https://id.example.com:8443", "https://example.com/id"])
def test_an_issuer_is_an_https_url(issuer: str) -> None:
    assert made(issuer).issuer == issuer  # OpenID Connect Discovery §3, RFC 8414 §2


@pytest.mark.parametrize(
    ("issuer", "told"),
    [
        ("http://id.example.com", "https"),
        ("id.example.com", "https"),
        ("ftp://id.example.com", "https"),
        ("https://", "https"),
        ("https://user@id.example.com", "https"),
        ("https://id.example.com?x=1", "no query"),
        ("https://id.example.com#x", "no query, no fragment"),
        ("https://id.example.com/?", "no query"),
        ("https://id.example.com/#", "no fragment"),
        ("https://id.example.com/", "no slash"),
    ],
)
def test_nothing_else_is_one(issuer: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        made(issuer)  # OpenID Connect Discovery §3, RFC 8414 §2


def test_http_is_for_development() -> None:
    assert made("http://localhost:8000", development=True).issuer == "http://localhost:8000"
