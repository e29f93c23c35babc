"""The yardstick: CPU time of one RS256 signature with a 2048-bit key, which makes machines comparable."""

from time import process_time

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

_SIGNATURES = 100
_PAYLOAD = bytes(400)


class Yardstick:
    """One key, and how long each batch of signatures with it took."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.batches: list[float] = []

    def measure(self, batches: int = 5) -> None:
        """Sign a few batches now, while nothing else runs."""
        self._sign()
        self.batches += [self._sign() for _ in range(batches)]

    def _sign(self) -> float:
        """Seconds of CPU for one signature."""
        started_at = process_time()
        for _ in range(_SIGNATURES):
            self._key.sign(_PAYLOAD, padding.PKCS1v15(), SHA256())
        return (process_time() - started_at) / _SIGNATURES
