"""The server's own client, for apps that use the first-party API: public, trusted, and without a browser."""

from sqlalchemy.orm import Session

from oidc_server.clients.metadata import ACCOUNT_SCOPE, ClientMetadata
from oidc_server.clients.models import ClientRow
from oidc_server.foundation import changes, clock
from oidc_server.foundation.statements import insert_if_absent

CLIENT_ID = "account-app"


def make_if_missing(session: Session) -> bool:
    """Register it, unless it is there: an operator may have changed or disabled it; whether it was made."""
    metadata = ClientMetadata(
        client_name="Account app",
        token_endpoint_auth_method="none",
        grant_types=("password", "refresh_token"),
        scope=f"openid profile email address phone offline_access {ACCOUNT_SCOPE}",
        skip_consent=True,
    )
    now = clock.now()
    values = {"client_id": CLIENT_ID, "registration": metadata.document(), "created_at": now, "updated_at": now}
    is_new = insert_if_absent(session, ClientRow, values)
    changes.announce(session)
    return is_new
