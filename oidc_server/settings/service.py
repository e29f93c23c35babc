"""Settings of a web service, whatever it serves."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from oidc_server.settings.kinds import Duration, Group, Hosts, Networks


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

    @field_validator("url")
    @classmethod
    def _is_known(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.hostname or parts.path):
                raise ValueError("expected redis://HOST:PORT/DB, or rediss:// for TLS")
        return value


class HttpSettings(Group):
    """What a caller may send, and for how long."""

    max_body: int = Field(default=65536, ge=1024)
    """The largest request body in bytes; a larger one is refused with 413."""
    header_deadline: Duration = timedelta(seconds=10)
    """How long a connection may take to send a request's head before it is closed."""
    body_deadline: Duration = timedelta(seconds=20)
    """How long a request may take to send its body before it is refused with 408."""
    stop_deadline: Duration = timedelta(seconds=7)
    """How long requests under way may take to finish when the server is told to stop. Docker kills it after 10 seconds."""


class OutboundSettings(Group):
    """What this server calls itself: addresses that clients registered."""

    allow: Hosts = ()
    """Hosts or networks, separated by commas, that may be called though their addresses are not public."""
    ca_file: Path | None = None
    """Certificate authorities (PEM) that are trusted besides the system's."""
    timeout: Duration = timedelta(seconds=5)
    """How long a call may take, from the look-up of the name to the last byte."""
    max_bytes: int = Field(default=65536, ge=1024)
    """The largest answer in bytes."""


class MtlsSettings(Group):
    """How clients authenticate with certificates (mutual TLS, RFC 8705)."""

    ca_file: Path | None = None
    """Certificate authorities (PEM) that issue certificates to clients which come to this server's own TLS, at
    `serve --mtls-port`: for `tls_client_auth`. Each certificate by one of them is as good as the name in it."""
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")] | None = None
    """The header in which a trusted proxy tells a client's certificate, such as `Client-Cert` (RFC 9440) or one with
    URL-encoded PEM. The proxy must take this header away from what clients send."""
    verified: bool = False
    """The proxy passes on only certificates that an authority you trust has issued. Without that, its word is not enough for
    `tls_client_auth`: anybody can write any name into a certificate of their own."""
    url: str | None = None
    """The https URL under which clients are asked for certificates, by that proxy or at `serve --mtls-port`, if it is another
    one than the issuer (`mtls_endpoint_aliases`, RFC 8705 §5)."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The client authentication methods that rest on certificates, as far as they are accepted."""
        by_name = self.ca_file is not None or (self.header is not None and self.verified)
        # Our own TLS ends a handshake with a certificate that no authority has issued.
        by_key = self.header is not None
        methods = {"self_signed_tls_client_auth": by_key, "tls_client_auth": by_name}
        return tuple(method for method, is_accepted in methods.items() if is_accepted)


class LogSettings(Group):
    """What is written to the log."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least serious line that is written; no level ever shows a secret."""
    format: Literal["json", "console"] | None = None
    """One JSON object a line, or text for a terminal; by default JSON, and text in development."""
    pseudonyms: bool = False
    """Write pseudonyms in place of network addresses and e-mail addresses: the same one for the same address."""


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
