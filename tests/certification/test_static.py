"""Certification with static clients: those of docs/certification.md, on a server with its default settings."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import jwt as pyjwt
import pytest
import yaml

from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, claims
from tests.certification.conftest import sign_in
from tests.certification.test_profiles import PAGE, RESPONSE_TYPES
from tests.conftest import Template, make_settings
from tests.forked import commands
from tests.servers import Server, environment, serving

pytestmark = pytest.mark.xdist_group("certification")  # one server for all of them

_FILE = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.S)[0]
CLIENTS = {one["client_id"]: one for one in yaml.safe_load(_FILE)["clients"]}


@pytest.fixture(scope="module")
def server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with its default settings, and the file applied."""
    folder: Path = tmp_path_factory.mktemp("certification-static")
    (folder / "oidc.db").write_bytes(template.sqlite.read_bytes())
    (folder / "clients.yaml").write_text(_FILE)
    settings = make_settings(f"sqlite:///{folder}/oidc.db", template.keys)
    commands().run(["apply", "clients.yaml"], folder, environment(settings)).check_returncode()
    with serving(settings, folder) as server:
        yield server


def party_of(http: httpx2.AsyncClient, client_id: str) -> RelyingParty:
    told = CLIENTS[client_id]
    auth = "post" if "token_endpoint_auth_method" in told else "basic"
    return RelyingParty(http, client_id, auth=auth, redirect_uri=told["redirect_uris"][0], secret=told["client_secret"])


@pytest.mark.parametrize("client_id", CLIENTS)
async def test_the_code_flow_completes_without_pkce(person: Person, http: httpx2.AsyncClient, client_id: str) -> None:
    party = party_of(http, client_id)
    answer = await sign_in(person, party, nonce=None)

    assert answer.location.startswith(party.redirect_uri)
    assert (await party.redeem(answer.code, code_verifier=None)).id_claims["aud"] == client_id


@pytest.mark.parametrize("response_type", RESPONSE_TYPES)
async def test_each_response_type_is_answered(person: Person, http: httpx2.AsyncClient, response_type: str) -> None:
    party = party_of(http, "suite-1")
    told = (await sign_in(person, party, response_type=response_type)).parameters

    assert {"code", "id_token", "access_token"} & set(told) == {
        "access_token" if word == "token" else word for word in response_type.split()
    }


async def test_an_unsigned_request_object_is_processed(person: Person, http: httpx2.AsyncClient) -> None:
    party = party_of(http, "suite-1")
    request = pyjwt.encode({"state": "inside", "nonce": "inside"}, "", "none")
    answer = await sign_in(person, party, request=request)

    assert answer.parameters["state"] == "inside"
    assert claims((await party.redeem(answer.code, code_verifier=None)).id_token)["nonce"] == "inside"
