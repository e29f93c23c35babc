"""What operators say of an upstream: which kind it is, where it is, and how far it is believed."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationInfo, field_validator, model_validator

from oidc_server.clients.kinds import AnyAddress, Scope

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")

#: The standard claims that an upstream may fill (OpenID Connect Core §5.1).
CLAIMS = (
    "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
    "gender", "birthdate", "zoneinfo", "locale", "email", "email_verified", "address", "phone_number",
)  # fmt: skip

_ATTRIBUTES = {
    "preferred_username": "uid", "name": "displayName", "given_name": "givenName", "family_name": "sn", "email": "mail",
    "phone_number": "telephoneNumber",
}  # fmt: skip

Text = Annotated[str, Field(min_length=1, max_length=255)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
ClientAuth = Literal["client_secret_basic", "client_secret_post", "none"]


class _Upstream(BaseModel):
    """What every kind has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: Slug
    """Its name in addresses: it stays what it is, for people's accounts are linked to it."""
    name: Annotated[str, Field(min_length=1, max_length=60)]
    """Its name on the button: `Continue with NAME`."""
    just_in_time: bool = False
    """Whoever signs in there for the first time gets an account here."""
    email_matching: Literal["never", "verified"] = "never"
    """Whether a first sign-in may lead to an account that has the same e-mail address, verified there and here."""
    trusted_for_email: bool = False
    """What it says of e-mail addresses is believed."""
    email_domains: tuple[str, ...] = ()
    """Only people with a verified address in one of these domains may come."""
    refresh_claims: bool = False
    """What it tells of a person replaces what is known of them, at each sign-in."""
    claims: dict[str, Text] = {}
    """Which of its claims fills which of ours: `{ours: its}`."""

    @field_validator("email_domains")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for domain in value:
            if not _DOMAIN.fullmatch(domain):
                raise ValueError(f"expected a domain in lower case such as example.com, received {domain!r}")
        return value

    @field_validator("claims")
    @classmethod
    def _are_ours(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(value) - set(CLAIMS)):
            raise ValueError(f"{unknown[0]!r} is no claim that an upstream may fill")
        return value

    @model_validator(mode="after")
    def _matching_needs_trust(self) -> Self:
        if self.email_matching == "verified" and not self.trusted_for_email:
            raise ValueError("email_matching: verified needs trusted_for_email: true")
        return self

    def document(self) -> dict[str, Any]:
        """What is kept of it besides its slug."""
        return {"kind": self.kind, **self.model_dump(mode="json", exclude={"slug", "kind"}, exclude_defaults=True)}  # type: ignore[attr-defined]  # each kind has one


class _Web(_Upstream):
    """What those have to which a person's browser is sent."""

    client_id: Text
    token_endpoint_auth_method: ClientAuth = "client_secret_basic"

    @property
    def is_page(self) -> bool:
        """Whether it has a button on the login page."""
        return True


class OidcUpstream(_Web):
    """An OpenID provider, found by discovery."""

    kind: Literal["oidc"]
    issuer: AnyAddress
    scopes: tuple[Scope, ...] = ("openid", "profile", "email")
    hosted_domains: tuple[str, ...] = ()
    """Only people whose ID token has one of these in its claim `hd` may come (Google Workspace)."""
    trust_amr: bool = False
    """What it says of how it knew a person (`amr`) is told on."""
    asks_anew: bool = False
    """It is believed to ask people anew who they are whenever it is sent `prompt=login`, though it says no `auth_time`."""

    @field_validator("scopes")
    @classmethod
    def _has_openid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value:
            raise ValueError("scopes must hold openid")
        return value


class OAuth2Upstream(_Web):
    """An OAuth server without OpenID Connect, with an API that tells who somebody is."""

    kind: Literal["oauth2"]
    authorization_endpoint: AnyAddress
    token_endpoint: AnyAddress
    userinfo_endpoint: AnyAddress
    emails_endpoint: AnyAddress | None = None
    """Where a person's addresses are listed, as GitHub does it: the primary one is taken."""
    scopes: tuple[Scope, ...] = ()
    subject_claim: Text = "id"
    """What never changes of a person in its answer, and never goes to another."""


class LdapUpstream(_Upstream):
    """An LDAP server or Active Directory: its people type their password into our own login page."""

    kind: Literal["ldap"]
    url: Annotated[str, Field(pattern=r"^ldaps?://[A-Za-z0-9.\[\]:-]+$", max_length=500)]
    start_tls: bool = False
    """Encrypt a connection to `ldap://` before anything is said (RFC 4513 §3)."""
    base_dn: Text
    """Where people are."""
    search_filter: Annotated[str, Field(min_length=1, max_length=1000)] = (
        "(&(objectClass=person)(|(uid={login})(mail={login})))"
    )
    """Which of them one is; `{login}` is what was typed."""
    bind_dn: Text | None = None
    """As whom we look for them; nobody in particular without it."""
    subject_attribute: Text = "entryUUID"
    """What never changes of a person and never goes to another; `objectGUID` in Active Directory."""

    @property
    def is_page(self) -> bool:
        """Whether it has a button on the login page."""
        return False

    @property
    def attributes(self) -> dict[str, str]:
        """Which of its attributes fills which of our claims."""
        return {**_ATTRIBUTES, **self.claims}

    @field_validator("search_filter")
    @classmethod
    def _asks_for_the_login(cls, value: str) -> str:
        if "{login}" not in value:
            raise ValueError("search_filter must hold {login}")
        return value

    @model_validator(mode="after")
    def _is_encrypted(self, info: ValidationInfo) -> Self:
        if self.url.startswith("ldaps://") and self.start_tls:
            raise ValueError("start_tls is for ldap://, ldaps:// is encrypted already")
        if self.url.startswith("ldap://") and not self.start_tls and not (info.context or {}).get("development"):
            raise ValueError("an ldap:// url needs start_tls: true, or passwords could be read on the way")
        return self


Upstream = OidcUpstream | OAuth2Upstream | LdapUpstream
WebUpstream = OidcUpstream | OAuth2Upstream

_ADAPTER: TypeAdapter[Upstream] = TypeAdapter(Annotated[Upstream, Field(discriminator="kind")])


def read(slug: str, document: dict[str, Any]) -> Upstream:
    """An upstream as its row describes it; it was checked when it was written."""
    return _ADAPTER.validate_python({"slug": slug, **document}, context={"development": True})
