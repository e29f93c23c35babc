"""Pseudonyms: no address in the log, and lines that can still be joined."""

import logging
import re
from pathlib import Path

import pytest
import structlog

from oidc_server.foundation import sealing
from oidc_server.foundation.telemetry.pseudonyms import Pseudonyms
from oidc_server.settings.model import Settings
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.foundation.web.logbook import reading


@pytest.fixture
def pseudonyms(tmp_path: Path) -> Pseudonyms:
    sealing.create(tmp_path)
    return Pseudonyms(tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "203.0.113.7",
        "2001:db8::7",
        "2001:DB8:0:0:0:0:0:7",
        "::1",
        "::ffff:203.0.113.7",
        "alice@example.com",
        "Alice.Liddell+shop@mail.example.co.uk",
        "älice@exämple.com",
        "alice@localhost",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "from {}.", "<{}>", "[{}]", "x={}", "('{}', 443)", "{},{}", '"{}"', "mailto:{}"]
)
def test_no_address_is_left_wherever_it_stands(pseudonyms: Pseudonyms, address: str, around: str) -> None:
    if around == "mailto:{}" and "@" not in address:
        return
    hidden = pseudonyms.hide(around.replace("{}", address))

    assert address not in hidden
    assert re.search(r"(ip|mail)-[a-z2-7]{16}", hidden)


@pytest.mark.parametrize(
    "text",
    ["12:30:15", "2026-05-01T12:30:15.123456Z", "a.b.c.d", "1.2.3", "999.1.1.1", "user:created", "a@", "key: value"],
)
def test_what_is_no_address_stays(pseudonyms: Pseudonyms, text: str) -> None:
    assert pseudonyms.hide(text) == text


def test_one_address_has_one_pseudonym_in_each_installation_and_another_elsewhere(
    pseudonyms: Pseudonyms, tmp_path: Path
) -> None:
    again, elsewhere = Pseudonyms(tmp_path), tmp_path / "elsewhere"
    sealing.create(elsewhere)

    assert pseudonyms.hide("2001:db8::7") == again.hide("2001:0DB8:0::7")
    assert pseudonyms.hide("::ffff:203.0.113.7") == again.hide("203.0.113.7")
    assert pseudonyms.hide("Alice@Example.com") == again.hide("alice@example.com")
    assert pseudonyms.hide("203.0.113.7") != pseudonyms.hide("203.0.113.8")
    assert pseudonyms.hide("203.0.113.7") != Pseudonyms(elsewhere).hide("203.0.113.7")


def test_before_there_is_a_master_key_addresses_are_hidden(tmp_path: Path) -> None:
    waiting = Pseudonyms(tmp_path)
    assert waiting.hide("from 203.0.113.7") == "from [hidden]"

    sealing.create(tmp_path)
    assert waiting.hide("from 203.0.113.7").startswith("from ip-")


class TestSignIn:
    """A whole sign-in."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        return make_settings(database_url, template.keys, log={"level": "DEBUG", "format": "json", "pseudonyms": True})

    async def test_leaves_no_address_in_any_line(
        self, settings: Settings, person: Person, relying_party: RelyingParty
    ) -> None:
        with reading(settings) as logbook:
            await person.browser.open("/login")
            await person.sign_in()
            await relying_party.redeem((await person.approve(relying_party)).code)
            page = await person.browser.open("/forgot-password")
            await person.browser.submit(page, email="alice@example.com")
            await person.sign_out()

        callers = {line["caller"] for line in logbook.lines("request")}
        assert len(callers) == 2  # the person, and the shop's server
        assert all(re.fullmatch(r"ip-[a-z2-7]{16}", caller) for caller in callers)
        for address in ("203.0.113.7", "198.51.100.9", "alice@example.com"):
            assert address not in logbook.text

    @pytest.mark.parametrize("style", ["json", "console"])
    def test_neither_do_libraries_and_tracebacks(self, settings: Settings, style: str) -> None:
        log_settings = settings.log.model_copy(update={"format": style})
        with reading(settings.model_copy(update={"log": log_settings})) as logbook:
            logging.getLogger("elsewhere").warning("no answer from %s", "203.0.113.7")
            try:
                raise ConnectionError("203.0.113.7 refused alice@example.com")
            except ConnectionError:
                structlog.get_logger("new").exception("failed", peers=["203.0.113.7"], peer={"at": "203.0.113.7"})

        assert "no answer from ip-" in logbook.text
        assert "Traceback" in logbook.text
        assert "203.0.113.7" not in logbook.text
        assert "alice@example.com" not in logbook.text
