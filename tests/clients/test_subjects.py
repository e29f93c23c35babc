"""By which `sub` a client knows a person."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from oidc_server.clients import subjects
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.foundation.sealing import Sealing

ALICE, BOB = UUID(int=1), UUID(int=2)
SEALING = Sealing({1: bytes(32)})


def pairwise(*redirect_uris: str, **members: str) -> ClientMetadata:
    document = {"subject_type": "pairwise", "redirect_uris": list(redirect_uris), **members}
    return ClientMetadata.model_validate(document)


SHOP = pairwise("https://shop.example.com/a", "https://shop.example.com/b")
NEWS = pairwise("https://news.example.com/")


def test_a_public_subject_is_the_users_own_id() -> None:
    public = ClientMetadata.model_validate({"redirect_uris": ["https://shop.example.com/"]})

    assert subjects.of(SEALING, public, ALICE) == str(ALICE)


def test_pairwise_subjects_differ_by_sector_and_person_and_never_change() -> None:
    known = [subjects.of(SEALING, of, who) for of in (SHOP, NEWS) for who in (ALICE, BOB)]  # Core §8.1

    assert len(set(known)) == 4
    assert str(ALICE) not in known
    assert known[0] == subjects.of(SEALING, pairwise("https://shop.example.com:8443/x"), ALICE)
    assert all(len(one) <= 255 and one.isascii() for one in known)  # Core §8


def test_a_client_knows_people_by_other_subjects_when_its_sector_changes_and_then_alone() -> None:
    public = ClientMetadata.model_validate({"redirect_uris": ["https://shop.example.com/"]})
    moved = ClientMetadata.model_validate({"redirect_uris": ["https://news.example.com/"]})

    assert subjects.differ(public, SHOP)
    assert subjects.differ(SHOP, public)
    assert subjects.differ(SHOP, NEWS)
    assert not subjects.differ(public, moved)
    assert not subjects.differ(SHOP, pairwise("https://shop.example.com/other"))


def test_a_new_version_of_the_master_key_changes_no_subject() -> None:
    renewed = Sealing({1: bytes(32), 2: bytes([7]) * 32})

    assert subjects.of(renewed, SHOP, ALICE) == subjects.of(SEALING, SHOP, ALICE)


def test_one_sector_stands_for_several_hosts() -> None:
    both = ("https://shop.example.com/", "https://shop.example.org/")
    joined = pairwise(*both, sector_identifier_uri="https://shop.example.com/uris.json")

    assert joined.sector == "shop.example.com"  # Core §8.1, OpenID Connect Registration §5
    assert subjects.of(SEALING, joined, ALICE) == subjects.of(SEALING, SHOP, ALICE)
    with pytest.raises(ValidationError, match="sector_identifier_uri"):
        pairwise(*both)
    with pytest.raises(ValidationError, match="https"):
        pairwise(*both, sector_identifier_uri="http://shop.example.com/uris.json")
