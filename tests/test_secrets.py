"""No secret in the clear: neither in the log at its most talkative, nor in any table or file of the database."""

import json
import re
import shutil
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2
import pytest
import yaml

from oidc_server.foundation import sealing
from tests.actors import upstream_provider
from tests.actors.applicant import DOCUMENT, Registered
from tests.actors.browser import Browser
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD, secret_of
from tests.federation import deeds as federation
from tests.forked import commands
from tests.servers import Server, environment, serving

WRONG_PASSWORD = "a wrong password that nobody may read"
WRONG_SECRET = "a-wrong-secret-that-nobody-may-read"
_HIDDEN_FIELD = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]+)"')


@dataclass
class Secrets:
    """Everything that was secret, by what it was."""

    of_kind: dict[str, set[str]] = field(default_factory=dict)

    def note(self, kind: str, *values: str) -> None:
        """Remember some."""
        self.of_kind.setdefault(kind, set()).update(value for value in values if value)

    def found_in(self, text: str) -> list[str]:
        """The kinds that stand in a text, as they are or in one of the usual spellings."""
        return sorted(
            {
                kind
                for kind, values in self.of_kind.items()
                for value in values
                for spelling in (value, quote(value), b64encode(value.encode()).decode().rstrip("="))
                if spelling in text
            }
        )

    async def note_answer(self, response: httpx2.Response) -> None:
        """Remember what an answer gives a browser."""
        for header in response.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self.note(f"cookie {name}", value.strip('"'))
        self.note_url(response.headers.get("location", ""))
        await response.aread()
        for name, value in _HIDDEN_FIELD.findall(response.text):
            if name != "return_to":  # a path of ours; what is secret in its query stands in a field of its own
                self.note(name, value)

    def note_url(self, url: str) -> None:
        """Remember what a redirect carries."""
        for name, value in parse_qsl(urlsplit(url).query):
            if name in {"code", "interaction"}:
                self.note(name, value)


