"""Sealing: what is made here, for one purpose, opens here for that purpose and nowhere else."""

import os
import stat
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation import sealing
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.sealing import FILE_NAME, Sealing

OURS, OTHER = Sealing({1: b"a" * 32}), Sealing({1: b"b" * 32})
OLD, BOTH, NEW = Sealing({1: b"a" * 32}), Sealing({1: b"a" * 32, 2: b"c" * 32}), Sealing({2: b"c" * 32})
PURPOSES = st.text(min_size=1, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def opens(by: Sealing, purpose: str, sealed: bytes, about: bytes = b"") -> bool:
    try:
        by.open(purpose, sealed, about)
    except ValueError:
        return False
    return True


@given(purpose=PURPOSES, data=st.binary(), about=st.binary(max_size=20))
def test_what_is_sealed_opens(purpose: str, data: bytes, about: bytes) -> None:
    assert OURS.open(purpose, OURS.seal(purpose, data, about), about) == data


@given(purpose=PURPOSES, value=JSON)
def test_json_is_read_back(purpose: str, value: object) -> None:
    assert OURS.open_json(purpose, OURS.seal_json(purpose, value)) == value


@given(purpose=PURPOSES, other=PURPOSES, data=st.binary(max_size=20))
def test_it_opens_for_its_purpose_only(purpose: str, other: str, data: bytes) -> None:
    assert opens(OURS, other, OURS.seal(purpose, data)) == (other == purpose)


@given(about=st.binary(max_size=10), other=st.binary(max_size=10))
def test_it_opens_for_what_it_is_about_only(about: bytes, other: bytes) -> None:
    assert opens(OURS, "test", OURS.seal("test", b"data", about), other) == (other == about)


@given(data=st.binary(max_size=20), position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_flipped_bit_closes_it(data: bytes, position: int, bit: int) -> None:
    sealed = bytearray(OURS.seal("test", data))
    sealed[position % len(sealed)] ^= 1 << bit

    assert not opens(OURS, "test", bytes(sealed))


@given(junk=st.binary(max_size=80))
def test_junk_does_not_open(junk: bytes) -> None:
    assert not opens(OURS, "test", junk)


@given(junk=st.text(max_size=80))
def test_junk_is_no_json(junk: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        OURS.open_json("test", junk)


def test_another_master_key_does_not_open_it() -> None:
    assert not opens(OTHER, "test", OURS.seal("test", b"data"))


def test_the_same_data_is_sealed_differently_each_time() -> None:
    assert len({OURS.seal("test", b"data") for _ in range(50)}) == 50


def test_after_a_rotation_the_old_version_opens_and_the_new_one_seals() -> None:
    sealed, stamp, mark = OLD.seal("test", b"data"), OLD.stamp("test", b"data"), OLD.fingerprint("test", "text")

    assert BOTH.open("test", sealed) == b"data"
    assert BOTH.stamped("test", stamp) == b"data"
    assert BOTH.recognises("test", "text", mark)
    assert BOTH.seal("test", b"data")[0] == 2
    assert opens(NEW, "test", BOTH.seal("test", b"data"))
    assert not opens(NEW, "test", sealed)
    assert not NEW.recognises("test", "text", mark)


@given(purpose=PURPOSES, data=st.binary(max_size=40))
def test_what_is_stamped_is_read_back_and_always_the_same(purpose: str, data: bytes) -> None:
    assert OURS.stamped(purpose, OURS.stamp(purpose, data)) == data
    assert OURS.stamp(purpose, data) == OURS.stamp(purpose, data)


@given(purpose=PURPOSES, other=PURPOSES, data=st.binary(max_size=40))
def test_a_stamp_is_junk_for_another_purpose(purpose: str, other: str, data: bytes) -> None:
    if other == purpose:
        return
    with pytest.raises(ValueError, match="stamped"):
        OURS.stamped(other, OURS.stamp(purpose, data))


@given(junk=st.binary(max_size=80))
def test_nobody_can_make_a_stamp(junk: bytes) -> None:
    with pytest.raises(ValueError, match="stamped"):
        OURS.stamped("test", b64url(junk))


@given(data=st.binary(max_size=30), cut=st.integers(1, 40))
def test_no_part_of_a_stamp_is_a_stamp(data: bytes, cut: int) -> None:
    text = OURS.stamp("test", data)
    for part in (text[cut:], text[:-cut], text + "A" * cut):
        with pytest.raises(ValueError, match=r"."):
            OURS.stamped("test", part)


def test_a_mac_is_no_seal_and_a_seal_no_mac() -> None:
    assert not opens(OURS, "test", OURS.mac("test", b"data"))
    assert not OURS.verifies("test", b"data", OURS.seal("test", b"data"))


@given(text=st.text(st.characters(exclude_categories=["Cs"])), other=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_fingerprint_recognises_its_text_only(text: str, other: str) -> None:
    assert OURS.recognises("test", text, OURS.fingerprint("test", text))
    assert OURS.recognises("test", other, OURS.fingerprint("test", text)) == (other == text)


def test_a_new_master_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made = sealing.create(tmp_path / "keys")
    finally:
        os.umask(old)

    path = tmp_path / "keys" / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sealing.load(tmp_path / "keys", strict=True).open("test", made.seal("test", b"data")) == b"data"
    assert [one.name for one in (tmp_path / "keys").iterdir()] == [FILE_NAME]


def test_a_master_key_is_never_overwritten(tmp_path: Path) -> None:
    sealing.create(tmp_path)
    before = (tmp_path / FILE_NAME).read_bytes()

    with pytest.raises(FileExistsError):
        sealing.create(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [FILE_NAME]


def test_two_master_keys_are_never_the_same(tmp_path: Path) -> None:
    made = {
        (sealing.create(tmp_path / str(number)), (tmp_path / str(number) / FILE_NAME).read_text())
        for number in range(5)
    }

    assert len({text for _, text in made}) == 5


def test_a_missing_master_key_is_asked_for(tmp_path: Path) -> None:
    assert not sealing.exists(tmp_path)
    with pytest.raises(Misconfigured, match=FILE_NAME):
        sealing.load(tmp_path, strict=False)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o601])
def test_a_master_key_that_others_can_reach_is_refused_where_it_matters(tmp_path: Path, mode: int) -> None:
    sealing.create(tmp_path)
    (tmp_path / FILE_NAME).chmod(mode)

    sealing.load(tmp_path, strict=False)
    with pytest.raises(Misconfigured, match="chmod 600"):
        sealing.load(tmp_path, strict=True)


KEY = b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "1",
        KEY,
        f"0 {KEY}",
        f"256 {KEY}",
        f"-1 {KEY}",
        f"one {KEY}",
        f"1 {KEY[:-4]}",
        f"1 {KEY}AAAA",
        f"1 {KEY} extra",
        "1 " + "!" * 44,
        f"1 {KEY}\n1 {KEY}",
        f"1 {KEY}\ngarbage",
        "é",
    ],
)
def test_a_damaged_master_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")

    with pytest.raises(Misconfigured) as refusal:
        sealing.load(tmp_path, strict=False)
    assert FILE_NAME in str(refusal.value)
    assert KEY[:20] not in str(refusal.value)


@pytest.mark.parametrize(
    "text", [f"1 {KEY}", f"1 {KEY}\n", f"\n 1 {KEY} \r\n\n", f"1 {KEY}\n2 {b64encode(b'j' * 32).decode()}\n"]
)
def test_a_master_key_may_have_been_copied_by_hand(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(text.encode())

    loaded = sealing.load(tmp_path, strict=False)

    assert loaded.open("test", Sealing({1: b"k" * 32}).seal("test", b"data")) == b"data"
