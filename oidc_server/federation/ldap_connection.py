"""A connection to an LDAP server: the one door to ldap3, which is loaded when somebody first comes by such a server."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import ceil
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPStartTLSError
from ldap3.utils.conv import escape_filter_chars

from oidc_server.federation.definition import LdapUpstream


class _Tls(ldap3.Tls):
    """Python's own check of the certificate and of the name that it must prove, in place of ldap3's."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._trust = trust

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Encrypt a connection before anything more is said on it."""
        connection.socket = self._trust.wrap_socket(connection.socket, server_hostname=connection.server.host)


def search_filter(about: LdapUpstream, login: str) -> str:
    """The filter that finds who has this login, whatever characters it holds (RFC 4515 §3)."""
    return about.search_filter.replace("{login}", str(escape_filter_chars(login)))


@contextmanager
def opened(
    about: LdapUpstream, dn: str | None, password: str | None, *, trust: ssl.SSLContext, seconds: float
) -> Iterator[Any]:
    """A connection, encrypted unless an operator in development says otherwise, on which nothing was sent yet."""
    server = ldap3.Server(about.url, tls=_Tls(trust), connect_timeout=seconds, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server,
        user=dn,
        password=password,
        authentication=ldap3.SIMPLE if dn else ldap3.ANONYMOUS,
        read_only=True,
        auto_referrals=False,
        check_names=False,
        receive_timeout=ceil(seconds),
    )
    try:
        connection.open()
        if about.start_tls and not connection.start_tls():
            raise LDAPStartTLSError("StartTLS was refused")
        yield connection
    finally:
        _close(connection)


def _close(connection: Any) -> None:
    """Say goodbye, and close the socket also where nobody listens to that any more."""
    connected = connection.socket
    with suppress(LDAPException, OSError):
        connection.unbind()
    if connected is not None:
        connected.close()
