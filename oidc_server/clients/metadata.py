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

from oidc_server.clients import certificates, jwk_sets, languages, logout_uris, redirect_uris
from oidc_server.clients.branding import KeptBranding
from oidc_server.clients.kinds import AnyAddress, Line, Name, PublicAddress, Scope, Uri, is_development

IDENTITY_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")
#: Lets an app see to its person's account through our own API; no client has it unless it is registered for it.
ACCOUNT_SCOPE = "account"
#: Tells which roles and groups a person has, here and in access tokens (RFC 9068 §2.2.3.1).
ROLES_SCOPE = "roles"
#: Every scope that is this server's own.
OWN_SCOPES = (*IDENTITY_SCOPES, ROLES_SCOPE, ACCOUNT_SCOPE)

GrantType = Literal[
    "authorization_code",
    "implicit",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
]
SigningAlgorithm = Literal["RS256", "PS256", "ES256", "EdDSA"]
#: What clients may sign with (RFC 7518 §3.1, RFC 8037 §3.1).
ClientAlgorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"
]
#: How what we send is encrypted to a client's key (RFC 7518 §4, §5); RSA1_5 is not among them (RFC 8725 §3.2).
KeyManagement = Literal["RSA-OAEP-256", "RSA-OAEP", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]
ContentEncryption = Literal["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"]
#: Where a client registered only how its key is used (OpenID Connect Registration §2).
DEFAULT_ENCRYPTION: ContentEncryption = "A128CBC-HS256"
RequestAlgorithm = Literal[
    "none", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "HS256", "HS384", "HS512",
]  # fmt: skip
#: Each with the grant types that it needs (RFC 7591 §2.1, OpenID Connect Registration §2); words in the order of the alphabet.
RESPONSE_TYPES: dict[str, tuple[GrantType, ...]] = {
    "code": ("authorization_code",),
    "id_token": ("implicit",),
    "id_token token": ("implicit",),
    "code id_token": ("authorization_code", "implicit"),
    "code token": ("authorization_code", "implicit"),
    "code id_token token": ("authorization_code", "implicit"),
}
AuthMethod = Literal[
    "none",
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
]


def _response_type(value: str) -> str:
    """A response type with its words in order: they are a set (OAuth 2.0 Multiple Response Types §3)."""
    ordered = response_type(value)
    if ordered not in RESPONSE_TYPES:
        raise ValueError(f"received {value!r}, expected one of: {', '.join(RESPONSE_TYPES)}")
    return ordered


def response_type(text: str) -> str:
    """A response type as we write it, whichever way round it was sent."""
    return " ".join(sorted(text.split(" ")))


