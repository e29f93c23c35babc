"""The rules of projects, each made once for the pages and the API."""

from collections.abc import Collection

from oidc_server.clients.registry import Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.rate_limits.throttle import Throttles
from oidc_server.foundation.sealing import Sealing
from oidc_server.projects.apps import Apps
from oidc_server.projects.book import Book
from oidc_server.projects.descriptions import Descriptions
from oidc_server.projects.members import Members
from oidc_server.settings.model import Settings


class Rules:
    """What is done with projects, by whoever may."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        registry: Registry,
        sealing: Sealing,
        throttles: Throttles,
        outbound: Outbound,
        auth_methods: Collection[str],
    ) -> None:
        self.book = Book(database, settings.projects)
        self.members = Members(database, throttles, settings.projects)
        descriptions = Descriptions(settings, outbound, auth_methods)
        self.apps = Apps(database, registry, sealing, settings.projects, descriptions)
