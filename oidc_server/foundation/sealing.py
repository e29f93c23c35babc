"""Sealing: encryption and MACs under the master key, which never touches the database.

Each purpose has keys of its own, derived from the master key (HKDF), so that a value made for one place is junk at every
other. The first byte of a sealed value or MAC is the version of the master key it was made with; older versions still open.
"""

import hmac
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from oidc_server.foundation.encoding import b64url, compact_json, from_b64url
from oidc_server.foundation.errors import Misconfigured

FILE_NAME = "master.key"
_NONCE_BYTES = 12
_MAC_BYTES = 32


class Sealing:
    """Seals, opens and authenticates under the versions of one master key."""

    def __init__(self, master_keys: Mapping[int, bytes]) -> None:
        self._master_keys = dict(master_keys)
        self._version = max(master_keys)
        self._derived = lru_cache(maxsize=256)(self._derive)

    def _derive(self, version: int, purpose: str) -> bytes:
        info = f"oidc-server {purpose}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._master_keys[version])

    def seal(self, purpose: str, data: bytes, about: bytes = b"") -> bytes:
        """Encrypt and authenticate `data`; it opens only for the same purpose and the same `about`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        key = self._derived(self._version, "seal " + purpose)
        return bytes([self._version]) + nonce + AESGCM(key).encrypt(nonce, data, about)

    def open(self, purpose: str, sealed: bytes, about: bytes = b"") -> bytes:
        """What was sealed; ValueError if it was not sealed here, for this purpose, about this."""
        version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if not version or version[0] not in self._master_keys:
            raise ValueError("sealed under an unknown master key")
        try:
            return AESGCM(self._derived(version[0], "seal " + purpose)).decrypt(nonce, rest, about)
        except (InvalidTag, ValueError) as error:
            raise ValueError("not sealed here") from error

    def seal_json(self, purpose: str, value: Any, about: bytes = b"") -> str:
        """Seal a JSON value into text that fits a URL."""
        return b64url(self.seal(purpose, compact_json(value), about))

    def open_json(self, purpose: str, sealed: str, about: bytes = b"") -> Any:
        """Open what `seal_json` sealed; ValueError like `open`."""
        return json.loads(self.open(purpose, from_b64url(sealed), about))

    def mac(self, purpose: str, data: bytes) -> bytes:
        """A MAC over `data` (HMAC-SHA-256), behind the version byte of its key: 33 bytes."""
        return bytes([self._version]) + hmac.digest(self._derived(self._version, "mac " + purpose), data, "sha256")

    def verifies(self, purpose: str, data: bytes, mac: bytes) -> bool:
        """Whether `mac` was made here over `data`, in a time that doesn't tell how wrong it is."""
        if len(mac) != 1 + _MAC_BYTES or mac[0] not in self._master_keys:
            return False
        return hmac.compare_digest(mac[1:], hmac.digest(self._derived(mac[0], "mac " + purpose), data, "sha256"))

    def lasting(self, purpose: str, data: bytes) -> bytes:
        """A keyed hash that stays the same when the master key gets new versions, as long as its first one is kept."""
        return hmac.digest(self._derived(min(self._master_keys), "lasting " + purpose), data, "sha256")

    def stamp(self, purpose: str, data: bytes) -> str:
        """`data` with a MAC behind it, as text that fits a URL: derived again and again, stored nowhere."""
        return b64url(data + self.mac(purpose, data))

    def stamped(self, purpose: str, text: str) -> bytes:
        """The data that `stamp` stamped; ValueError for anything else."""
        raw = from_b64url(text)
        data, mac = raw[: -_MAC_BYTES - 1], raw[-_MAC_BYTES - 1 :]
        if not self.verifies(purpose, data, mac):
            raise ValueError("not stamped here")
        return data

    def fingerprint(self, purpose: str, text: str) -> str:
        """A keyed hash by which a high-entropy secret is recognised; worthless without the master key."""
        return b64url(self.mac(purpose, text.encode()))

    def recognises(self, purpose: str, text: str, fingerprint: str) -> bool:
        """Whether `text` has this fingerprint."""
        return self.verifies(purpose, text.encode(), from_b64url(fingerprint))


def load(folder: Path, *, strict: bool) -> Sealing:
    """Read the master key; Misconfigured if it is missing, unreadable or, when `strict`, readable by others."""
    path = folder / FILE_NAME
    if not path.exists():
        raise Misconfigured(
            f"The master key {path} is missing. Put the one this database was made with there"
            " (OIDC_KEYS_DIR says where), or run `oidc-server migrate` on a new database to make one."
        )
    if strict and os.name == "posix" and path.stat().st_mode & 0o077:
        raise Misconfigured(f"The master key {path} can be read by others than its owner: run `chmod 600 {path}`.")
    return Sealing(_read(path))


def exists(folder: Path) -> bool:
    """Whether there is a master key in this folder."""
    return (folder / FILE_NAME).exists()


def create(folder: Path) -> Sealing:
    """Make a new master key, readable by its owner only; FileExistsError if there is one already."""
    path = folder / FILE_NAME
    draft = folder / f".{FILE_NAME}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Misconfigured(f"OIDC_KEYS_DIR names {folder}, where no key can be kept: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"1 {b64encode(secrets.token_bytes(32)).decode()}\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never over an older key.
        os.link(draft, path)
    finally:
        draft.unlink()
    return Sealing(_read(path))


def _read(path: Path) -> dict[int, bytes]:
    """The versions in the file: one a line, a number from 1 to 255 and 32 bytes in base64."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeError) as error:
        raise Misconfigured(f"The master key {path} cannot be read: {type(error).__name__}.") from error
    found: dict[int, bytes] = {}
    for line in filter(None, map(str.strip, lines)):
        number, _, text = line.partition(" ")
        try:
            version, key = int(number), b64decode(text, validate=True)
        except ValueError:
            version, key = 0, b""
        if not 1 <= version <= 255 or len(key) != 32 or version in found:
            raise Misconfigured(
                f"The master key {path} is damaged: each line must be a version (1 to 255) and 32 bytes in base64."
            )
        found[version] = key
    if not found:
        raise Misconfigured(f"The master key {path} is empty.")
    return found
