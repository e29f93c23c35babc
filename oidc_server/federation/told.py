"""What an upstream has told of one person, in our own words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oidc_server.federation.definition import CLAIMS, WebUpstream

MAX_SUBJECT = 255
_METHOD = re.compile(r"[!-~]{1,32}")
_MAX_METHODS = 10


@dataclass(frozen=True)
class Told:
    """One subject of one issuer, and what it says of them."""

    upstream: str
    issuer: str
    subject: str
    claims: Mapping[str, Any]
    """Under our own names; nothing here has been looked at."""
    email: str | None = None
    email_verified: bool = False
    amr: tuple[str, ...] = ()
    """How it knew them, where that is believed."""
    authenticated_at: datetime | None = None
    """When they proved there who they are, where that is told."""

    @property
    def label(self) -> str | None:
        """What they are called there."""
        for name in (self.email, self.claims.get("preferred_username"), self.claims.get("name")):
            if isinstance(name, str) and name.strip():
                return name[:255]
        return None


def mapped(upstream: WebUpstream, claims: Mapping[str, Any]) -> dict[str, Any]:
    """Its claims under our own names: an OpenID provider's have them already, unless the operator says otherwise."""
    usual = {name: name for name in CLAIMS} if upstream.kind == "oidc" else {}
    return {ours: claims[its] for ours, its in {**usual, **upstream.claims}.items() if claims.get(its) is not None}


def email_of(values: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The e-mail address, and whether it is said to be theirs: `true`, and not just a word like it (Core §5.1)."""
    email = values.get("email")
    if not isinstance(email, str) or "@" not in email or len(email) > 320:
        return None, False
    return email, values.get("email_verified") is True


def methods(amr: Any) -> tuple[str, ...]:
    """How it says that it knew somebody: names as RFC 8176 has them, and nothing that could be anything else."""
    listed = amr if isinstance(amr, list) else []
    return tuple(one for one in listed if isinstance(one, str) and _METHOD.fullmatch(one))[:_MAX_METHODS]


def is_in_domains(told: Told, domains: tuple[str, ...]) -> bool:
    """Whether the person's verified address lies in one of these domains, or any will do."""
    if not domains:
        return True
    return told.email is not None and told.email_verified and told.email.rpartition("@")[2].lower() in domains
