"""What a client may say of itself: from a received document to client metadata, and back (RFC 7591 §2, §3).

Every member that `ClientMetadata` knows is taken, but for those that only an operator may set. All others are dropped.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from oidc_server.clients import languages, redirect_uris
from oidc_server.clients.metadata import DEFAULT_ENCRYPTION, ClientMetadata
from oidc_server.foundation.printable import printable

#: What nobody can set from outside.
OPERATOR_ONLY = frozenset({"skip_consent", "require_pkce", "branding"})
#: What an operator may allow a client, and no client itself: it would see people's passwords (RFC 9700 §2.4).
_OPERATORS_GRANT_TYPES = frozenset({"password"})
_MAX_LISTED = 100
_MAX_SHOWN = 100
#: Told also when they are empty.
_ALWAYS_TOLD = frozenset({"grant_types", "response_types"})

Members = dict[str, Any]


class Unacceptable(Exception):
    """A document that can't be registered: the member that is at fault, and why."""

    def __init__(self, member: str, told: str) -> None:
        super().__init__(told)
        self.member = member
        self.told = told


def read(
    received: Mapping[str, Any],
    stated: Mapping[str, Any],
    *,
    scopes: Collection[str],
    response_types: Collection[str],
    auth_methods: Collection[str],
    may_keep: Collection[str] = (),
    development: bool,
) -> ClientMetadata:
    """The client that a document describes; what a software statement says of it wins (RFC 7591 §3.1.1).

    `scopes` are those that it may ask for, besides those that it `may_keep`, and what it gets when it names none;
    `response_types` are those that it may use, `auth_methods` the ways in which clients may authenticate here.
    Unacceptable says what is wrong.
    """
    members = _overruled(known(received), known(stated))
    members.setdefault("scope", " ".join(scopes))
    _check_lengths(members)
    try:
        metadata = ClientMetadata.model_validate(members, context={"development": development})
    except ValidationError as error:
        raise _unacceptable(error.errors()[0]) from error
    if not development:
        _check_where_tokens_go(metadata)
    _check_scope(metadata, [*scopes, *may_keep])
    _check_response_types(metadata, response_types)
    if metadata.token_endpoint_auth_method not in auth_methods:
        expected = ", ".join(sorted(auth_methods))
        told = f"received {metadata.token_endpoint_auth_method!r}, expected one of: {expected}"
        raise Unacceptable("token_endpoint_auth_method", f"token_endpoint_auth_method: {told}")
    if refused := sorted(_OPERATORS_GRANT_TYPES & set(metadata.grant_types)):
        raise Unacceptable("grant_types", f"grant_types: received {refused[0]!r}, which only an operator can allow")
    return metadata


def known(members: Mapping[str, Any]) -> Members:
    """The members that a client may set; null means not sent (RFC 7592 §2.2)."""
    return {name: value for name, value in members.items() if value is not None and _is_known(name)}


def registered(metadata: ClientMetadata) -> Members:
    """Every member as it is registered, defaults too, as it is told to the client (RFC 7591 §3.2.1)."""
    dumped = metadata.model_dump(mode="json", exclude=set(OPERATOR_ONLY), exclude_none=True, warnings=False)
    dumped.setdefault("response_types", ["code"] if "authorization_code" in metadata.grant_types else [])
    for what in ("id_token", "userinfo"):
        if f"{what}_encrypted_response_alg" in dumped:
            dumped.setdefault(f"{what}_encrypted_response_enc", DEFAULT_ENCRYPTION)
    told = {name: value for name, value in dumped.items() if value != [] or name in _ALWAYS_TOLD}
    return languages.spread(told)


def keep_operators_members(metadata: ClientMetadata, registration: Mapping[str, Any]) -> ClientMetadata:
    """Metadata with what an operator has set before; a client can't lose it, nor gain it."""
    kept = {name: registration[name] for name in OPERATOR_ONLY if name in registration}
    return metadata.model_copy(update=kept)


def _is_known(name: str) -> bool:
    if name in OPERATOR_ONLY or name == languages.FIELD:
        return False
    return name in ClientMetadata.model_fields or languages.is_tagged(name)


def _overruled(members: Members, stated: Members) -> Members:
    """What is stated, and the rest of what was sent; no other language contradicts a statement."""
    rest = {name: value for name, value in members.items() if languages.plain(name) not in stated}
    return {**rest, **stated}


def _check_lengths(members: Members) -> None:
    for name, value in members.items():
        if isinstance(value, list) and len(value) > _MAX_LISTED:
            raise Unacceptable(name, f"{name}: received {len(value)} values, expected at most {_MAX_LISTED}")


def _check_where_tokens_go(metadata: ClientMetadata) -> None:
    gets_tokens = metadata.application_type == "web" and "implicit" in metadata.grant_types
    for uri in metadata.redirect_uris if gets_tokens else ():
        try:
            redirect_uris.check_for_tokens(uri)
        except ValueError as error:
            raise Unacceptable("redirect_uris", f"redirect_uris: {error}, received {uri!r}") from error


def _check_scope(metadata: ClientMetadata, allowed: Collection[str]) -> None:
    if refused := sorted(set(metadata.scope.split(" ")) - set(allowed)):
        expected = " ".join(allowed)
        raise Unacceptable("scope", f"scope: received {refused[0]!r}, expected some of: {expected}")


def _check_response_types(metadata: ClientMetadata, allowed: Collection[str]) -> None:
    if refused := [one for one in metadata.response_types or () if one not in allowed]:
        expected = ", ".join(allowed)
        raise Unacceptable("response_types", f"response_types: received {refused[0]!r}, expected some of: {expected}")


def _unacceptable(error: ErrorDetails) -> Unacceptable:
    """The member that is at fault stands in the error's place, or at the beginning of what is told."""
    told = str(error["msg"]).removeprefix("Value error, ").replace("§", "")
    place = ".".join(str(part) for part in error["loc"] if part != languages.FIELD)
    received = error.get("input")
    if place and repr(received) not in told:
        told += f", received {printable(repr(received), _MAX_SHOWN)}"
    told = f"{place}: {told}" if place else told
    return Unacceptable(told.replace(":", " ").replace(".", " ").split(" ")[0], told)