ResponseType = Annotated[str, AfterValidator(_response_type)]

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
    initiate_login_uri: AnyAddress | None = None
    """Where others send people to start a login there (OpenID Connect Core §4)."""
    translations: SkipJsonSchema[dict[str, str]] = {}
    """The members that people read, in other languages: `client_name#de` (RFC 7591 §2.2)."""
    application_type: Literal["web", "native"] = "web"
    """`native` clients may use loopback redirect URIs with any port, and private-use schemes (RFC 8252)."""
    redirect_uris: tuple[Uri, ...] = ()
    post_logout_redirect_uris: tuple[Uri, ...] = ()
    """Where people may be sent after they signed out (OpenID Connect RP-Initiated Logout §3.1)."""
    backchannel_logout_uri: Uri | None = None
    """Where logout tokens are sent when a session ends (OpenID Connect Back-Channel Logout §2.2)."""
    backchannel_logout_session_required: bool = False
    """Whether they must hold `sid`; ours always do."""
    frontchannel_logout_uri: Uri | None = None
    """A page that signs people out of the client, shown in a hidden frame (OpenID Connect Front-Channel Logout §2)."""
    frontchannel_logout_session_required: bool = False
    """Whether that page is told `iss` and `sid`."""
    grant_types: tuple[GrantType, ...] = ("authorization_code",)
    response_types: tuple[ResponseType, ...] | None = None
    """By default `code` for clients that use it, else none; whoever registers others is served them."""
    require_pkce: bool | None = None
    """Whether /authorize demands PKCE; by default as `OIDC_PROTOCOL_REQUIRE_PKCE` says. Public clients always need it."""
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    token_endpoint_auth_signing_alg: ClientAlgorithm | None = None
    """What the client signs its assertions with; by default anything that fits its method."""
    tls_client_auth_subject_dn: Line | None = None
    """tls_client_auth: the subject of the client's certificate, as RFC 4514 writes it; or one of the following names."""
    tls_client_auth_san_dns: Line | None = None
    tls_client_auth_san_uri: Line | None = None
    tls_client_auth_san_ip: Line | None = None
    tls_client_auth_san_email: Line | None = None
    jwks: dict[str, Any] | None = None
    """The client's public keys, by value (RFC 7517 §5)."""
    jwks_uri: AnyAddress | None = None
    """Where the client publishes its keys; it may rotate them there."""
    scope: Scope = " ".join(IDENTITY_SCOPES)
    """What the client may ask for, parted by spaces."""
    default_max_age: Annotated[int, Field(ge=0, le=10**9)] | None = None
    """The `max_age`, in seconds, of requests that name none."""
    require_auth_time: bool = False
    """ID tokens hold `auth_time`; ours always do."""
    default_acr_values: tuple[Name, ...] = ()
    """The `acr_values` of requests that name none."""
    id_token_signed_response_alg: SigningAlgorithm = "RS256"
    userinfo_signed_response_alg: SigningAlgorithm | None = None
    """Userinfo comes as a signed JWT; by default as JSON."""
    id_token_encrypted_response_alg: KeyManagement | None = None
    """ID tokens are encrypted to the client's key; by default they are only signed."""
    id_token_encrypted_response_enc: ContentEncryption | None = None
    """By default A128CBC-HS256."""
    userinfo_encrypted_response_alg: KeyManagement | None = None
    userinfo_encrypted_response_enc: ContentEncryption | None = None
    introspection_signed_response_alg: SigningAlgorithm = "RS256"
    """For answers that it asks for as a JWT (RFC 9701)."""
    request_object_signing_alg: RequestAlgorithm | None = None
    """What the client signs its request objects with; by default any of its keys. `none` only if it is registered."""
    request_object_encryption_alg: Literal["RSA-OAEP-256", "ECDH-ES"] | None = None
    """How the client encrypts its request objects to us; by default in any way that we offer, or not at all."""
    request_object_encryption_enc: Literal["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"] | None = None
    request_uris: tuple[AnyAddress, ...] = ()
    """Where its request objects may be fetched."""
    subject_type: Literal["public", "pairwise"] = "public"
    """`pairwise`: the client knows a person by another `sub` than clients of other sectors (OpenID Connect Core §8.1)."""
    sector_identifier_uri: AnyAddress | None = None
    """Its host is the sector, where the redirect URIs have several hosts."""
    skip_consent: bool = False
    """A first-party application: people are not asked whether they allow it."""
    branding: KeptBranding | None = None
    """What the pages look like that people see on their way to it."""

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
        development = is_development(info)
        for member in ("redirect_uris", "post_logout_redirect_uris"):
            for uri in getattr(self, member):
                try:
                    redirect_uris.check(uri, application_type=self.application_type, development=development)
                except ValueError as error:
                    raise ValueError(f"{member}: {error}, received {uri!r}") from error
        self._check_logout_uris(development)
        for grant_type in ("authorization_code", "implicit"):
            if grant_type in self.grant_types and not self.redirect_uris:
                raise ValueError(f"redirect_uris must hold at least one URI for the grant type {grant_type}")
        return self

    @model_validator(mode="after")
    def _grant_types_fit(self) -> Self:
        if self.is_public and "client_credentials" in self.grant_types:
            raise ValueError(
                "client_credentials is for clients that authenticate, not for token_endpoint_auth_method none (RFC 6749 §4.4)"
            )
        for one in self.response_types or ():
            if missing := [grant_type for grant_type in RESPONSE_TYPES[one] if grant_type not in self.grant_types]:
                raise ValueError(
                    f"response_types holds {one!r}, which needs the grant type {missing[0]} (RFC 7591 §2.1)"
                )
        if "implicit" in self.grant_types and not any("token" in one for one in self.response_types or ()):
            raise ValueError(
                "grant_types holds implicit, which needs one of its response_types, such as id_token (RFC 7591 §2.1)"
            )
        if self.is_public and self.require_pkce is False:
            raise ValueError("require_pkce can't be false with token_endpoint_auth_method none (RFC 9700 §2.1.1)")
        return self

    @model_validator(mode="after")
    def _has_keys_to_sign_with(self) -> Self:
        if self.jwks is not None and self.jwks_uri is not None:
            raise ValueError("give jwks or jwks_uri, not both (RFC 7591 §2)")
        if self.jwks is not None:
            try:
                jwk_sets.read(self.jwks)
            except ValueError as error:
                raise ValueError(f"jwks {error}") from error
        method, algorithm = self.token_endpoint_auth_method, self.token_endpoint_auth_signing_alg
        if method in ("private_key_jwt", "self_signed_tls_client_auth") and not self.has_keys:
            raise ValueError(f"token_endpoint_auth_method {method} needs jwks or jwks_uri")
        if algorithm is not None and algorithm.startswith("HS") != (method == "client_secret_jwt"):
            raise ValueError(
                f"token_endpoint_auth_signing_alg {algorithm} doesn't fit token_endpoint_auth_method {method}"
            )
        return self

    @model_validator(mode="after")
    def _has_one_certificate(self) -> Self:
        named = {name: value for name in certificates.MEMBERS if (value := getattr(self, name)) is not None}
        if (len(named) == 1) != (self.token_endpoint_auth_method == "tls_client_auth"):
            raise ValueError(
                "token_endpoint_auth_method tls_client_auth needs exactly one of"
                f" {', '.join(certificates.MEMBERS)}, which no other method has (RFC 8705 §2.1.2)"
            )
        for name, value in named.items():
            try:
                certificates.check(name, value)
            except ValueError as error:
                raise ValueError(f"{name}: {error}, received {value!r}") from error
        return self

    @model_validator(mode="after")
    def _has_keys_to_encrypt_to(self) -> Self:
        for what in ("id_token", "userinfo"):
            algorithm = getattr(self, f"{what}_encrypted_response_alg")
            if algorithm is not None and not self.has_keys:
                raise ValueError(f"{what}_encrypted_response_alg needs jwks or jwks_uri")
            if algorithm is None and getattr(self, f"{what}_encrypted_response_enc") is not None:
                raise ValueError(f"{what}_encrypted_response_enc needs {what}_encrypted_response_alg")
        if self.request_object_encryption_enc and not self.request_object_encryption_alg:
            raise ValueError("request_object_encryption_enc needs request_object_encryption_alg")
        return self

    @model_validator(mode="after")
    def _has_one_sector(self) -> Self:
        if self.subject_type == "pairwise" and self.sector is None:
            raise ValueError(
                "subject_type pairwise needs redirect_uris on one host, or a sector_identifier_uri (OpenID Connect Core §8.1)"
            )
        return self

    @property
    def sector(self) -> str | None:
        """The host that stands for all its redirect URIs; None if they have several, or none (OpenID Connect Core §8.1)."""
        uris = (self.sector_identifier_uri,) if self.sector_identifier_uri else self.redirect_uris
        hosts = {urlsplit(uri).hostname or "" for uri in uris}
        return hosts.pop() or None if len(hosts) == 1 else None

    @property
    def allowed_response_types(self) -> tuple[str, ...]:
        """The response types that it may ask for."""
        if self.response_types is not None:
            return self.response_types
        return ("code",) if "authorization_code" in self.grant_types else ()

    @property
    def has_keys(self) -> bool:
        """Whether it has registered public keys."""
        return self.jwks is not None or self.jwks_uri is not None

    @property
    def has_secret(self) -> bool:
        """Whether it authenticates with a secret."""
        return self.token_endpoint_auth_method.startswith("client_secret")

    @property
    def signs_with_secret(self) -> bool:
        """Whether we must be able to read its secret, to verify what it signed."""
        algorithm = self.request_object_signing_alg or ""
        return self.token_endpoint_auth_method == "client_secret_jwt" or algorithm.startswith("HS")

    def _check_logout_uris(self, development: bool) -> None:
        for member in ("backchannel_logout_uri", "frontchannel_logout_uri"):
            uri = getattr(self, member)
            if uri is None:
                continue
            try:
                logout_uris.check(uri, development=development)
                if member == "frontchannel_logout_uri":
                    logout_uris.check_origin(uri, self.redirect_uris)
            except ValueError as error:
                raise ValueError(f"{member}: {error}, received {uri!r}") from error

    @property
    def is_public(self) -> bool:
        """Whether the client can't keep a secret (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"

    def document(self) -> dict[str, Any]:
        """The members that were given or differ from their default, as JSON."""
        return languages.spread(self.model_dump(mode="json", exclude_defaults=True))
