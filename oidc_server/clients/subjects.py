"""Subjects: by which `sub` a client knows a person (OpenID Connect Core §8)."""

from uuid import UUID

from oidc_server.clients.metadata import ClientMetadata
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.sealing import Sealing

_PURPOSE = "pairwise subject"


def of(sealing: Sealing, metadata: ClientMetadata, user_id: UUID) -> str:
    """The user's own id, or, for a pairwise client, one that only clients of its sector share (Core §8.1)."""
    if metadata.subject_type != "pairwise" or metadata.sector is None:
        return str(user_id)
    return b64url(sealing.lasting(_PURPOSE, metadata.sector.encode() + b"\0" + user_id.bytes))
