"""What an operator may let a client's pages look like."""

from typing import Any

import pytest
from pydantic import ValidationError

from oidc_server.clients import dynamic, registry
from oidc_server.clients.metadata import ClientMetadata

BRANDING = {"name": "The Shop", "logo": "shop.svg", "accent": "#7a1fa2", "accent_dark": "#d9a6ff"}


def client(branding: Any) -> ClientMetadata:
    return ClientMetadata(redirect_uris=("https://shop.example.com/callback",), branding=branding)


def test_it_is_kept_as_it_was_given() -> None:
    document = client(BRANDING).document()

    assert document["branding"] == BRANDING
    assert registry.metadata_of(document).document() == document


@pytest.mark.parametrize(
    ("branding", "told"),
    [
        ({"accent": "#ffcc00"}, "branding: accent is #ffcc00: on a light page its contrast is 1.3"),
        ({"accent": "#3551d3"}, "on a dark page .* Set accent_dark to a lighter one"),
        ({"accent_dark": "#222222"}, "accent_dark is #222222: on a dark page"),
        ({"accent": "red"}, "branding.accent: String should match"),
        ({"accent": "#7a1fa2;}*{display:none"}, "branding.accent"),
        ({"name": ""}, "branding.name"),
        ({"name": "n" * 61}, "branding.name"),
        ({"name": "a\u202eb"}, "branding.name: must hold no control characters"),
        ({"logo": "../shop.svg"}, "branding.logo"),
        ({"logo": "/etc/passwd"}, "branding.logo"),
        ({"logo": "https://cdn.example.com/shop.svg"}, "branding.logo"),
        ({"logo": ".svg"}, "branding.logo"),
        ({"css": "body{}"}, "branding.css: Extra inputs are not permitted"),
        ("The Shop", "dictionary"),
    ],
)
def test_what_people_could_not_read_or_what_leads_elsewhere_is_refused(branding: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        client(branding)


def test_a_client_can_neither_give_itself_a_look_nor_lose_the_one_that_it_was_given() -> None:
    document = {"redirect_uris": ["https://shop.example.com/callback"], "branding": BRANDING}
    may: dict[str, Any] = {"scopes": ["openid"], "response_types": ["code"], "auth_methods": ["client_secret_basic"]}

    own = dynamic.read(document, {}, **may, development=False)
    kept = dynamic.keep_operators_members(own, {"branding": BRANDING})

    assert own.branding is None
    assert "branding" not in dynamic.registered(kept)
    assert kept.document()["branding"] == BRANDING
