"""Deciding about a device: what a person's yes or no changes, each in one transaction."""

from oidc_server.accounts.current import Current
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.consents import memory
from oidc_server.foundation import clock
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import ledger
from oidc_server.tokens import device, grants
from oidc_server.tokens.grants import Authentication, Request
from oidc_server.tokens.models import DeviceRequest


def allow(server: AuthorizationServer, request: DeviceRequest, person: Current) -> bool:
    """Make the grant that the device may fetch, and remember the consent; whether there was still something to decide."""
    client = server.query_client(request.client_id)
    if client is None:
        return False
    asked = Request(
        request.client_id,
        frozenset(request.scopes),
        resources=frozenset(request.resources or ()),
        with_refresh_token=client.may_use("refresh_token"),
    )
    # Not bound to the session: that is this browser's, and the device is another.
    proof = Authentication(person.session.authenticated_at, person.session.acr, tuple(person.session.amr))
    # The grant's code is the device code, and lives as long.
    lifetimes = server.issuing.lifetimes.model_copy(update={"authorization_code": request.expires_at - clock.now()})
    with server.database.transaction() as session:
        if not ledger.hold(session, person.session.id) or not device.decide(session, request.id, "allow"):
            return False
        memory.give(session, person.user.id, request.client_id, asked.scopes)
        grants.make(session, lifetimes, person.user.id, asked, proof, grant_id=request.id, rests_on_consent=True)
        allowed = " ".join(request.scopes)
        trail.record(session, Event.CONSENT_GIVEN, client_id=request.client_id, **person.ids, scope=allowed)
        trail.record(
            session,
            Event.DEVICE_APPROVED,
            client_id=request.client_id,
            grant_id=request.id,
            **person.ids,
            scope=allowed,
            device_address=request.address,
        )
    return True


def deny(server: AuthorizationServer, request: DeviceRequest, person: Current) -> bool:
    """Write the refusal down; whether there was still something to decide."""
    with server.database.transaction() as session:
        if not device.decide(session, request.id, "deny"):
            return False
        trail.record(session, Event.DEVICE_DENIED, client_id=request.client_id, **person.ids)
    return True
