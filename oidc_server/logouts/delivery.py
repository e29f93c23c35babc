"""Telling clients: logout tokens are sent once a session has ended, and again where that fails (Back-Channel Logout §2.5)."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients.key_sets import Envelope
from oidc_server.clients.registry import Client, Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.errands import Errands
from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.outbound.failures import OutboundFailed, OutboundPaused
from oidc_server.foundation.telemetry import metrics
from oidc_server.logouts import outbox
from oidc_server.logouts.outbox import Delivery
from oidc_server.settings.model import Settings
from oidc_server.tokens import logout_token
from oidc_server.tokens.issuing import Issuing

#: How long a session that ended in another worker or at a command line may have to wait.
LOOK_EVERY = timedelta(seconds=1)
_AT_ONCE = 20
_GONE = "the client is disabled or no longer wants to hear"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Letter:
    """A delivery with whom it is for, and where it is sent to."""

    delivery: Delivery
    client: Client
    uri: str


class Deliveries:
    """Sends what waits in the outbox; all workers may do so at once."""

    def __init__(
        self, settings: Settings, database: Database, registry: Registry, issuing: Issuing, outbound: Outbound
    ) -> None:
        self._database = database
        self._registry = registry
        self._issuing = issuing
        self._outbound = outbound
        # Longer than any try, with the keys fetched for it and what is written before and after: until then, nobody else tries.
        self._lease = 2 * settings.outbound.timeout + 2 * settings.database.timeout
        self.errands = Errands(_AT_ONCE, failed=_tell_failed)
        self.bell = self.errands.bell
        database.bells.listen(outbox.BELL, self.bell.set)

    async def work(self) -> None:
        """Start as many deliveries as there is room for; one that hangs holds up no other."""
        if room := self.errands.room:
            for letter in await self._database.run(self._claim, room):
                self.errands.set_out(self._send(letter))

    async def finish(self) -> None:
        """Wait for what is under way."""
        await self.errands.finish()

    def _claim(self, count: int) -> list[Letter]:
        with self._database.autocommit() as connection:
            claimed = outbox.claim(connection, count, self._lease)
        return [letter for delivery in claimed if (letter := self._addressed(delivery))]

    def _addressed(self, delivery: Delivery) -> Letter | None:
        client = self._registry.find(delivery.client_id)
        uri = client.metadata.backchannel_logout_uri if client else None
        if client is None or uri is None:
            self._give_up(delivery, _GONE)
            return None
        return Letter(delivery, client, uri)

    def _token(self, letter: Letter, envelope: Envelope) -> str:
        """What is sent: signed and encrypted as the client's ID tokens are (Back-Channel Logout §2.4)."""
        client, delivery = letter.client, letter.delivery
        signed = logout_token.sign(
            self._issuing.ring.current(client.metadata.id_token_signed_response_alg),
            self._issuing.issuer,
            client_id=client.client_id,
            subject=self._issuing.subject(client, delivery.user_id),
            session_id=delivery.session_id,
        )
        return envelope.around(signed)

    async def _send(self, letter: Letter) -> None:
        try:
            envelope = await self._database.run(self._issuing.id_token_envelope, letter.client)
        except Unavailable as failure:
            await self._database.run(self._failed, letter.delivery, failure.because)
        else:
            await self._post(letter, await self._database.run(self._token, letter, envelope))

    async def _post(self, letter: Letter, token: str) -> None:
        delivery = letter.delivery
        try:
            answer = await self._outbound.post_form(letter.uri, {"logout_token": token})
        except OutboundPaused as failure:
            await self._database.run(self._postpone, delivery, failure.because)
        except OutboundFailed as failure:
            await self._database.run(self._failed, delivery, failure.because)
        else:
            if answer.is_success:
                await self._database.run(self._delivered, delivery)
            else:
                await self._database.run(self._failed, delivery, f"answered with status {answer.status}")

    def _delivered(self, delivery: Delivery) -> None:
        metrics.logout_deliveries.labels("delivered").inc()
        with self._database.transaction() as session:
            outbox.settle(session, delivery)
            trail.record(
                session,
                Event.LOGOUT_DELIVERED,
                user_id=delivery.user_id,
                client_id=delivery.client_id,
                session_id=delivery.session_id,
                attempts=delivery.attempts,
            )

    def _failed(self, delivery: Delivery, reason: str) -> None:
        if outbox.is_last(delivery):
            self._give_up(delivery, reason)
            return
        metrics.logout_deliveries.labels("failed").inc()
        with self._database.transaction() as session:
            outbox.try_again(session, delivery, reason[:255])

    def _postpone(self, delivery: Delivery, reason: str) -> None:
        if outbox.has_grown_old(delivery):
            self._give_up(delivery, reason)
            return
        with self._database.transaction() as session:
            outbox.postpone(session, delivery, reason[:255])

    def _give_up(self, delivery: Delivery, reason: str) -> None:
        metrics.logout_deliveries.labels("abandoned").inc()
        with self._database.transaction() as session:
            outbox.settle(session, delivery, reason[:255])
            trail.record(
                session,
                Event.LOGOUT_ABANDONED,
                user_id=delivery.user_id,
                client_id=delivery.client_id,
                session_id=delivery.session_id,
                attempts=delivery.attempts,
                reason=reason[:255],
            )


def _tell_failed(error: BaseException) -> None:
    # The database, most likely. The lease ends, and the client is told a second time rather than never.
    log.error("logout_delivery_failed", error=type(error).__name__)
