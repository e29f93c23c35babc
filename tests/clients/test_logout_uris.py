"""Logout URIs: which may be registered (Back-Channel Logout §2.2, Front-Channel Logout §2)."""

from typing import Any

import pytest
from pydantic import ValidationError

from oidc_server.cli.reach import explain
from oidc_server.clients.metadata import ClientMetadata

BACK, FRONT = "backchannel_logout_uri", "frontchannel_logout_uri"


def read(members: dict[str, Any], *, development: bool = False) -> ClientMetadata:
    given = {"redirect_uris": ["https://shop.example.com/callback", "https://shop.example.com:8443/x"], **members}
    return ClientMetadata.model_validate(given, context={"development": development})


@pytest.mark.parametrize(
    ("member", "uri"),
    [
        (BACK, "https://shop.example.com/logout?a=b"),
        (BACK, "https://another-host.example.net:9443/logout"),
        (FRONT, "https://shop.example.com/bye?a=b"),
        (FRONT, "https://shop.example.com:443/bye"),
        (FRONT, "https://shop.example.com:8443/bye"),
    ],
)
def test_these_may_be_registered(member: str, uri: str) -> None:
    made = read({member: uri, f"{member.removesuffix('_uri')}_session_required": True})

    assert made.document()[member] == uri


@pytest.mark.parametrize(
    ("member", "uri", "told"),
    [
        (BACK, "http://shop.example.com/logout", "https"),
        (BACK, "http://127.0.0.1/logout", "https"),
        (BACK, "https://shop.example.com/logout#there", "fragment"),
        (BACK, "/logout", "absolute"),
        (BACK, "com.example.shop:/logout", "scheme"),
        (BACK, "https://user:secret@shop.example.com/", "user name"),
        (BACK, "https://shop.example.com;script-src/", "letters"),
        (FRONT, "https://shop.example.com/bye#there", "fragment"),
        (FRONT, "http://shop.example.com/bye", "https"),
        (FRONT, "https://evil.example.com/bye", "redirect_uris"),
        (FRONT, "https://shop.example.com:9443/bye", "redirect_uris"),
        (FRONT, "https://sub.shop.example.com/bye", "redirect_uris"),
    ],
)
def test_a_mistake_is_told_with_its_member_and_what_was_received(member: str, uri: str, told: str) -> None:
    with pytest.raises(ValidationError) as error:
        read({member: uri})

    text = explain(error.value)
    assert member in text  # Back-Channel Logout §2.2, Front-Channel Logout §2
    assert told in text


def test_http_is_for_development() -> None:
    here = "http://localhost:3000"
    made = read({"redirect_uris": [f"{here}/callback"], BACK: f"{here}/logout", FRONT: f"{here}/bye"}, development=True)

    assert made.backchannel_logout_uri == f"{here}/logout"


def test_a_frame_at_another_scheme_than_the_redirect_uri_s_is_refused_in_development_too() -> None:
    with pytest.raises(ValidationError, match="redirect_uris"):
        read({FRONT: "http://shop.example.com/bye"}, development=True)
