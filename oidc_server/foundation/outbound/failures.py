"""What goes wrong when we call others."""


class OutboundFailed(Exception):
    """A call that brought no answer; `because` is for the log and for operators, never for who caused the call."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


class OutboundPaused(OutboundFailed):
    """Nobody was called: that host failed several times in a row and is left alone for a moment."""


class OutboundForbidden(OutboundFailed):
    """Nobody was called: this address must not be."""
