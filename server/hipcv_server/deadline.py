"""HTTP connections that must get on: half a request does not hold a place for ever.

uvicorn has a time limit between requests, none within one. Here a request's head must be complete within
`header_s`, and while its body is awaited something must come at least every `body_s`.
"""

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_TICK_S = 1.0


class DeadlineProtocol(H11Protocol):
    """uvicorn's protocol, with deadlines; set them with `with_deadlines`."""

    header_s: ClassVar[float] = 15.0
    body_s: ClassVar[float] = 20.0

    _tick: asyncio.TimerHandle | None = None
    _heard_s: float = 0.0
    _idle_since_s: float = 0.0

    def connection_made(self, transport: Any) -> None:
        """Start the clock."""
        super().connection_made(transport)
        self._heard_s = self._idle_since_s = self.loop.time()
        self._tick = self.loop.call_later(_TICK_S, self._look)

    def data_received(self, data: bytes) -> None:
        """Note that something came."""
        self._heard_s = self.loop.time()
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Start the clock of the next request."""
        self._idle_since_s = self._heard_s = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        if self._tick is not None:
            self._tick.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self.transport.is_closing() or self.transport.get_protocol() is not self:  # closed, or a WebSocket by now
            return
        now_s = self.loop.time()
        waiting = self.conn.their_state is h11.IDLE and now_s - self._idle_since_s > self.header_s
        # a reader that was paused by us is not to blame
        stuck = self.conn.their_state is h11.SEND_BODY and not self.flow.read_paused
        if waiting or (stuck and now_s - self._heard_s > self.body_s):
            self.transport.close()
            return
        self._tick = self.loop.call_later(_TICK_S, self._look)


def with_deadlines(header_s: float, body_s: float) -> type[DeadlineProtocol]:
    """Return the protocol with these deadlines, seconds.

    Examples
    --------
    >>> with_deadlines(15.0, 20.0).header_s
    15.0
    """
    return type("DeadlineProtocol", (DeadlineProtocol,), {"header_s": header_s, "body_s": body_s})
