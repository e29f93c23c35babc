"""Every setting: its type, its default and one sentence. The settings page of the documentation is generated from here.

A setting `group.name` is read from the environment variable `OIDC_GROUP_NAME`, or from a file `.env`.
"""

import os
import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "OIDC_"
DEVELOPMENT_ISSUER = "http://localhost:8000"

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(?:\d+[smhd])+")


def _duration(value: Any) -> Any:
    """Read `90`, `15m`, `1h30m` or `7d`; leave the rest to pydantic (a timedelta, ISO 8601)."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if text.isdigit():
        return timedelta(seconds=int(text))
    if not _DURATION.fullmatch(text):
        return value
    parts = re.findall(r"(\d+)([smhd])", text)
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def spell(duration: timedelta) -> str:
    """Write a duration as `_duration` reads it, in its largest whole unit."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _listed(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _network(value: Any) -> Any:
    return ip_network(value, strict=False) if isinstance(value, str) else value


Duration = Annotated[
    timedelta, BeforeValidator(_duration), PlainSerializer(spell, return_type=str), Field(gt=timedelta())
]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network), PlainSerializer(str, return_type=str)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_listed)]


class Group(BaseModel):
    """Settings that belong together; the class's first line is their heading in the documentation."""

    # A variable that we don't know is pointed out, not refused: a platform may have set it for its own ends.
    model_config = ConfigDict(use_attribute_docstrings=True, extra="ignore", frozen=True)


class DatabaseSettings(Group):
    """Where everything is kept."""

    url: SecretStr = SecretStr("sqlite:///oidc.db")
    """`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`; the driver is chosen for you."""
    pool_size: int = Field(default=10, ge=1)
    """Connections that each worker keeps to PostgreSQL; twice as many may be open in a rush."""
    timeout: Duration = timedelta(seconds=5)
    """How long a request waits for a connection, a lock or an answer before it is refused with 503."""


class RedisSettings(Group):
    """What nodes share in memory."""

    url: SecretStr | None = None
    """`redis://HOST:PORT/DB`: throttles count over all workers and nodes; without it each worker counts for itself."""


class KeySettings(Group):
    """What tokens are signed with."""

    dir: Path = Path("keys")
    """The folder of the master key, `master.key`, which only its owner may read."""
    rotate_every: Duration = timedelta(days=90)
    """How long a signing key signs before the next one takes over by itself."""
    announced_for: Duration = timedelta(hours=1)
    """How long a new key stands in the JWKS before it signs; at least as long as `OIDC_KEYS_CACHED_FOR`."""
    cached_for: Duration = timedelta(minutes=10)
    """How long relying parties may keep the JWKS (its `Cache-Control: max-age`)."""


class LifetimeSettings(Group):
    """How long things live."""

    authorization_code: Duration = timedelta(minutes=1)
    """A code from /authorize; long enough for one redirect."""
    access_token: Duration = timedelta(minutes=10)
    """An access token; a resource server that checks it without asking us trusts it this long."""
    id_token: Duration = timedelta(minutes=10)
    """An ID token; it tells of one sign-in and is checked once."""
    device_code: Duration = timedelta(minutes=10)
    """A device code and its user code; long enough to find a browser, sign in and type eight letters."""
    refresh_token: Duration = timedelta(days=90)
    """A grant's refresh tokens, counted from the first one; then the person signs in again."""
    refresh_token_idle: Duration = timedelta(days=30)
    """A refresh token that nobody uses."""
    refresh_retry: Duration = timedelta(seconds=10)
    """How long the previous refresh token, sent again, gets the same successor, for an answer that was lost."""
    session: Duration = timedelta(days=7)
    """A browser session, counted from the sign-in."""
    session_idle: Duration = timedelta(hours=12)
    """A browser session that nobody uses."""
    interaction: Annotated[Duration, Field(le=timedelta(hours=2))] = timedelta(hours=1)
    """An authorization request that waits while a person signs in, at most 2h; later it starts afresh."""


