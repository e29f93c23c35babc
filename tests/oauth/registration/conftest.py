"""A server at which everybody may register clients, and somebody who does."""

import httpx2
import pytest

from oidc_server.settings.model import Settings
from tests.actors.applicant import Applicant
from tests.conftest import Template, make_settings


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Open registration."""
    return make_settings(database_url, template.keys, registration={"mode": "open", "per_address": 1000})


@pytest.fixture
def applicant(http: httpx2.AsyncClient) -> Applicant:
    """A program that would be a client."""
    return Applicant(http)
