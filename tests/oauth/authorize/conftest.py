"""What the tests of the authorization endpoint ask for."""

from collections.abc import Iterator

import pytest

from oidc_server.settings.model import Settings
from tests.foundation.web.logbook import Logbook, reading
from tests.oauth.authorize import upstream


@pytest.fixture
def logbook(settings: Settings, app: object) -> Iterator[Logbook]:
    """The server's log."""
    with reading(settings) as book:
        yield book


@pytest.fixture(scope="session")
def foreign_id_token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An ID token of another server, for a client of the same name."""
    return upstream.issue(tmp_path_factory.mktemp("upstream"))
