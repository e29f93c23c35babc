"""Proofs: what a person has proven of who they are, and what is due next.

Pure: values in, a step or a stronger proof out. The methods' names are those of RFC 8176 and its registry.
"""

from collections.abc import Collection
from dataclasses import replace
from enum import Enum

from oidc_server.accounts.directory import ADMINISTRATOR
from oidc_server.sessions.ledger import Proof
from oidc_server.settings.accounts import FactorSettings

#: One factor; two of them, or a passkey that knows its owner.
ONE, TWO = "1", "2"
CLASSES = (ONE, TWO)

#: A code of an authenticator app or a recovery code: each is a password that works once.
CODE = ("otp",)
#: A key that nobody can show twice, and a person whom the authenticator knows; whether hardware holds it, nobody can tell.
KEY = ("pop", "user")
PASSKEY = Proof(TWO, (*KEY, "mfa"))


class Step(Enum):
    """What a person does next to get in."""

    SECOND_FACTOR = "second factor"
    ENROLMENT = "enrolment"
    NOTHING = "nothing"


def next_step(proof: Proof, *, has_factor: bool, is_required: bool, is_trusted: bool) -> Step:
    """What is due after a proof, for a person who has a second factor or none, on a browser they trust or not."""
    if proof.acr != ONE:
        return Step.NOTHING
    if has_factor:
        return Step.NOTHING if is_trusted else Step.SECOND_FACTOR
    return Step.ENROLMENT if is_required else Step.NOTHING


def with_second(proof: Proof, methods: Collection[str]) -> Proof:
    """A proof made stronger by a second factor."""
    return replace(proof, acr=TWO, amr=tuple(dict.fromkeys((*proof.amr, *methods, "mfa"))))


def is_required(policy: FactorSettings, roles: Collection[str]) -> bool:
    """Whether a person with these roles must have a second factor."""
    if policy.required_for == "everybody":
        return True
    demanding = {*policy.required_roles, *((ADMINISTRATOR,) if policy.required_for == "administrators" else ())}
    return not demanding.isdisjoint(roles)
