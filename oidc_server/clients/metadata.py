"""Client metadata: the members of RFC 7591 §2 and OpenID Connect Dynamic Client Registration §2 that we know, checked."""

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from oidc_server.clients import languages, redirect_uris, web_addresses

IDENTITY_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")

GrantType = Literal["authorization_code", "refresh_token", "client_credentials", "password"]
ResponseType = Literal["code"]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post"]


def _scope(value: str) -> str:
    """A scope as RFC 6749 §3.3 writes it: printable ASCII without quotes or backslashes, parted by single spaces."""
    tokens = value.split(" ")
    if not all(
        token and all("!" <= character <= "~" and character not in '"\\' for character in token) for token in tokens
    ):
        raise ValueError("scope must be names parted by single spaces (RFC 6749 §3.3)")
    return " ".join(dict.fromkeys(tokens))


def _displayable(value: str) -> str:
    if any(
        ord(character) < 32
        or 127 <= ord(character) < 160
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        for character in value
    ):
        raise ValueError("must hold no control characters")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL")
    return value


def _public_address(value: str, info: ValidationInfo) -> str:
    web_addresses.check(value, development=_is_development(info))
    return value


def _any_address(value: str, info: ValidationInfo) -> str:
    web_addresses.check(value, development=_is_development(info), may_be_internal=True)
    return value


def _is_development(info: ValidationInfo) -> bool:
    return bool((info.context or {}).get("development"))


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_displayable)]
Scope = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_scope)]
Uri = Annotated[str, Field(min_length=1, max_length=2048)]
WebAddress = Annotated[Uri, AfterValidator(_web_address)]
PublicAddress = Annotated[Uri, AfterValidator(_public_address)]
Line = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_displayable)]

#: How each member that people read is checked, also in other languages.
_TRANSLATED: dict[str, TypeAdapter[str]] = {
    name: TypeAdapter(Name if name == "client_name" else PublicAddress) for name in languages.TRANSLATED
}


class ClientMetadata(BaseModel):
    """A client's registration; pass `{"development": bool}` as validation context when it is new."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"patternProperties": {languages.PATTERN: {"type": "string"}}},
    )

    client_name: Name | None = None
    """What people read on the consent page; the client_id if there is none."""
    client_uri: PublicAddress | None = None
    """The application's home page."""
    logo_uri: PublicAddress | None = None
    """Its logo; our pages never load it (docs/decisions/0010)."""
    policy_uri: PublicAddress | None = None
    """What it does with people's data; a link on the login and consent pages."""
    tos_uri: PublicAddress | None = None
    """Its terms of service; a link on the login and consent pages."""
    contacts: Annotated[tuple[Line, ...], Field(max_length=10)] = ()
    """Who is responsible for it, as a rule e-mail addresses."""
    software_id: Line | None = None
    """Which software this is, the same for every copy of it."""
    software_version: Line | None = None
    initiate_login_uri: Annotated[Uri, AfterValidator(_any_address)] | None = None
    """Where others send people to start a login there (OpenID Connect Core §4)."""
    translations: SkipJsonSchema[dict[str, str]] = {}
    """The members that people read, in other languages: `client_name#de` (RFC 7591 §2.2)."""
    application_type: Literal["web", "native"] = "web"
    """`native` clients may use loopback redirect URIs with any port, and private-use schemes (RFC 8252)."""
    redirect_uris: tuple[Uri, ...] = ()
    post_logout_redirect_uris: tuple[Uri, ...] = ()
    """Where people may be sent after they signed out (OpenID Connect RP-Initiated Logout §3.1)."""
    grant_types: tuple[GrantType, ...] = ("authorization_code",)
    response_types: tuple[ResponseType, ...] | None = None
    """By default `code` for clients that use it, else none."""
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    scope: Scope = " ".join(IDENTITY_SCOPES)
    """What the client may ask for, parted by spaces."""
    skip_consent: bool = False
    """A first-party application: people are not asked whether they allow it."""

    @model_validator(mode="before")
    @classmethod
    def _gather_languages(cls, members: Any) -> Any:
        return languages.gather(members) if isinstance(members, dict) else members

    @field_validator("translations")
    @classmethod
    def _translated_like_the_plain(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if len(value) > languages.MAX_TRANSLATIONS:
            raise ValueError(f"members in other languages must be at most {languages.MAX_TRANSLATIONS}")
        for name, text in value.items():
            if not languages.is_tagged(name):
                raise ValueError(f"{name}: must be a member that people read, and a language tag")
            try:
                _TRANSLATED[languages.plain(name)].validate_python(text, context=info.context)
            except ValidationError as error:
                raise ValueError(f"{name}: {error.errors()[0]['msg']}, received {text!r}") from error
        return value

    @model_validator(mode="after")
    def _hold_together(self, info: ValidationInfo) -> Self:
        development = _is_development(info)
        for member in ("redirect_uris", "post_logout_redirect_uris"):
            for uri in getattr(self, member):
                try:
                    redirect_uris.check(uri, application_type=self.application_type, development=development)
                except ValueError as error:
                    raise ValueError(f"{member}: {error}, received {uri!r}") from error
        if "authorization_code" in self.grant_types and not self.redirect_uris:
            raise ValueError("redirect_uris must hold at least one URI for the grant type authorization_code")
        if self.is_public and "client_credentials" in self.grant_types:
            raise ValueError(
                "client_credentials is for clients that authenticate, not for token_endpoint_auth_method none (RFC 6749 §4.4)"
            )
        if self.response_types and "authorization_code" not in self.grant_types:
            raise ValueError(
                "response_types holds 'code', which needs the grant type authorization_code (RFC 7591 §2.1)"
            )
        return self

    @property
    def is_public(self) -> bool:
        """Whether the client can't keep a secret (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"

    def document(self) -> dict[str, Any]:
        """The members that were given or differ from their default, as JSON."""
        return languages.spread(self.model_dump(mode="json", exclude_defaults=True))
