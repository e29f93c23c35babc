"""Export: all that is kept of a person, as they may take it with them (GDPR, articles 15 and 20)."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from oidc_server.accounts import claims, passkeys, pictures, tagged, totp, trusted_browsers
from oidc_server.accounts.models import Picture, User
from oidc_server.audit import history
from oidc_server.consents import memory
from oidc_server.federation import identities
from oidc_server.foundation import images
from oidc_server.sessions import ledger
from oidc_server.tokens import grants

_EVENTS_AT_MOST = 10_000
#: Claims that clients are told in a form of their own.
_TOLD_ABOVE = frozenset({"sub", "updated_at"})


def of(session: Session, user: User, more: Mapping[str, Any]) -> dict[str, Any]:
    """Their account, sessions, factors, accounts elsewhere, permissions and history; nothing to be used in their place.

    `more` is what other rooms keep of them.
    """
    return {
        "account": _account(user),
        "picture": _picture(pictures.of(session, user.id)),
        "sessions": _sessions(session, user.id),
        "factors": _factors(session, user.id),
        "trusted_browsers": _trusted_browsers(session, user.id),
        "upstreams": [
            {"upstream": one.upstream, "issuer": one.issuer, "sub": one.subject, "linked_at": one.linked_at}
            for one in identities.list_of(session, user.id)
        ],
        "permissions": [
            {"client_id": one.client_id, "scope": " ".join(one.scopes), "given_at": one.given_at}
            for one in memory.list_of(session, user.id)
        ],
        "applications": sorted(grants.clients_of(session, user.id)),
        "history": [
            {"at": one.at, "event": one.event, "client_id": one.client_id, "address": one.address}
            for one in history.read(session, user.id, count=_EVENTS_AT_MOST)
        ],
        **more,
    }


def _account(user: User) -> dict[str, Any]:
    return {
        "sub": str(user.id),
        "username": user.username,
        "roles": user.roles,
        "groups": user.groups or [],
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "terms_version": user.terms_version,
        "terms_accepted_at": user.terms_accepted_at,
        **claims.named(user, [name for name in claims.SUPPORTED if name not in _TOLD_ABOVE]),
        **tagged.of(user.claims),
    }


def _sessions(session: Session, user_id: UUID) -> list[dict[str, Any]]:
    return [
        {
            "sid": str(one.id),
            "started_at": one.created_at,
            "authenticated_at": one.authenticated_at,
            "amr": one.amr,
            "last_seen_at": one.last_seen_at,
            "expires_at": one.expires_at,
            "address": one.address,
            "user_agent": one.user_agent,
        }
        for one in ledger.list_live(session, user_id)
    ]


def _trusted_browsers(session: Session, user_id: UUID) -> list[dict[str, Any]]:
    return [
        {
            "trusted_at": one.created_at,
            "last_used_at": one.last_used_at,
            "expires_at": one.expires_at,
            "address": one.address,
            "user_agent": one.user_agent,
        }
        for one in trusted_browsers.list_of(session, user_id)
    ]


def _factors(session: Session, user_id: UUID) -> list[dict[str, Any]]:
    app = totp.find(session, user_id)
    apps = [{"kind": "authenticator", "added_at": app.created_at, "last_used_at": app.last_used_at}] if app else []
    return apps + [
        {"kind": "passkey", "name": one.name, "added_at": one.created_at, "last_used_at": one.last_used_at}
        for one in passkeys.list_of(session, user_id)
    ]


def _picture(known: Picture | None) -> dict[str, Any] | None:
    if known is None:
        return None
    content = b64encode(known.content).decode()
    return {"uploaded_at": known.created_at, "media_type": images.MEDIA_TYPE, "base64": content}
