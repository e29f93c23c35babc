"""Every table, for Alembic and the tests; importing this module registers them all."""

from oidc_server.accounts import models as accounts
from oidc_server.audit import models as audit
from oidc_server.clients import models as clients
from oidc_server.consents import models as consents
from oidc_server.federation import models as federation
from oidc_server.foundation import changes
from oidc_server.foundation.database import Base
from oidc_server.foundation.mail import models as mail
from oidc_server.keys import models as keys
from oidc_server.logouts import models as logouts
from oidc_server.projects import models as projects
from oidc_server.sessions import models as sessions
from oidc_server.tokens import models as tokens

__all__ = [
    "METADATA",
    "REVISIONS",
    "accounts",
    "audit",
    "changes",
    "clients",
    "consents",
    "federation",
    "keys",
    "logouts",
    "mail",
    "projects",
    "sessions",
    "tokens",
]

METADATA = Base.metadata

#: The schema's revisions, oldest first; the last one is what this release needs. A newer one is fine: migrations only expand.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0007", "0008", "0009", "0010", "0011", "0012", "0013", "0014")
