"""Errors that are expected, and what the caller is told of them.

Every refusal has two texts: what the caller is told, and `because`, which only the log may know.
"""


class Refused(Exception):
    """A request that we understood and refuse; what it wrote so far is kept (a failed sign-in counts)."""

    def __init__(self, told: str, *, because: str = "") -> None:
        super().__init__(told)
        self.told = told
        self.because = because


class BadRequest(Refused):
    """A request that cannot be read; `status` is its HTTP status."""

    def __init__(self, told: str, *, because: str = "", status: int = 400) -> None:
        super().__init__(told, because=because)
        self.status = status


class Unavailable(Refused):
    """Something we need is down or full; worth trying again after `retry_after` seconds."""

    def __init__(self, told: str, *, because: str = "", retry_after: int = 2) -> None:
        super().__init__(told, because=because)
        self.retry_after = retry_after


class Misconfigured(Exception):
    """The server must not start like this; the text says why and what to do."""
