"""Serving: uvicorn, with the limits on a connection that it lacks, and the certificate of its peer.

Without limits, somebody could hold connections open for ever by sending one header a minute or by not reading what we answer,
or fill the memory with headers or with requests that wait for their turn.
"""

import asyncio
import ssl
from collections.abc import Sized
from typing import Any

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65536
#: Requests that may wait on one connection for the answers before theirs.
MAX_WAITING = 100
#: What says how long a body is.
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
#: How long the other side may take to hear our last words. TLS would wait for its goodbye, and read on all the while.
_GOODBYE_SECONDS = 2


class DeadlineProtocol(HttpToolsProtocol):
    """An HTTP connection that is closed when a request's head or body takes too long, or its head grows too large.

    An answer may be out already: a body that nobody reads must end in time all the same, or the connection does.
    """

    header_deadline_seconds = 10.0
    body_deadline_seconds = 25.0
    unread_deadline_seconds = 60.0
    """How long the other side may leave more of our answers unread than a connection holds."""
    _deadline: asyncio.TimerHandle | None = None
    _unread_deadline: asyncio.TimerHandle | None = None
    _head_is_open = True
    _is_between = False
    """Whether a request is complete and the next has not begun."""
    _has_just_ended = False
    """Whether what was received last completed a request."""
    _head_bytes = 0
    _is_going_on = False
    """Whether the head that is read now is one of ours, before a body whose own head has been read."""
    _extensions: dict[str, Any] | None = None
    """What is known of this connection alone; every request on it gets a copy."""

    def connection_made(self, transport: Any) -> None:
        """Start the clock for the first request."""
        super().connection_made(transport)
        self.parser = _Parser(self)
        self.flow = _Flow(transport, self.pipeline)
        if (tls := _asked_for_certificate(transport)) is not None:
            self._extensions = {"tls": tls}
        self._start_deadline(self.header_deadline_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_deadline()
        self._stop_unread_deadline()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The other side doesn't read: give it a while."""
        super().pause_writing()
        self._stop_unread_deadline()
        self._unread_deadline = self.loop.call_later(self.unread_deadline_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read."""
        self._stop_unread_deadline()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Read on, and keep an eye on a head that isn't complete yet, or that blank lines put off."""
        self._has_just_ended = False
        super().data_received(data)
        # A request may begin and end in one piece: its body is no head, and the time it takes to answer is ours.
        is_answered_next = self._has_just_ended and self._is_between
        if not self._head_is_open or is_answered_next or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response("The request's head is too large.")
        elif self._deadline is None:
            self._start_deadline(self.header_deadline_seconds)

    def on_message_begin(self) -> None:
        """A head begins."""
        if self._is_going_on:
            return
        self._head_is_open, self._is_between = True, False
        self._head_bytes = 0
        super().on_message_begin()
        if self._extensions is not None:
            self.scope["extensions"] = self._extensions.copy()

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        if not self._is_going_on:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        if not self._is_going_on:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is here: from now on it is the body that must come in time."""
        if self._is_going_on:
            self._is_going_on = False
            return
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts < 1 and self.parser.get_http_version() != "1.0"):
            raise ValueError("The request names no host, or several (RFC 9112 3.2).")
        if len(self.pipeline) >= MAX_WAITING:
            raise ValueError("More requests wait on this connection than may.")
        self._head_is_open = False
        self._stop_deadline()
        self._start_deadline(self.body_deadline_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is here: stop the clock."""
        if self.parser.should_upgrade() and self.head_of_body():
            return
        self._stop_deadline()
        self._head_is_open = self._is_between = self._has_just_ended = True
        self._head_bytes = 0
        super().on_message_complete()

    def head_of_body(self) -> bytes:
        """A head that says as much of the body as the request's own did; empty if there is none."""
        framing = [name + b": " + value for name, value in self.headers if name in _FRAMING]
        return b"\r\n".join([b"POST / HTTP/1.1", *framing, b"", b""]) if framing else b""

    def read_on(self) -> None:
        """A head of ours comes next, and then the body."""
        self._is_going_on = True

    def shutdown(self) -> None:
        """The server stops: finish what is under way, and hang up."""
        super().shutdown()
        if self.transport.is_closing():
            self._leave_soon()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, and hang up."""
        super().send_400_response(msg)
        self._leave_soon()

    def _leave_soon(self) -> None:
        self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)

    def _start_deadline(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._close_late)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stop_unread_deadline(self) -> None:
        if self._unread_deadline is not None:
            self._unread_deadline.cancel()
            self._unread_deadline = None

    def _close_late(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
            self._leave_soon()


class _Flow(FlowControl):
    """Reads nothing while requests wait: with each answer uvicorn would take in more of them, however many there are."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless a request waits."""
        if not self._waiting:
            super().resume_reading()


class _Parser(HttpRequestParser):
    """Stays with HTTP/1.1 where a caller offers another protocol, as Java's does with its first request (RFC 9110 §7.8).

    The parser takes such a request to end with its head, and what follows to be no HTTP: its body would be lost.
    """

    def __init__(self, protocol: DeadlineProtocol) -> None:
        super().__init__(protocol)
        # As uvicorn does: what comes after the last request on a connection is no fault of that request.
        self.set_dangerous_leniencies(lenient_data_after_close=True)
        self._protocol = protocol

    def feed_data(self, data: Any) -> None:
        """Read on."""
        rest = memoryview(data)
        while True:
            try:
                super().feed_data(rest)
            except HttpParserUpgrade as offer:
                rest = rest[offer.args[0] :]
            else:
                return
            if head := self._protocol.head_of_body():
                self._protocol.read_on()
                super().feed_data(head)


def _asked_for_certificate(transport: Any) -> dict[str, Any] | None:
    """ASGI's extension for TLS, on connections on which the client was asked for a certificate; it need not have shown one."""
    connection = transport.get_extra_info("ssl_object")
    if connection is None or connection.context.verify_mode == ssl.CERT_NONE:
        return None
    shown = connection.getpeercert(binary_form=True)
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(shown)] if shown else [],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": None,
        "cipher_suite": None,
    }
