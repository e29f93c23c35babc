"""A calm world to take pictures of: Ada Lovelace, her colleague Grace, and the apps that they use."""

from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import Passkey
from oidc_server.consents import memory
from oidc_server.foundation import clock
from oidc_server.house import opened
from oidc_server.settings.model import Settings
from tests import factories
from tests.accounts.deeds import in_transaction
from tests.accounts.factor_deeds import give_authenticator, give_recovery_codes

ADA, GRACE = "ada@example.com", "grace@example.com"
PASSWORD = "engines weave algebra"


async def furnish(settings: Settings) -> list[str]:
    """Make all of it; Ada's recovery codes."""
    people = [
        factories.user("ada", email=ADA, password=PASSWORD, name="Ada Lovelace", given_name="Ada"),
        factories.user("grace", email=GRACE, password=PASSWORD, name="Grace Hopper", given_name="Grace"),
    ]
    apps = [
        factories.client("notes", client_name="Notes", scope="openid profile email offline_access"),
        factories.client("calendar", client_name="Calendar"),
        factories.client("photos", client_name="Photos"),
        factories.public_client(
            "television",
            client_name="Television",
            grant_types=[factories.DEVICE_CODE, "refresh_token"],
            redirect_uris=[],
            post_logout_redirect_uris=[],
        ),
    ]
    async with opened(settings) as house:
        await house.database.run(factories.furnish, house, factories.World(clients=apps, users=people))
        await in_transaction(house, _settle_in)
        await give_authenticator(house, "ada")
        return await give_recovery_codes(house, "ada")


def _settle_in(session: Session) -> None:
    """Ada has allowed two apps to see her profile, and has a passkey."""
    ada = directory.find(session, "ada")
    assert ada is not None
    memory.give(session, ada.id, "calendar", {"openid", "profile"})
    memory.give(session, ada.id, "photos", {"openid", "profile", "email"})
    session.add(
        Passkey(
            user_id=ada.id,
            user_handle="a-handle",
            credential_id="a-credential",
            public_key=b"",
            sign_count=0,
            transports=["internal"],
            is_synced=True,
            name="My laptop",
            created_at=clock.now(),
        )
    )
