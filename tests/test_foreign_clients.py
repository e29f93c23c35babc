"""Foreign clients: libraries that others wrote complete the flows against a real server, as their users would."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc6749 import OAuth2Token
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from requests_oauthlib import OAuth2Session as OauthlibSession

from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.conftest import Template, make_settings
from tests.factories import API, PASSWORD, secret_of
from tests.servers import Server, serving

SCOPE = "openid profile email offline_access"
CALLBACK = "https://shop.example.com/callback"


@pytest.fixture(scope="module")
def server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real server for all of them."""
    folder: Path = tmp_path_factory.mktemp("foreign")
    shutil.copy(template.sqlite, folder / "oidc.db")
    settings = make_settings(f"sqlite:///{folder}/oidc.db", template.keys)
    with serving(settings, folder, OIDC_REGISTRATION_MODE="open") as server:
        yield server


@pytest.fixture(autouse=True)
def http_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    """These libraries insist on https elsewhere than in tests."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def metadata(server: Server) -> dict[str, str]:
    """What the server says of itself."""
    found: dict[str, str] = (
        AuthlibSession().get(f"{server.issuer}/.well-known/openid-configuration", withhold_token=True).json()
    )
    return found


async def approved(server: Server, url: str) -> str:
    """Where Alice's browser ends up with this authorization request."""
    person = Person(Browser(server.issuer))
    page = await person.browser.open(url)
    if page.path == "/login":
        page = await person.sign_in(page)
    if page.path == "/consent":
        page = await person.decide(page)
    await person.browser.close()
    return page.response.headers["location"]


def verified(token: str, metadata: dict[str, str], audience: str) -> dict[str, object]:
    """What PyJWT reads in a token, with the key that it finds by itself."""
    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    claims: dict[str, object] = jwt.decode(
        token, key, algorithms=["RS256"], audience=audience, issuer=metadata["issuer"]
    )
    return claims


@pytest.mark.parametrize(("client_id", "method"), [("shop", "client_secret_basic"), ("poster", "client_secret_post")])
async def test_authlib_signs_a_person_in_refreshes_and_asks_who_it_is(
    server: Server, metadata: dict[str, str], client_id: str, method: str
) -> None:
    session = AuthlibSession(
        client_id,
        secret_of(client_id),
        scope=SCOPE,
        redirect_uri=f"https://{client_id}.example.com/callback",
        token_endpoint_auth_method=method,
        code_challenge_method="S256",
    )
    verifier, nonce = generate_token(48), generate_token(20)
    endpoint = metadata["authorization_endpoint"]
    url, state = session.create_authorization_url(endpoint, code_verifier=verifier, nonce=nonce)
    location = await approved(server, url)

    tokens = session.fetch_token(
        metadata["token_endpoint"], authorization_response=location, code_verifier=verifier, state=state
    )
    claims = verified(tokens["id_token"], metadata, client_id)
    refreshed = session.refresh_token(metadata["token_endpoint"], tokens["refresh_token"])
    userinfo = session.get(metadata["userinfo_endpoint"]).json()

    assert claims["nonce"] == nonce
    assert refreshed["refresh_token"] != tokens["refresh_token"]
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["email"] == "alice@example.com"


async def test_authlib_introspects_and_revokes(server: Server, metadata: dict[str, str]) -> None:
    session = AuthlibSession("machine", secret_of("machine"), scope="orders.read")
    tokens: OAuth2Token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")

    told = session.introspect_token(metadata["introspection_endpoint"], tokens["access_token"]).json()
    revoked = session.revoke_token(metadata["revocation_endpoint"], tokens["access_token"])
    after = session.introspect_token(metadata["introspection_endpoint"], tokens["access_token"]).json()

    assert (told["active"], told["aud"]) == (True, API)
    assert revoked.status_code == 200
    assert after == {"active": False}


async def test_authlib_as_a_public_client(server: Server, metadata: dict[str, str]) -> None:
    session = AuthlibSession(
        "spa",
        scope="openid",
        redirect_uri="https://spa.example.com/callback",
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)

    tokens = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=await approved(server, url),
        code_verifier=verifier,
        state=state,
    )

    assert verified(tokens["id_token"], metadata, "spa")["aud"] == "spa"


