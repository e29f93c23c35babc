"""The parts that live as long as the server, each made once; commands use them without a web application around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from oidc_server import tables
from oidc_server.accounts import deletion, directory, links, sign_up, spent, trusted_browsers
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.passkeys import Passkeys
from oidc_server.accounts.password_change import PasswordChange
from oidc_server.accounts.passwords import Passwords
from oidc_server.accounts.second_factors import SecondFactors
from oidc_server.accounts.self_service import SelfService
from oidc_server.accounts.sign_in import SignIn
from oidc_server.accounts.upstream_people import UpstreamPeople
from oidc_server.audit import trail
from oidc_server.audit.trail import Trail
from oidc_server.clients import client_secrets, initial_access_tokens, registrations, used_assertions
from oidc_server.clients.key_sets import KeySets
from oidc_server.clients.registry import Registry
from oidc_server.clients.resources import ResourceRegistry
from oidc_server.federation import attempts
from oidc_server.federation.conversation import Conversation
from oidc_server.federation.ldap import Directories
from oidc_server.federation.upstreams import Upstreams
from oidc_server.foundation import sealing
from oidc_server.foundation.changes import Changes
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Misconfigured, Unavailable
from oidc_server.foundation.images import Images
from oidc_server.foundation.mail import outbox as mail
from oidc_server.foundation.mail.postman import Postman
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.rate_limits.throttle import Throttles
from oidc_server.foundation.telemetry import metrics
from oidc_server.keys.ring import Ring
from oidc_server.keys.rotation import Rotation
from oidc_server.logouts import outbox
from oidc_server.logouts.delivery import Deliveries
from oidc_server.projects import book
from oidc_server.sessions import ledger as sessions
from oidc_server.sessions.ledger import Ledger
from oidc_server.settings.model import Settings
from oidc_server.tokens import device, grants, revoking
from oidc_server.tokens.issuing import Issuing

log = structlog.get_logger(__name__)


class House:
    """The parts that live as long as the application, each made once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sealing = sealing.load(settings.keys.dir, strict=not settings.development)
        self.database = Database(settings.database)
        self.changes = Changes(self.database)
        self.trail = Trail(self.database, settings.audit)
        self.ring = Ring(self.database, self.sealing, self.changes)
        self.rotation = Rotation(self.database, self.sealing, settings)
        self.ring.make_first = self.rotation.start
        self.registry = Registry(self.database, self.changes)
        self.outbound = Outbound(settings)
        self.key_sets = KeySets(self.outbound.document)
        self.upstreams = Upstreams(self.database, self.changes, self.sealing)
        self.conversation = Conversation(settings.issuer, self.sealing, self.upstreams, self.outbound, self.key_sets)
        self.resources = ResourceRegistry(self.database, self.changes)
        self.ledger = Ledger(self.sealing, settings.lifetime)
        self.issuing = Issuing(settings, self.sealing, self.ring, self.resources, self.key_sets)
        self.passwords = Passwords(settings.password)
        self.images = Images(settings.pictures)
        self.throttles = Throttles(settings.redis.url)
        self.deliveries = Deliveries(settings, self.database, self.registry, self.issuing, self.outbound)
        self.directories = Directories(settings.ldap, self.upstreams, settings.outbound.ca_file)
        self.letters = Letters(settings, self.sealing)
        self.upstream_people = UpstreamPeople(self.database, self.letters, needs_verified=settings.needs_verified_email)
        self.sign_in = SignIn(
            self.database,
            self.sealing,
            self.passwords,
            self.directories,
            self.throttles,
            settings,
            self.trail,
            self.upstream_people,
        )
        passkeys = Passkeys(settings, self.sealing)
        self.second_factors = SecondFactors(
            self.database, self.sealing, passkeys, self.throttles, settings.factors, self.trail
        )
        self.postman = Postman(settings, self.database, self.sealing)
        self.self_service = SelfService(
            settings, self.database, self.sealing, self.passwords, self.throttles, self.outbound, self.letters
        )
        self.password_change = PasswordChange(
            self.database, self.passwords, self.self_service.rules, self.sign_in, self.letters
        )

    async def check(self) -> None:
        """Raise Misconfigured unless everything that serving needs is there and fits together."""
        try:
            await self.database.run(self._check)
        except Unavailable as error:
            raise Misconfigured(f"The database does not answer: {error.because}") from error

    def _check(self) -> None:
        require_schema(self.database)
        self.changes.look()
        self.ring.refresh()
        if not self.ring.has_keys:
            raise Misconfigured("The database holds no signing key: run `oidc-server migrate`.")
        if self.rotation.start_wanted():
            self.changes.look()
            self.ring.refresh()
        if not self.settings.development:
            with self.database.transaction() as session:
                self._check_secrets(session)

    def _check_secrets(self, session: Session) -> None:
        """Raise Misconfigured where anybody could come in with what stands in the documentation."""
        if directory.is_of_development(session):
            raise Misconfigured(
                "This database was made in development mode: it holds a user and clients whose passwords and secrets are"
                " public. Use another one (OIDC_DATABASE_URL) in production."
            )
        if found := client_secrets.samples_in_use(session, self.sealing):
            raise Misconfigured(
                f"The client {found[0]!r} has a sample secret from the documentation: it is public. Run"
                f" `oidc-server clients rotate-secret {found[0]}`."
            )

    def follow_changes(self) -> None:
        """Notice what other nodes have changed; call it inside `Database.run`."""
        for breaker in filter(None, (self.database.breaker, self.throttles.breaker, self.postman.breaker)):
            metrics.breaker_open.labels(breaker.name).set(0 if breaker.closed else 1)
        metrics.breaker_open.labels("outbound").set(1 if self.outbound.has_open_breaker else 0)
        self.changes.look()
        self.ring.refresh()

    def clean_up(self) -> dict[str, int]:
        """Forget what is over; how many rows of each kind. Call it inside `Database.run`."""
        removed = {
            "grants": grants.remove_old(self.database),
            "revoked_tokens": revoking.remove_old(self.database),
            "device_requests": device.remove_old(self.database),
            "users": deletion.erase_old(self.database, self.settings.privacy.deleted_kept_for),
            "unconfirmed_users": sign_up.remove_unconfirmed(self.database, self.settings.sign_up.unconfirmed_for),
            "ownerless_projects": book.remove_ownerless(self.database),
            "links": links.remove_old(self.database),
            "mails": mail.remove_old(self.database),
            "sessions": sessions.remove_old(self.database),
            "trusted_browsers": trusted_browsers.remove_old(self.database),
            "spent_proofs": spent.remove_old(self.database),
            "used_assertions": used_assertions.remove_old(self.database),
            "used_upstream_attempts": attempts.remove_old(self.database),
            "logout_deliveries": outbox.remove_old(self.database),
            "audit_events": trail.remove_old(self.database, self.settings.audit.kept_for),
        }
        if (addresses_kept_for := self.settings.privacy.addresses_kept_for) is not None:
            removed["addresses"] = trail.forget_addresses(self.database, addresses_kept_for)
            removed["addresses"] += sessions.forget_addresses(self.database, addresses_kept_for)
        with self.database.transaction() as session:
            removed["client_secrets"] = client_secrets.remove_expired(session)
            removed["initial_access_tokens"] = initial_access_tokens.remove_old(session)
        with self.database.transaction() as session:
            removed["unused_clients"] = registrations.remove_unused(session, self.settings.registration.unused_for)
        log.info("cleaned_up", **removed)
        return removed

    async def close(self) -> None:
        """Write down what waits, and let go."""
        await self.deliveries.finish()
        await self.postman.finish()
        self.passwords.stop()
        self.images.stop()
        self.directories.stop()
        try:
            await self.trail.write()
        except Unavailable:
            log.warning("audit_events_lost", because="the database does not answer")
        await self.throttles.close()
        await self.outbound.close()
        await self.database.dispose()


def revision_of(database: Database) -> str | None:
    """Which of our revisions the database's schema has; None if it has none."""
    with database.autocommit() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def require_schema(database: Database) -> None:
    """Raise Misconfigured unless the database has the tables that this release needs."""
    revision = revision_of(database)
    if revision is None or revision in tables.REVISIONS[:-1]:
        raise Misconfigured(
            f"The database's schema is {'missing' if revision is None else f'at revision {revision}'},"
            f" expected {tables.REVISIONS[-1]}: run `oidc-server migrate`."
        )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """A house for as long as a command needs it."""
    house = House(settings)
    try:
        await house.database.run(require_schema, house.database)
        yield house
    finally:
        await house.close()
