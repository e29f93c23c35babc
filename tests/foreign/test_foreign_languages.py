"""Foreign languages: relying parties in Node, Go and Java, by libraries that others wrote, complete the flows."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from oidc_server.cli import reach
from oidc_server.house import opened
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.browser import Browser, Page
from tests.actors.person import Person
from tests.conftest import Template, make_settings
from tests.factories import World, client, secret_of
from tests.foreign import toolchains
from tests.foreign.programs import PROGRAMS, Json, Program
from tests.servers import Server, free_port, serving

CALLBACK = "https://rp.example.com/callback"
AFTER_LOGOUT = "https://rp.example.com/bye"
HEARS_AT = f"http://127.0.0.1:{free_port()}/backchannel-logout"
#: What a library leaves to others.
NOT_THERE = {("go", "registration"), ("node", "backchannel_logout"), ("java", "backchannel_logout")}
#: Flows, each with the client that is registered for it.
FLOWS = {
    "backchannel_logout": "hearer",
    "private_key_jwt": "signer",
    "form_post": "web",
    "hybrid": "both",
    "device": "tv",
    "registration": "unknown-yet",
}


def marks(program: Program) -> pytest.MarkDecorator:
    """One worker for each language, which builds its program once."""
    return pytest.mark.xdist_group(f"foreign-{program.language}")


ALL = [pytest.param(program, id=program.language, marks=marks(program)) for program in PROGRAMS]


@pytest.fixture(scope="module")
def key() -> Json:
    """A key with which a client signs its assertions."""
    made: Json = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1())))
    return {**made, "kid": "the-clients-key", "alg": "ES256"}


@pytest.fixture(scope="module")
def server(template: Template, key: Json, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real server for all of them."""
    folder: Path = tmp_path_factory.mktemp("foreign-languages")
    shutil.copy(template.sqlite, folder / "oidc.db")
    settings = make_settings(f"sqlite:///{folder}/oidc.db", template.keys)
    reach.run_async(_furnish(settings, key))
    with serving(settings, folder, OIDC_REGISTRATION_MODE="open", OIDC_OUTBOUND_ALLOW="127.0.0.0/8") as server:
        yield server


async def _furnish(settings: Settings, key: Json) -> None:
    uris: dict[str, Any] = {"redirect_uris": [CALLBACK], "post_logout_redirect_uris": [AFTER_LOGOUT]}
    public = {name: value for name, value in key.items() if name != "d"}
    signer = client("signer", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public]}, **uris)
    del signer["client_secret"]
    clients = [
        signer,
        client("web", **uris),
        client("hearer", backchannel_logout_uri=HEARS_AT, **uris),
        client("both", grant_types=["authorization_code", "implicit"], response_types=["code id_token"], **uris),
    ]
    async with opened(settings) as house:
        await house.database.run(factories.furnish, house, World(clients=clients))


class Alice:
    """Does in her browser what programs ask for."""

    def __init__(self, server: Server) -> None:
        self.person = Person(Browser(server.issuer))

    async def play(self, asked: Json) -> Json:
        """Go where she is sent, or enter the code that she is shown."""
        if "enter" in asked:
            page = await self.person.decide_about_device(asked["enter"])
            return {"status": page.status}
        page = await self.person.browser.open(asked["visit"])
        if page.path == "/login":
            page = await self.person.sign_in(page)
        if page.path == "/consent":
            page = await self.person.decide(page)
        return _arrived(page)


def _arrived(page: Page) -> Json:
    """Where a browser has got to, by a redirect or by a form that a script would send."""
    if location := page.response.headers.get("location"):
        return {"url": location}
    assert page.status == 200, page.text
    return {"url": page.form.action, "posted": page.form.fields}


async def run(program: Program, flow: str, server: Server, client_id: str, **settings: Any) -> Json:
    """What a program tells at the end of a flow."""
    missing = toolchains.lacking(*program.needs)
    if missing and toolchains.may_be_lacking():
        pytest.skip(f"{program.language} lacks: {', '.join(missing)}")
    program.make()
    alice = Alice(server)
    told: Json = {"issuer": server.issuer, "redirect_uri": CALLBACK, "post_logout_redirect_uri": AFTER_LOGOUT}
    own = {"client_id": client_id, "client_secret": secret_of(client_id)}
    try:
        return await program.run(flow, {**told, **own, **settings}, alice.play)
    finally:
        await alice.person.browser.close()


@pytest.mark.parametrize("program", ALL)
async def test_it_signs_a_person_in_refreshes_introspects_revokes_and_signs_out(
    program: Program, server: Server
) -> None:
    result = await run(program, "code", server, "web")

    assert result["email"] == "alice@example.com"
    assert result["rotated"]
    assert result["active"] == [True, False]
    assert result["left"] == f"{AFTER_LOGOUT}?state=goodbye"


@pytest.mark.parametrize("program", ALL)
async def test_it_acts_for_itself(program: Program, server: Server) -> None:
    result = await run(program, "client_credentials", server, "machine", scope="orders.read")

    assert result == {"active": True, "client_id": "machine", "scope": "orders.read"}


@pytest.mark.parametrize(
    ("program", "flow"),
    [
        pytest.param(program, flow, id=f"{program.language}-{flow}", marks=marks(program))
        for program in PROGRAMS
        for flow in FLOWS
        if (program.language, flow) not in NOT_THERE
    ],
)
async def test_it_signs_a_person_in_by(program: Program, flow: str, server: Server, key: Json) -> None:
    result = await run(program, flow, server, FLOWS[flow], jwk=key, listen=HEARS_AT)

    assert result["sub"]
    assert result["email"] == "alice@example.com"