class PasswordSettings(Group):
    """How passwords are kept."""

    scheme: Literal["bcrypt_sha256", "argon2"] = "bcrypt_sha256"
    """The hash of new passwords; others are upgraded to it when their owner signs in."""
    bcrypt_rounds: int = Field(default=12, ge=4, le=31)
    """bcrypt's cost: each step doubles the work. Below 10 only in development."""
    min_length: int = Field(default=8, ge=1, le=128)
    """The fewest characters of a new password."""
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Threads of each worker that hash passwords, so that sign-ins never hold up tokens."""
    queue: int = Field(default=32, ge=1)
    """Sign-ins that may wait for such a thread; the next one is told to come back (503)."""


class ThrottleSettings(Group):
    """How often somebody may guess."""

    user_failures: int = Field(default=10, ge=1)
    """Failed sign-ins for one user name in a window."""
    address_failures: int = Field(default=50, ge=1)
    """Failed sign-ins from one address (IPv6: one /64 network) in a window."""
    device_failures: int = Field(default=10, ge=1)
    """Wrong device codes from one address, or by one person, in a window."""
    window: Duration = timedelta(minutes=5)
    """How long failures are counted, from the first one."""


class HttpSettings(Group):
    """What a caller may send, and for how long."""

    max_body: int = Field(default=65536, ge=1024)
    """The largest request body in bytes; a larger one is refused with 413."""
    header_deadline: Duration = timedelta(seconds=10)
    """How long a connection may take to send a request's head before it is closed."""
    body_deadline: Duration = timedelta(seconds=20)
    """How long a request may take to send its body before it is refused with 408."""
    stop_deadline: Duration = timedelta(seconds=15)
    """How long requests under way may take to finish when the server is told to stop."""


class LogSettings(Group):
    """What is written to the log."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least serious line that is written; no level ever shows a secret."""
    format: Literal["json", "console"] | None = None
    """One JSON object a line, or text for a terminal; by default JSON, and text in development."""


class AuditSettings(Group):
    """What is remembered of what happened."""

    kept_for: Duration = timedelta(days=180)
    """How long an audit event is kept."""
    tokens: bool = True
    """Keep events about tokens in the database too, not only in the log: one row for each token request."""


class MetricsSettings(Group):
    """Who may read /metrics."""

    allow: Networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    """Networks, separated by commas, that may read /metrics and the details of /health."""


class Settings(BaseSettings):
    """The server itself."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_file=".env",
        extra="ignore",
        use_attribute_docstrings=True,
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
    password: PasswordSettings = PasswordSettings()
    throttle: ThrottleSettings = ThrottleSettings()
    http: HttpSettings = HttpSettings()
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
        if self.password.bcrypt_rounds < 10 and not self.development:
            raise ValueError("OIDC_PASSWORD_BCRYPT_ROUNDS below 10 is for development mode only")
        return self

    def require_issuer(self) -> None:
        """Raise ValueError unless the issuer is set; only what serves or writes to people needs one."""
        if not self.issuer:
            raise ValueError(
                "OIDC_ISSUER is missing: set it to this server's public https URL, or use development mode"
            )

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


def groups() -> dict[str, type[Group]]:
    """The settings' groups by name, in the order of the documentation."""
    fields = Settings.model_fields
    return {name: field.annotation for name, field in fields.items() if _is_group(field.annotation)}  # type: ignore[misc]


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Group)


def variables() -> dict[str, Any]:
    """Every environment variable with its pydantic field."""
    found: dict[str, Any] = {}
    known = groups()
    for name, field in Settings.model_fields.items():
        if name not in known:
            found[f"{PREFIX}{name.upper()}"] = field
    for group, model in known.items():
        for name, field in model.model_fields.items():
            found[f"{PREFIX}{group.upper()}_{name.upper()}"] = field
    return found


def unknown_variables(environment: dict[str, str]) -> list[str]:
    """The variables that look like settings and are none: most likely misspelt."""
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in variables())
