"""The file that `oidc-server apply` reads; its JSON Schema is docs/apply.schema.json."""

import re
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from oidc_server.accounts import directory, tagged
from oidc_server.accounts.profile import Address, Profile, Text
from oidc_server.cli.upstream_documents import UpstreamEntry
from oidc_server.clients.metadata import OWN_SCOPES, ClientMetadata, SigningAlgorithm
from oidc_server.clients.registry import MAX_ID_LENGTH
from oidc_server.clients.resources import Resource
from oidc_server.settings.kinds import SCOPE_NAME

_CLIENT_ID = re.compile(r"[!-~]+")
_SCOPE = re.compile(SCOPE_NAME)


class Entry(BaseModel):
    """One thing in the file; members that we don't know are refused, lest a misspelt one be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClientEntry(ClientMetadata):
    """A client: RFC 7591 and OpenID Connect Registration members, and these."""

    client_id: str = Field(min_length=1, max_length=MAX_ID_LENGTH)
    client_secret: str | None = Field(default=None, min_length=1, max_length=1024)
    """Chosen by you; without it, a confidential client gets one that is shown once."""
    enabled: bool = True

    @field_validator("client_id")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not _CLIENT_ID.fullmatch(value):
            raise ValueError("client_id must be printable ASCII without spaces (RFC 6749 A.1)")
        return value

    @model_validator(mode="after")
    def _secret_fits(self) -> Self:
        if self.client_secret is not None and not self.has_secret:
            raise ValueError(f"client_secret is not for token_endpoint_auth_method {self.token_endpoint_auth_method}")
        if self.signs_with_secret and len(self.client_secret or "-" * 32) < 32:
            raise ValueError("client_secret must have 32 characters or more for client_secret_jwt (RFC 7518 §3.2)")
        return self

    def metadata(self) -> ClientMetadata:
        """The client's metadata alone."""
        own = self.model_dump(exclude={"client_id", "client_secret", "enabled"}, exclude_defaults=True)
        return ClientMetadata.model_construct(**own)


class UserEntry(Profile):
    """A user, with OpenID Connect's standard claims under their own names (Core §5.1), some in other languages too (§5.2)."""

    model_config = ConfigDict(
        json_schema_extra={
            "patternProperties": {
                tagged.pattern(name for name in tagged.HUMAN_READABLE if name != "address"): {"type": "string"},
                tagged.pattern(["address"]): Address.model_json_schema(),
            }
        },
    )

    username: str = Field(min_length=1, max_length=255)
    password: str | None = Field(default=None, min_length=1, max_length=1024)
    password_hash: str | None = Field(default=None, max_length=500)
    """A hash from elsewhere: bcrypt, bcrypt_sha256, argon2 or pbkdf2; renewed when its owner signs in."""
    enabled: bool = True
    roles: tuple[Text, ...] = ()
    groups: tuple[Text, ...] = ()
    email: str | None = Field(default=None, max_length=320)
    email_verified: bool = False
    translations: SkipJsonSchema[dict[str, Any]] = Field(default={}, alias="#")
    """The claims with a language, under their names; in the file they stand among the others."""

    @model_validator(mode="before")
    @classmethod
    def _gather_languages(cls, members: Any) -> Any:
        if not isinstance(members, dict):
            return members
        others = {name: value for name, value in members.items() if "#" not in str(name)}
        return {**others, "#": _in_languages({name: members[name] for name in members if name not in others})}

    @field_validator("email")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        try:
            return (
                value
                if value is None
                else validate_email(value, check_deliverability=False, test_environment=True).normalized
            )
        except EmailNotValidError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        directory.check_names(self.username, self.email)
        if self.password is not None and self.password_hash is not None:
            raise ValueError("give password or password_hash, not both")
        return self

    def columns(self) -> dict[str, Any]:
        """What a row of `users` holds besides the name and the password."""
        own = {"email": self.email, "email_verified": self.email_verified, "roles": list(self.roles)}
        own["groups"] = list(self.groups)
        return {**own, "claims": {**self.stored(), **self.translations}}


def _in_languages(members: dict[str, Any]) -> dict[str, Any]:
    """Claims with a language, each as good a value as it must be without one."""
    if len(members) > tagged.MAX_TAGGED:
        raise ValueError(f"members in other languages must be at most {tagged.MAX_TAGGED}")
    found: dict[str, Any] = {}
    for name, value in members.items():
        if (known := tagged.canonical(name)) in found:
            raise ValueError(f"{name}: stands there twice; upper and lower case are the same in a language tag")
        try:
            found.update(
                zip([known], Profile.model_validate({tagged.plain(name): value}).stored().values(), strict=False)
            )
        except ValidationError as error:
            raise ValueError(f"{name}: {error.errors()[0]['msg']}") from error
    return found


class ResourceEntry(Entry):
    """A resource server: an API that accepts our access tokens."""

    resource: Annotated[str, Field(min_length=1, max_length=512)]
    """Its URI, the audience of tokens for it (RFC 8707 §2)."""
    scopes: dict[str, str | None] | tuple[str, ...]
    """Its scopes: names, or names with the words in which the consent page asks for them."""
    client_id: str | None = None
    """The client as which it introspects tokens; then no other client may, besides a token's own."""
    token_lifetime: int | None = Field(default=None, ge=1, le=86400)
    """Seconds that access tokens for it live, if fewer than by `OIDC_LIFETIME_ACCESS_TOKEN`."""
    token_signing_alg: SigningAlgorithm | None = None
    """What access tokens for it are signed with; by default RS256."""

    @field_validator("resource")
    @classmethod
    def _absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        if (
            not parts.scheme
            or (parts.scheme in ("http", "https") and not parts.hostname)
            or parts.fragment
            or not value.isascii()
        ):
            raise ValueError("resource must be an absolute URI without a fragment (RFC 8707 2)")
        return value

    @field_validator("scopes")
    @classmethod
    def _names(cls, value: dict[str, str | None] | tuple[str, ...]) -> dict[str, str | None] | tuple[str, ...]:
        for scope in value:
            if not _SCOPE.fullmatch(scope):
                raise ValueError(
                    f"a scope must be printable ASCII without spaces, quotes or backslashes, received {scope!r}"
                )
            if scope in OWN_SCOPES:
                raise ValueError(f"the scope {scope!r} is OpenID Connect's own")
        return value

    def as_registered(self) -> Resource:
        """The resource server as it is kept."""
        return Resource(self.resource, self._worded(), self.client_id, self.token_lifetime, self.token_signing_alg)

    def _worded(self) -> dict[str, str]:
        return {scope: (self.scopes[scope] or "") if isinstance(self.scopes, dict) else "" for scope in self.scopes}


class Document(Entry):
    """The whole file."""

    clients: tuple[ClientEntry, ...] = ()
    users: tuple[UserEntry, ...] = ()
    resources: tuple[ResourceEntry, ...] = ()
    upstreams: tuple[UpstreamEntry, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = {
            "client_id": [client.client_id for client in self.clients],
            "username": [directory.key(user.username) for user in self.users],
            "resource": [resource.resource for resource in self.resources],
            "slug": [upstream.slug for upstream in self.upstreams],
        }
        for member, names in named.items():
            if twice := next((name for name in names if names.count(name) > 1), None):
                raise ValueError(f"the {member} {twice!r} stands in the file twice")
        return self