async def test_oauthlib_signs_a_person_in_refreshes_and_asks_who_it_is(
    server: Server, metadata: dict[str, str]
) -> None:
    session = OauthlibSession("shop", scope=SCOPE.split(), redirect_uri=CALLBACK, pkce="S256")
    url, _ = session.authorization_url(metadata["authorization_endpoint"])
    location = await approved(server, url)

    secret = secret_of("shop")
    tokens = session.fetch_token(metadata["token_endpoint"], authorization_response=location, client_secret=secret)
    refreshed = session.refresh_token(metadata["token_endpoint"], auth=("shop", secret))
    userinfo = session.get(metadata["userinfo_endpoint"]).json()

    assert verified(tokens["id_token"], metadata, "shop")["sub"] == userinfo["sub"]
    assert refreshed["access_token"] != tokens["access_token"]
    assert userinfo["name"] == "Alice"


async def test_oauthlib_as_a_machine(server: Server, metadata: dict[str, str]) -> None:
    session = OauthlibSession(client=BackendApplicationClient("machine", scope=["orders.read"]))

    tokens = session.fetch_token(metadata["token_endpoint"], client_secret=secret_of("machine"))

    assert verified(tokens["access_token"], metadata, API)["sub"] == "machine"


async def test_oauthlib_with_a_password(server: Server, metadata: dict[str, str]) -> None:
    session = OauthlibSession(client=LegacyApplicationClient("legacy", scope=["openid"]))

    tokens = session.fetch_token(
        metadata["token_endpoint"], username="alice", password=PASSWORD, auth=("legacy", secret_of("legacy"))
    )

    assert verified(tokens["id_token"], metadata, "legacy")["amr"] == ["pwd"]


async def test_a_resource_server_with_pyjwt_refuses_what_is_for_another(
    server: Server, metadata: dict[str, str]
) -> None:
    session = AuthlibSession("machine", secret_of("machine"), scope="orders.read")
    tokens = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")

    assert verified(tokens["access_token"], metadata, API)["client_id"] == "machine"
    with pytest.raises(jwt.InvalidAudienceError):
        verified(tokens["access_token"], metadata, "https://other.example.com")


async def test_a_native_app_listens_on_any_port_of_loopback(server: Server, metadata: dict[str, str]) -> None:
    session = AuthlibSession(
        "cli",
        scope="openid",
        redirect_uri="http://127.0.0.1:51234/callback",
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    location = await approved(server, url)

    tokens = session.fetch_token(
        metadata["token_endpoint"], authorization_response=location, code_verifier=verifier, state=state
    )

    assert location.startswith("http://127.0.0.1:51234/callback?")  # RFC 8252 §7.3
    assert "id_token" in tokens


async def test_authlib_signs_a_person_in_with_a_client_that_registered_itself(
    server: Server, metadata: dict[str, str]
) -> None:
    document = {"redirect_uris": [CALLBACK], "client_name": "Authlib", "scope": "openid profile"}
    endpoint = metadata["registration_endpoint"]
    told = AuthlibSession().post(endpoint, json=document, withhold_token=True).json()
    session = AuthlibSession(
        told["client_id"],
        told["client_secret"],
        scope=told["scope"],
        redirect_uri=told["redirect_uris"][0],
        token_endpoint_auth_method=told["token_endpoint_auth_method"],
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)

    tokens = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=await approved(server, url),
        code_verifier=verifier,
        state=state,
    )
    management = OAuth2Token({"access_token": told["registration_access_token"], "token_type": "Bearer"})
    manager = AuthlibSession(token=management)
    read = manager.get(told["registration_client_uri"]).json()
    deleted = manager.delete(told["registration_client_uri"])

    assert verified(tokens["id_token"], metadata, told["client_id"])["aud"] == told["client_id"]
    assert read["client_name"] == "Authlib"
    assert deleted.status_code == 204
    assert session.get(metadata["userinfo_endpoint"]).status_code == 401
