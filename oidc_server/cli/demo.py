"""What a development server has from the start: a playground client, a demo client, a demo API and a demo user."""

from oidc_server.accounts import directory
from oidc_server.cli import apply
from oidc_server.cli.documents import Document
from oidc_server.clients import client_secrets
from oidc_server.house import House
from oidc_server.playground import page as playground

USERNAME = "demo"
PASSWORD = "demo-password"
CLIENT_ID = "demo-client"
DEVICE_CLIENT_ID = "demo-device"
CLIENT_SECRET = client_secrets.SAMPLES[0]
API = "https://api.example.com"

_SCOPE = "openid profile email address phone offline_access orders.read orders.write"


def furnish(house: House) -> None:
    """Make what is missing; call it inside `Database.run`."""
    issuer = house.settings.issuer
    document = {"clients": _clients(issuer), "resources": [_api()], "users": []}
    with house.database.transaction() as session:
        directory.mark_development(session)
    with house.database.autocommit() as connection:
        if directory.find(connection, USERNAME) is None:
            document["users"] = [_user()]
    apply.write(house, Document.model_validate(document, context={"development": True}))


def _clients(issuer: str) -> list[dict[str, object]]:
    return [
        {
            "client_id": playground.CLIENT_ID,
            "client_name": "Playground",
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [issuer + playground.PATH],
            "post_logout_redirect_uris": [issuer + playground.PATH],
            "scope": _SCOPE,
        },
        {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "client_name": "Demo App",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials", "password"],
            "redirect_uris": ["http://localhost:3000/callback"],
            "post_logout_redirect_uris": ["http://localhost:3000/"],
            "scope": _SCOPE,
        },
        {
            "client_id": "demo-spa",
            "client_name": "Demo App in the browser",
            "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://localhost:3002/"],
            "post_logout_redirect_uris": ["http://localhost:3002/"],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": _SCOPE,
        },
        {
            "client_id": DEVICE_CLIENT_ID,
            "client_name": "Demo Device",
            "token_endpoint_auth_method": "none",
            "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
            "scope": _SCOPE,
        },
    ]


def _api() -> dict[str, object]:
    return {
        "resource": API,
        "scopes": {"orders.read": "See your orders", "orders.write": "Place orders for you"},
        "client_id": CLIENT_ID,
    }


def _user() -> dict[str, object]:
    return {
        "username": USERNAME,
        "password": PASSWORD,
        "email": "demo@example.com",
        "email_verified": True,
        "name": "Dana Demo",
        "given_name": "Dana",
        "family_name": "Demo",
        "locale": "en",
        "zoneinfo": "Europe/Berlin",
        "phone_number": "+49 30 1234567",
        "address": {
            "street_address": "Unter den Linden 1",
            "locality": "Berlin",
            "postal_code": "10117",
            "country": "Germany",
        },
    }
