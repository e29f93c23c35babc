"""Software statements: whose are believed, and what they say wins (RFC 7591 §2.3, §3.1.1)."""

import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oidc_server.clients import software_statements
from oidc_server.foundation import clock
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.errors import Misconfigured
from oidc_server.settings.model import Settings
from tests.actors.applicant import Applicant
from tests.conftest import Template, make_settings
from tests.oauth.test_forged_tokens import b64

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ISSUER = "https://statements.example.com"
OTHER = "https://other.example.com"
RSA = rsa.generate_private_key(65537, 2048)
THIEF = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def jwk(key: Any, kid: str) -> dict[str, Any]:
    algorithm: Any = jwt.algorithms.ECAlgorithm if kid == "ES256" else jwt.algorithms.RSAAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}


@pytest.fixture
def settings(database_url: str, template: Template, tmp_path: Path) -> Settings:
    """One issuer is believed, and another with a key of its own."""
    keys = [jwk(RSA, "RSA"), jwk(EC, "ES256")]
    file = tmp_path / "statements.json"
    file.write_text(json.dumps({ISSUER: {"keys": keys}, OTHER: {"keys": [jwk(EC, "ES256")]}}))
    registration = {"mode": "open", "software_statement_keys_file": file}
    return make_settings(database_url, template.keys, registration=registration)


def statement(
    key: Any = RSA, algorithm: str = "RS256", issuer: str = ISSUER, head: dict[str, Any] | None = None, **claims: Any
) -> str:
    stated = {"iss": issuer, "software_id": "the-app", "client_name": "The Approved App", **claims}
    header = {"kid": "ES256" if algorithm == "ES256" else "RSA", **(head or {})}
    return jwt.encode(stated, key, algorithm, headers=header)


@SQLITE
@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
async def test_what_a_statement_says_wins_over_the_plain_members(
    applicant: Applicant, key: Any, algorithm: str
) -> None:
    text = statement(key, algorithm, tos_uri="https://app.example.com/terms", unknown=1)
    plain = {"client_name": "Google", "client_name#de": "Google", "software_version": "2"}

    client = await applicant.register(software_statement=text, **plain)

    assert client.told["client_name"] == "The Approved App"  # RFC 7591 §3.1.1
    assert "client_name#de" not in client.told
    assert client.told["tos_uri"] == "https://app.example.com/terms"
    assert client.told["software_version"] == "2"
    assert client.told["software_statement"] == text  # RFC 7591 §3.2.1: returned unmodified
    assert (await client.read()).json()["software_statement"] == text


async def test_a_statement_counts_again_when_the_client_replaces_its_registration(
    applicant: Applicant, held_clock: HeldClock
) -> None:
    expires = int((clock.now() + timedelta(hours=1)).timestamp())
    client = await applicant.register(software_statement=statement(exp=expires))
    held_clock.move(timedelta(days=1))

    again = await client.replace({**client.document, "client_name": "Google"})
    without = await client.replace(
        {name: value for name, value in client.document.items() if name != "software_statement"}
    )

    assert again.json()["client_name"] == "The Approved App"
    assert again.json()["software_statement"] == client.told["software_statement"]
    assert "software_statement" not in without.json()


@SQLITE
async def test_a_statement_can_set_nothing_that_only_operators_may(applicant: Applicant) -> None:
    error, _ = await applicant.refused(software_statement=statement(grant_types=["password"]))

    assert error == "invalid_client_metadata"  # RFC 7591 §2.3, RFC 9700 §2.4
    assert "skip_consent" not in (await applicant.register(software_statement=statement(skip_consent=True))).told


def with_public_key_as_secret(body: str) -> str:
    """The oldest trick: an HMAC whose key is the public key that everybody knows (RFC 8725 §2.1)."""
    signed = ".".join((b64(json.dumps({"alg": "HS256", "kid": "RSA"})), body))
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{signed}.{b64(hmac.digest(public, signed.encode(), 'sha256'))}"


def forged() -> list[tuple[Any, str]]:
    good = statement()
    head, body, signature = good.split(".")
    past = int((clock.now() - timedelta(seconds=1)).timestamp())
    future = int((clock.now() + timedelta(hours=1)).timestamp())
    return [
        (7, "invalid_software_statement"),
        ("", "invalid_software_statement"),
        ("x", "invalid_software_statement"),
        ("a.b.c", "invalid_software_statement"),
        (f"{head}.{body}.", "invalid_software_statement"),
        (f"{head}.{body}.{signature[:-4]}AAAA", "invalid_software_statement"),
        (statement(issuer="https://stranger.example.com"), "unapproved_software_statement"),
        (statement(issuer=OTHER), "invalid_software_statement"),  # one issuer's key signs for no other
        (statement(rsa.generate_private_key(65537, 2048)), "invalid_software_statement"),
        (statement(exp=past), "invalid_software_statement"),
        (statement(exp="tomorrow"), "invalid_software_statement"),
        (statement(nbf=future), "invalid_software_statement"),
        (jwt.encode({"software_id": "x"}, RSA, "RS256"), "invalid_software_statement"),
        (".".join((b64(json.dumps({"alg": "none"})), body, "")), "invalid_software_statement"),
        (with_public_key_as_secret(body), "invalid_software_statement"),
        (good + "A" * 20_000, "invalid_software_statement"),
        (nested(), "invalid_software_statement"),
        (statement(client_name="\ud800"), "invalid_software_statement"),
        (statement(software_version="a\0b"), "invalid_software_statement"),
        *((statement(head=header), "invalid_software_statement") for header in ({"crit": ["exp"]}, {"kid": "unknown"})),
        *((statement(THIEF, head=header), "invalid_software_statement") for header in own_keys()),
    ]


def own_keys() -> list[dict[str, Any]]:
    """Headers with which a statement brings the key that it was signed with."""
    kid = {"kid": "thief"}
    return [
        {"jwk": jwk(THIEF, "thief"), **kid},
        {"jku": "https://thief.example.com/jwks", **kid},
        {"x5u": "https://thief.example.com/x.pem", **kid},
        {"jwk": jwk(THIEF, "RSA")},
    ]


def nested() -> str:
    return ".".join((b64(json.dumps({"alg": "RS256"})), b64("[" * 5000 + "]" * 5000), "AAAA"))


@SQLITE
async def test_a_statement_that_is_not_to_be_believed_is_refused(applicant: Applicant) -> None:
    for text, error in forged():
        response = await applicant.ask(software_statement=text)

        assert (response.status_code, response.json()["error"]) == (400, error), text  # RFC 7591 §3.2.2


def test_without_a_file_no_statement_is_believed() -> None:
    with pytest.raises(software_statements.Unapproved):  # RFC 7591 §2.3
        software_statements.load(None).read(statement())


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"iss": {}}',
        '{"iss": {"keys": []}}',
        '{"iss": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}',
        '{"iss": {"keys": [{"kty": "RSA"}]}}',
        json.dumps({"iss": {"keys": [jwt.algorithms.RSAAlgorithm.to_jwk(RSA, as_dict=True)]}}),
    ],
)
def test_a_file_that_is_no_set_of_public_keys_keeps_the_server_from_starting(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)

    with pytest.raises(Misconfigured, match="OIDC_REGISTRATION_SOFTWARE_STATEMENT_KEYS_FILE"):
        software_statements.load(file)


def test_a_file_that_is_missing_keeps_the_server_from_starting(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        software_statements.load(tmp_path / "missing.json")
