"""The posture: what an operator has relaxed stands in the log at every start."""

import pytest

from oidc_server.app import create_app
from oidc_server.foundation import posture
from oidc_server.settings.model import Settings
from tests.conftest import Template, make_settings
from tests.foundation.web import logbook


def test_by_default_nothing_is_relaxed() -> None:
    assert posture.relaxed(Settings(_env_file=None)) == []


@pytest.mark.parametrize("mode", ["open", "initial_access_token"])
def test_registration_is_named(mode: str) -> None:
    settings = Settings(_env_file=None, registration={"mode": mode})

    assert posture.relaxed(settings) == ["OIDC_REGISTRATION_MODE"]


def test_sign_up_is_named() -> None:
    settings = Settings(_env_file=None, development=True, sign_up={"mode": "open", "require_verified_email": False})

    assert posture.relaxed(settings) == ["OIDC_SIGN_UP_MODE", "OIDC_SIGN_UP_REQUIRE_VERIFIED_EMAIL"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_it_stands_in_the_log_at_start(database_url: str, template: Template) -> None:
    settings = make_settings(database_url, template.keys, registration={"mode": "open"})
    app = create_app(settings)

    with logbook.reading(settings) as log:
        async with app.router.lifespan_context(app):
            pass

    assert [line["relaxed"] for line in log.lines("posture")] == [["OIDC_REGISTRATION_MODE"]]
