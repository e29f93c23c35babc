"""The claims parameter: single claims that a client asks for, essential or not (OpenID Connect Core §5.5)."""

from collections.abc import Iterable, Mapping
from typing import Any

from oidc_server.accounts import claims, tagged
from oidc_server.foundation import strict_json
from oidc_server.foundation.errors import BadRequest
from oidc_server.oauth.errors import InvalidRequest

PLACES = ("userinfo", "id_token")
#: What we can be asked for; the last three say how somebody signed in.
KNOWN = frozenset({*claims.REQUESTABLE, "auth_time", "acr", "amr"})
#: Where the languages that a client prefers stand beside those places.
_LOCALES = "locales"

Claims = dict[str, Any]


def parse(text: str | None, claims_locales: str | None = None) -> Claims | None:
    """What is asked for, by place, and in which languages; what we don't know is left out. InvalidRequest if malformed."""
    received = _json(text) if text is not None else {}
    found = {place: _known(place, received[place]) for place in PLACES if received.get(place) is not None}
    wanted: Claims = {place: asked for place, asked in found.items() if asked}
    if preferred_locales := tagged.locales(claims_locales):
        wanted[_LOCALES] = preferred_locales
    return wanted or None


def locales(asked: Mapping[str, Any] | None) -> list[str]:
    """The languages in which the client prefers claims, the best first (Core §5.2)."""
    return list((asked or {}).get(_LOCALES) or ())


def names(asked: Mapping[str, Any] | None, place: str) -> frozenset[str]:
    """The claims asked for in one place."""
    return frozenset((asked or {}).get(place) or ())


def about_person(asked: Mapping[str, Any] | None, place: str) -> frozenset[str]:
    """Those of them that are about the person, some with a language."""
    return frozenset(name for name in names(asked, place) if tagged.plain(name) in claims.REQUESTABLE)


def beyond(asked: Mapping[str, Any] | None, scopes: Iterable[str]) -> frozenset[str]:
    """The claims about a person that are asked for besides those that scopes bring."""
    covered = {name for scope in scopes for name in claims.BY_SCOPE.get(scope, ())}
    wanted = {tagged.plain(name) for place in PLACES for name in about_person(asked, place)}
    return frozenset(wanted - covered - {"sub"})


def demanded(asked: Mapping[str, Any] | None, name: str) -> tuple[str, ...]:
    """The values of which the ID token must have one, if that is essential (Core §5.5.1)."""
    wish = _wish(asked, name)
    return preferred(asked, name) if wish.get("essential") or name == "sub" else ()


def preferred(asked: Mapping[str, Any] | None, name: str) -> tuple[str, ...]:
    """The values of which the ID token should have one, the best first, essential or not."""
    wish = _wish(asked, name)
    values = [wish["value"]] if wish.get("value") is not None else wish.get("values") or []
    return tuple(str(value) for value in values)


def _wish(asked: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    """What is said of one claim of the ID token."""
    wish = ((asked or {}).get("id_token") or {}).get(name)
    return wish if isinstance(wish, dict) else {}


def _known(place: str, received: Any) -> dict[str, Any]:
    wishes = _object(f"claims.{place}", received)
    for name, wish in wishes.items():
        if wish is not None:
            _check_wish(f"claims.{place}.{name}", _object(f"claims.{place}.{name}", wish))
    return {name: wish for name, wish in wishes.items() if name in KNOWN or tagged.is_tagged(name)}


def _check_wish(where: str, wish: dict[str, Any]) -> None:
    if not isinstance(wish.get("essential", False), bool):
        raise InvalidRequest(f"{where}.essential must be true or false.")
    if not isinstance(wish.get("values", []), list):
        raise InvalidRequest(f"{where}.values must be an array.")


def _json(text: str) -> dict[str, Any]:
    try:
        return strict_json.parse(text.encode())
    except (BadRequest, UnicodeError) as error:
        told = "The parameter claims must be a JSON object without anything strange in it (OpenID Connect Core 5.5)."
        raise InvalidRequest(told, because=str(error)) from error


def _object(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRequest(f"{where} must be a JSON object (OpenID Connect Core 5.5).")
    return value
