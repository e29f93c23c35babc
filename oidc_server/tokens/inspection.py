"""Inspection: whether a token that we signed is still good today."""

from sqlalchemy import ColumnElement, Connection, bindparam, exists, or_, select

from oidc_server.clients.models import ClientRow
from oidc_server.foundation import clock
from oidc_server.tokens.access_token import AccessToken
from oidc_server.tokens.grants import is_standing
from oidc_server.tokens.models import Grant, RevokedToken


def is_untouched() -> ColumnElement[bool]:
    """The condition that the access token with the bound parameter `jti` was not revoked by itself."""
    return ~exists().where(RevokedToken.jti == bindparam("jti"))


_OF_A_PERSON = select(Grant.id).where(Grant.id == bindparam("grant_id"), is_standing(), is_untouched())
_OF_A_CLIENT = select(ClientRow.client_id).where(
    ClientRow.client_id == bindparam("client_id"),
    or_(
        ClientRow.tokens_from.is_(None),
        ClientRow.tokens_from <= bindparam("issued_at", type_=ClientRow.tokens_from.type),
    ),
    is_untouched(),
)


def is_active(connection: Connection, token: AccessToken) -> bool:
    """Whether a token is neither revoked nor without the grant or client it rests on: one query (RFC 7662 §2.2)."""
    if token.grant_id is None:
        of_client = {"client_id": token.client_id, "issued_at": token.issued_at, "jti": token.jti}
        return connection.execute(_OF_A_CLIENT, of_client).first() is not None
    values = {"grant_id": token.grant_id, "jti": token.jti, "now": clock.now()}
    return connection.execute(_OF_A_PERSON, values).first() is not None
