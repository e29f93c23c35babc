"""All settings together, and what they must not contradict."""

import os
import re
from typing import Any
from urllib.parse import urlsplit

from pydantic import model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from oidc_server.settings.accounts import (
    FactorSettings,
    LdapSettings,
    LinkSettings,
    PasswordSettings,
    PictureSettings,
    PrivacySettings,
    ProjectSettings,
    SignUpSettings,
    ThrottleSettings,
)
from oidc_server.settings.kinds import Group, Networks
from oidc_server.settings.mail import SmtpSettings
from oidc_server.settings.pages import BrandingSettings, PagesSettings
from oidc_server.settings.protocol import KeySettings, LifetimeSettings, ProtocolSettings, RegistrationSettings
from oidc_server.settings.service import (
    AuditSettings,
    DatabaseSettings,
    HttpSettings,
    LogSettings,
    MetricsSettings,
    MtlsSettings,
    OutboundSettings,
    RedisSettings,
)

PREFIX = "OIDC_"
DEVELOPMENT_ISSUER = "http://localhost:8000"


class Settings(BaseSettings):
    """The server itself."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_file=".env",
        extra="ignore",
        frozen=True,
    )

    issuer: str = ""
    """The issuer identifier: this server's public https URL, without a slash at its end. Never taken from a request."""
    development: bool = False
    """Development mode: http, sample secrets, the playground, /docs and explanations on error pages. Never in production."""
    trusted_proxies: Networks = ()
    """Networks, separated by commas, of the proxies whose `X-Forwarded-For` is believed."""

    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    keys: KeySettings = KeySettings()
    lifetime: LifetimeSettings = LifetimeSettings()
    protocol: ProtocolSettings = ProtocolSettings()
    password: PasswordSettings = PasswordSettings()
    sign_up: SignUpSettings = SignUpSettings()
    links: LinkSettings = LinkSettings()
    privacy: PrivacySettings = PrivacySettings()
    projects: ProjectSettings = ProjectSettings()
    pictures: PictureSettings = PictureSettings()
    ldap: LdapSettings = LdapSettings()
    throttle: ThrottleSettings = ThrottleSettings()
    factors: FactorSettings = FactorSettings()
    registration: RegistrationSettings = RegistrationSettings()
    pages: PagesSettings = PagesSettings()
    branding: BrandingSettings = BrandingSettings()
    smtp: SmtpSettings = SmtpSettings()
    http: HttpSettings = HttpSettings()
    outbound: OutboundSettings = OutboundSettings()
    mtls: MtlsSettings = MtlsSettings()
    log: LogSettings = LogSettings()
    audit: AuditSettings = AuditSettings()
    metrics: MetricsSettings = MetricsSettings()

    @model_validator(mode="before")
    @classmethod
    def _development_has_an_issuer(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("issuer") and _is_true(values.get("development")):
            return {**values, "issuer": DEVELOPMENT_ISSUER}
        return values

    @model_validator(mode="after")
    def _hold_together(self) -> "Settings":
        if self.issuer:
            _check_issuer(self.issuer, self.development)
        if self.keys.announced_for < self.keys.cached_for:
            raise ValueError(
                "OIDC_KEYS_ANNOUNCED_FOR must be at least OIDC_KEYS_CACHED_FOR, or tokens meet a JWKS without their key"
            )
        _check_mtls(self.mtls, self.trusted_proxies)
        if self.password.bcrypt_rounds < 10 and not self.development:
            raise ValueError("OIDC_PASSWORD_BCRYPT_ROUNDS below 10 is for development mode only")
        if self.smtp.url is not None and self.smtp.sender is None:
            raise ValueError("OIDC_SMTP_FROM is missing: whom the mails sent through OIDC_SMTP_URL come from")
        if self.sign_up_mode != "off" and not self.can_mail:
            raise ValueError("OIDC_SIGN_UP_MODE needs OIDC_SMTP_URL: without mail nobody can confirm an address")
        return self

    def require_issuer(self) -> None:
        """Raise ValueError unless the issuer is set; only what serves or writes to people needs one."""
        if not self.issuer:
            raise ValueError(
                "OIDC_ISSUER is missing: set it to this server's public https URL, or use development mode"
            )

    @property
    def can_mail(self) -> bool:
        """Whether people can be written to: through SMTP, or in development into the mailbox at /dev/mailbox."""
        return self.smtp.url is not None or self.development

    @property
    def needs_verified_email(self) -> bool:
        """Whether whoever signed up must confirm their address before they can sign in."""
        chosen = self.sign_up.require_verified_email
        return not self.development if chosen is None else chosen

    @property
    def sign_up_mode(self) -> str:
        """Who may sign up: `off`, `invitation` or `open`."""
        return self.sign_up.mode or ("open" if self.development else "off")

    @property
    def is_https(self) -> bool:
        """Whether people reach this server over https."""
        return self.issuer.startswith("https://")

    @property
    def origin(self) -> str:
        """The issuer's scheme, host and port, as browsers write them."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def base_path(self) -> str:
        """The issuer's path, empty or starting with a slash; every cookie and link stands below it."""
        return urlsplit(self.issuer).path


def _is_true(value: Any) -> bool:
    return str(value).strip().lower() in {"1", "true", "yes", "on", "t", "y"}


def _check_issuer(issuer: str, development: bool) -> None:
    parts = urlsplit(issuer)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.username is not None:
        raise ValueError(f"OIDC_ISSUER must be an https URL, received {issuer!r}")
    if parts.query or parts.fragment or issuer.endswith(("/", "?", "#")):
        raise ValueError(f"OIDC_ISSUER must have no query, no fragment and no slash at its end, received {issuer!r}")
    if parts.scheme == "http" and not development:
        raise ValueError(f"OIDC_ISSUER must use https outside development mode, received {issuer!r}")


def _check_mtls(mtls: MtlsSettings, trusted_proxies: Networks) -> None:
    if mtls.header is not None and not trusted_proxies:
        raise ValueError("OIDC_MTLS_HEADER needs OIDC_TRUSTED_PROXIES: only a trusted proxy's word counts")
    if mtls.ca_file is not None and mtls.url is None:
        raise ValueError(
            "OIDC_MTLS_CA_FILE needs OIDC_MTLS_URL: where clients find the port that asks for certificates"
        )
    if mtls.url is not None and not re.fullmatch(r"https://[^\s/?#@]+(/[^\s?#]*[^\s?#/])?", mtls.url):
        raise ValueError("OIDC_MTLS_URL must be an https URL without a query, a fragment or a slash at its end")


def groups() -> dict[str, type[Group]]:
    """The settings' groups by name, in the order of the documentation."""
    fields = Settings.model_fields
    return {name: field.annotation for name, field in fields.items() if _is_group(field.annotation)}  # type: ignore[misc]  # what is a group is a class


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Group)


def variables() -> dict[str, tuple[str, str]]:
    """Every environment variable with the group and the name of its setting; the group of the server's own is ""."""
    known = groups()
    found = {f"{PREFIX}{name.upper()}": ("", name) for name in Settings.model_fields if name not in known}
    for group, model in known.items():
        for name, field in model.model_fields.items():
            found[f"{PREFIX}{group.upper()}_{(field.alias or name).upper()}"] = group, name
    return found


def unknown_variables() -> list[str]:
    """The variables, of the environment and of the file, that look like settings and are none: most likely misspelt."""
    given = {*os.environ, *map(str.upper, DotEnvSettingsSource(Settings).env_vars)}
    return sorted(name for name in given if name.startswith(PREFIX) and name not in variables())
