"""A server on which developers may make projects."""

import pytest

from oidc_server.settings.model import Settings
from tests.conftest import Template, make_settings


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Developers may; few of each, so that limits are met."""
    limits = {"created_by": "developers", "per_user": 3, "clients_per_project": 3, "members_per_project": 6}
    return make_settings(database_url, template.keys, projects=limits)