@dataclass
class Scene:
    """A server that says everything it can, and what it keeps."""

    server: Server
    database: Path
    keys: Path
    environment: dict[str, str]
    secrets: Secrets = field(default_factory=Secrets)

    def apply(self, document: dict[str, Any]) -> None:
        """Do what an operator does with `oidc-server apply`."""
        file = self.database.parent.with_name("file.yaml")
        file.write_text(yaml.safe_dump(document))
        commands().run(["apply", str(file)], file.parent, self.environment).check_returncode()

    def log(self) -> str:
        """All that it said so far."""
        return self.server.log.read_text(encoding="utf-8", errors="replace")

    def dump(self) -> str:
        """Every row of every table."""
        with closing(sqlite3.connect(self.database)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            rows = [row for (name,) in names for row in connection.execute(f"SELECT * FROM {name}")]  # noqa: S608 - our own tables
        return "\n".join(_text(value) for row in rows for value in row)

    def raw(self) -> str:
        """The database's files as somebody would read them who stole the disk."""
        files = [path for path in self.database.parent.iterdir() if path.name.startswith(self.database.name)]
        return "".join(path.read_bytes().decode("latin-1") for path in files)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


@pytest.fixture
def scene(template: Template, tmp_path: Path) -> Iterator[Scene]:
    """The usual world on SQLite, logging at DEBUG."""
    database = tmp_path / "data" / "oidc.db"
    database.parent.mkdir()
    shutil.copy(template.sqlite, database)
    settings = make_settings(f"sqlite:///{database}", template.keys)
    more: dict[str, Any] = {"OIDC_REGISTRATION_MODE": "open", "OIDC_OUTBOUND_ALLOW": "127.0.0.1"}
    with serving(settings, tmp_path, **more) as server:
        yield Scene(server, database, template.keys, environment(settings, **more))


@pytest.fixture
async def http(scene: Scene) -> AsyncIterator[httpx2.AsyncClient]:
    """What clients send requests with."""
    hooks = {"response": [scene.secrets.note_answer]}
    async with httpx2.AsyncClient(base_url=scene.server.issuer, timeout=30, event_hooks=hooks) as client:
        yield client


@pytest.fixture
async def person(scene: Scene) -> AsyncIterator[Person]:
    """Alice, whose browser remembers what it was given."""
    browser = Browser(scene.server.issuer)
    browser.http.event_hooks = {"response": [scene.secrets.note_answer]}
    yield Person(browser)
    await browser.close()


async def _sign_in_and_redeem(person: Person, party: RelyingParty, secrets: Secrets) -> dict[str, str]:
    secrets.note("password", PASSWORD, WRONG_PASSWORD)
    secrets.note("code_verifier", party.verifier)
    page = await person.sign_in(await person.visit(party), WRONG_PASSWORD)
    page = await person.browser.submit(page, username=PASSWORD, password="")  # typed into the wrong field
    page = await person.sign_in(page)
    answer = party.answer(await person.decide(page))
    await party.redeem(answer.code, code_verifier="x" * 43)
    await party.redeem(answer.code, redirect_uri=answer.location)  # a developer's common mistake
    tokens = await party.redeem(answer.code)
    second = await party.refresh(tokens.refresh_token)
    for issued in (tokens, second):
        secrets.note("access_token", issued.access_token)
        secrets.note("refresh_token", issued.refresh_token)
        secrets.note("id_token", issued.id_token)
    return second.body


async def _use_and_misuse(http: httpx2.AsyncClient, party: RelyingParty, tokens: dict[str, str]) -> None:
    access, refresh, hint = tokens["access_token"], tokens["refresh_token"], tokens["id_token"]
    await party.userinfo(access)
    await http.post("/userinfo", data={"access_token": access})
    await http.get("/userinfo", params={"access_token": access})
    await party.userinfo(access + "x")
    await party.userinfo(hint)
    await party.userinfo(refresh)
    for token in (access, refresh, hint):
        await party.introspect(token)
        await party.post("/introspect", token=token + "x", token_type_hint="refresh_token")
    await party.refresh(refresh, scope="admin")
    await party.post("/token", grant_type="authorization_code", code=refresh, code_verifier=party.verifier)
    await party.post("/token", grant_type="refresh_token", refresh_token=access)
    await http.get("/logout", params={"id_token_hint": hint, "post_logout_redirect_uri": "https://thief.example.com"})
    await party.revoke(access)
    await party.revoke(refresh)


async def _fail_to_authenticate(http: httpx2.AsyncClient, secrets: Secrets) -> None:
    right = secret_of("shop")
    secrets.note("client_secret", right, secret_of("legacy"), secret_of("machine"), WRONG_SECRET)
    form = {"grant_type": "client_credentials"}
    await http.post("/token", data=form, auth=("machine", secret_of("machine")))
    await http.post("/token", data=form, auth=("shop", WRONG_SECRET))
    await http.post("/token", data={**form, "client_id": "shop", "client_secret": right})
    await http.post("/token", data={**form, "client_id": "shop", "client_secret": right}, auth=("shop", right))
    await http.post("/token", data={**form, "client_id": "shop", "client_secret": [right, right]})
    await http.post("/token", params={"client_id": "shop", "client_secret": right}, data=form)
    await http.post("/token", json={"client_id": "shop", "client_secret": right})
    await http.post("/token", headers={"Authorization": f"Basic shop:{right}"}, data=form)
    await http.post("/token", headers={"Authorization": f"Bearer {right}"}, data=form)
    legacy = RelyingParty(http, "legacy")
    for password in (PASSWORD, WRONG_PASSWORD):
        await legacy.ask("password", username="alice", password=password)
        await legacy.ask("password", username="alice", password=password, scope="admin")


async def _register(scene: Scene, http: httpx2.AsyncClient) -> None:
    told = (await http.post("/register", json=DOCUMENT)).json()
    scene.secrets.note("registered client_secret", told["client_secret"])
    scene.secrets.note("registration_access_token", told["registration_access_token"])
    client = Registered(http, told)
    await client.read()
    await client.replace(client.document)
    await client.replace({**client.document, "client_secret": told["client_secret"]})
    await client.replace({**client.document, "registration_access_token": client.token})
    await client.replace({**client.document, "client_secret": WRONG_SECRET})
    await client.read(client.token + "x")
    await http.post("/register", data=told)
    await http.post("/register", json={**told, "grant_types": ["implicit"], "contacts": "x"})
    await client.relying_party().introspect("x")


async def _connect_a_device(http: httpx2.AsyncClient, person: Person, secrets: Secrets) -> None:
    """One that is connected, and one that waits."""
    device = Device(RelyingParty(http, "tv", auth="none"))
    for is_connected in (True, False):
        begun = await device.begin()
        secrets.note("device_code", begun.device_code)
        secrets.note("user_code", begun.user_code, begun.user_code.replace("-", ""))
        await device.poll(begun.device_code)
        await person.browser.open(begun.verification_uri_complete)
        if is_connected:
            await person.decide_about_device(begun.user_code)
            tokens = await device.poll(begun.device_code)
            secrets.note("access_token", tokens.access_token)
            secrets.note("refresh_token", tokens.refresh_token)


async def _sign_in_elsewhere(scene: Scene, person: Person) -> None:
    """At an upstream: once well, once with an answer that is not believed, once linked."""
    async with upstream_provider.providing() as provider:
        scene.apply({"upstreams": [provider.entry(), provider.github()]})
        provider.person = {"sub": "1", "id": 1}
        for slug, issuer in (("other", provider.issuer), ("hub", None), ("other", "https://evil.example")):
            await federation.come_by(person, provider, slug, iss=issuer)
        scene.secrets.note("upstream client_secret", upstream_provider.SECRET)
        scene.secrets.note("upstream access_token", "an-upstream-access-token")
        for asked in provider.asked:
            scene.secrets.note("upstream state", asked["state"])
            scene.secrets.note("upstream nonce", asked.get("nonce", ""))
        for received in provider.listener.received:
            if received.target == "/token":
                scene.secrets.note("upstream code", received.form["code"])
                scene.secrets.note("upstream code_verifier", received.form["code_verifier"])


_MAILED = re.compile(r'href="([^"]+[?&]token=([^"&]+))"')


async def _forget_passwords(http: httpx2.AsyncClient, person: Person, secrets: Secrets) -> None:
    """One who signs up, one who chooses a new password, and one who has asked for it and waits."""
    browser, chosen = person.browser, "seven purple walruses"
    secrets.note("new password", chosen)
    await browser.submit(await browser.open("/signup"), email="carol@example.com", password=chosen)
    for _ in range(2):
        await browser.submit(await browser.open("/forgot-password"), username="alice")
        mailbox = (await http.get("/dev/mailbox")).text
        found = _MAILED.findall(mailbox)
        secrets.note("token", *(token for _, token in found))
        secrets.note("mailed link", *(link for link, _ in found))
        for link, _ in found:
            page = await browser.open(link)
            await browser.open(link + "x")
            if page.status == 200 and "reset-password" not in link:
                await browser.submit(page)
        reset = next(link for link, _ in found if "reset-password" in link)
        if "new password set" not in secrets.of_kind:
            page = await browser.submit(await browser.open(reset), password="short")
            await browser.submit(page, password=chosen)
            secrets.note("new password set", chosen)


async def _note_keys(scene: Scene) -> None:
    text = (scene.keys / sealing.FILE_NAME).read_text(encoding="ascii").split()[1]
    scene.secrets.note("master key", text, b64decode(text).decode("latin-1"), b64decode(text).hex())
    opened = sealing.load(scene.keys, strict=False)
    with closing(sqlite3.connect(scene.database)) as connection:
        rows = connection.execute("SELECT kid, sealed_private_key FROM signing_keys").fetchall()
    for kid, sealed in rows:
        private = json.loads(opened.open("signing key", sealed, kid.encode()))
        scene.secrets.note("private key", *(private[name] for name in ("d", "p", "q", "dp", "dq", "qi")))


async def test_no_secret_stands_in_the_log_the_tables_or_the_files(
    scene: Scene, http: httpx2.AsyncClient, person: Person
) -> None:
    secrets, party = scene.secrets, RelyingParty(http, "shop")
    tokens = await _sign_in_and_redeem(person, party, secrets)
    await _use_and_misuse(http, party, tokens)
    await _fail_to_authenticate(http, secrets)
    await _register(scene, http)
    await person.approve(party)  # one code that stays unspent
    await _connect_a_device(http, person, secrets)
    await person.sign_out()
    await _sign_in_elsewhere(scene, person)

    await _forget_passwords(http, person, secrets)
    metrics = (await http.get("/metrics")).text
    await _note_keys(scene)
    scene.server.stop()  # it writes down what waits

    expected = {"password", "client_secret", "code", "access_token", "id_token", "refresh_token", "code_verifier"}
    expected |= {"device_code", "user_code", "token", "mailed link", "new password"}
    expected |= {"cookie oidc_session", "cookie oidc_browser", "csrf_token", "interaction", "logout"}
    expected |= {"upstream client_secret", "upstream code", "upstream code_verifier", "upstream state"}
    expected |= {"registered client_secret", "registration_access_token"}
    assert expected | {"master key", "private key"} <= set(secrets.of_kind)
    assert '"event":"request"' in scene.log()
    assert "client:tokens:issued" in scene.dump()
    assert {
        "log": secrets.found_in(scene.log()),
        "tables": secrets.found_in(scene.dump()),
        "files": secrets.found_in(scene.raw()),
        "metrics": secrets.found_in(metrics),
    } == {"log": [], "tables": [], "files": [], "metrics": []}
