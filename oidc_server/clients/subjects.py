"""Subjects: by which `sub` a client knows a person (OpenID Connect Core §8)."""

from uuid import UUID

from oidc_server.clients.metadata import ClientMetadata
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.sealing import Sealing

_PURPOSE = "pairwise subject"


def of(sealing: Sealing, metadata: ClientMetadata, user_id: UUID) -> str:
    """The user's own id, or, for a pairwise client, one that only clients of its sector share (Core §8.1)."""
    sector = _sector(metadata)
    if sector is None:
        return str(user_id)
    return b64url(sealing.lasting(_PURPOSE, sector.encode() + b"\0" + user_id.bytes))


def differ(before: ClientMetadata, after: ClientMetadata) -> bool:
    """Whether a client that is registered anew knows people by other subjects from now on."""
    return _sector(before) != _sector(after)


def _sector(metadata: ClientMetadata) -> str | None:
    return metadata.sector if metadata.subject_type == "pairwise" else None
