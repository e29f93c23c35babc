"""What tests of upstreams may ask for."""

from collections.abc import AsyncIterator

import pytest

from oidc_server.settings.model import Settings
from tests.actors.upstream_provider import UpstreamProvider, providing
from tests.conftest import Template, make_settings
from tests.oauth.authorize.conftest import logbook

__all__ = ["logbook"]


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Servers on this machine may be called."""
    return make_settings(database_url, template.keys, outbound={"allow": "127.0.0.1", "timeout": 2})


@pytest.fixture
async def upstream_provider() -> AsyncIterator[UpstreamProvider]:
    """Another identity provider."""
    async with providing() as provider:
        yield provider
