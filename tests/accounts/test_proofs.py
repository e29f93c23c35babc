"""What is due next: the rules alone, without HTTP and database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.accounts import proofs
from oidc_server.accounts.proofs import Step, is_required, next_step, with_second
from oidc_server.accounts.sign_in import PASSWORD
from oidc_server.sessions.ledger import Proof
from oidc_server.settings.accounts import FactorSettings


def step(proof: Proof = PASSWORD, *, has: bool = False, required: bool = False, trusted: bool = False) -> Step:
    return next_step(proof, has_factor=has, is_required=required, is_trusted=trusted)


def test_a_password_is_enough_for_those_who_have_no_factor_and_need_none() -> None:
    assert step() is Step.NOTHING


def test_who_has_a_factor_is_asked_for_it() -> None:
    assert step(has=True) is Step.SECOND_FACTOR
    assert step(has=True, required=True) is Step.SECOND_FACTOR


def test_who_must_have_a_factor_and_has_none_adds_one() -> None:
    assert step(required=True) is Step.ENROLMENT


def test_a_trusted_browser_stands_in_for_the_factor_but_not_for_having_one() -> None:
    assert step(has=True, trusted=True) is Step.NOTHING
    assert step(required=True, trusted=True) is Step.ENROLMENT


@given(st.booleans(), st.booleans(), st.booleans(), st.sampled_from([proofs.CODE, proofs.KEY]))
def test_two_factors_are_always_enough(has: bool, required: bool, trusted: bool, methods: tuple[str, ...]) -> None:
    for proof in (with_second(PASSWORD, methods), proofs.PASSKEY):
        assert step(proof, has=has, required=required, trusted=trusted) is Step.NOTHING


def test_a_proof_says_honestly_how_it_came_about() -> None:
    assert with_second(PASSWORD, proofs.CODE) == Proof("2", ("pwd", "otp", "mfa"))  # RFC 8176 §2
    assert with_second(PASSWORD, proofs.KEY) == Proof("2", ("pwd", "pop", "user", "mfa"))
    assert Proof("2", ("pop", "user", "mfa")) == proofs.PASSKEY


@pytest.mark.parametrize(
    ("policy", "roles", "expected"),
    [
        ({}, ["admin"], False),
        ({"required_for": "administrators"}, ["admin"], True),
        ({"required_for": "administrators"}, ["clerk"], False),
        ({"required_for": "everybody"}, [], True),
        ({"required_roles": "clerk, boss"}, ["clerk"], True),
        ({"required_roles": "clerk", "required_for": "administrators"}, ["admin"], True),
        ({"required_roles": "clerk"}, ["admin"], False),
    ],
)
def test_the_policy_says_who_must_have_a_factor(policy: dict[str, str], roles: list[str], expected: bool) -> None:
    assert is_required(FactorSettings.model_validate(policy), roles) is expected
