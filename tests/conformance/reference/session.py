# SPDX-License-Identifier: MIT
"""Section 10: one side of a connection, over any binding. Messages and time in, messages and DATA out.

After every call, drain: first out, then next_data, until both have nothing.
"""

import random
from collections import deque
from dataclasses import dataclass, field

from .canonical import pack
from .frames import parse_data, reserved_type
from .messages import LIMIT_NAMES, OBEYS_HELD, READS_PROGRESS, READS_REPAIR, encode_message, parse_message
from .primitives import END_OF_STREAM, HANDSHAKE, IDLE, UNEXPECTED, VERSION, PeerError
from .transfers import Transfers

HANDSHAKE_US = 10 * 10**6
PROGRESS_BYTES = 64 << 10
LIMITS = dict(zip(LIMIT_NAMES, (1 << 20, 1 << 20, 16 << 20, 1 << 40, 16, 32 << 20, 0)))


@dataclass
class Settings:
    """What HELLO says of this side."""

    limits: dict = field(default_factory=lambda: dict(LIMITS))
    codecs: tuple = ()
    features: int = OBEYS_HELD | READS_REPAIR
    idle_ms: int = 30000
    model: dict = None
    agent: str = "kvferry reference"


class Session(Transfers):
    """States: greeting, open, closing (GOODBYE or ERROR still to be flushed), closed. provide answers REQUESTs."""

    def __init__(self, is_client, now, settings=None, provide=None, seed=0, datagrams=False, faults=frozenset()):
        super().__init__(is_client)
        self.is_client = is_client
        self.settings = settings or Settings()
        self.provide = provide
        self.datagrams = datagrams
        self.faults = faults
        self.rng = random.Random(seed)
        self.round_trip_us = lambda: 0
        self.state = "greeting"
        self.code = None  # of the end
        self.said_code, self.said_reason = None, ""  # if it was this side's
        self.peer = None  # its HELLO
        self.out = deque()  # (name or reserved type, body)
        self.events = deque()
        self.begun_at = self.heard_at = self.pinged_at = now
        self.payload_bytes = self.progress_bytes = 0
        self.progress_at = now
        self._greet()

    def _greet(self):
        """VER-1: with a feature, a key and a frame that mean nothing."""
        settings = self.settings
        hello = dict(magic="kvferry", versions=[1], features=settings.features | 1 << self.rng.randrange(32, 48),
                     limits=settings.limits, codecs=list(settings.codecs), agent=settings.agent, idle_ms=settings.idle_ms,
                     model=settings.model, unknown=[(self.rng.randrange(128, 144), pack(None))])
        self.out.append(("HELLO", encode_message("HELLO", **hello)))
        self.out.append((reserved_type(self.rng.randrange(1, 64)), self.rng.randbytes(3)))

    # Out

    def send(self, name, **values):
        if self.state in ("greeting", "open"):
            self.out.append((name, encode_message(name, **values)))

    def end(self, code, reason):
        """GOODBYE after what is queued (code 0), or ERROR at once (CON-6)."""
        if self.state not in ("greeting", "open"):
            return
        if code:
            self.out = deque(item for item in self.out if item[0] == "HELLO")
        self.send("ERROR" if code else "GOODBYE", code=code, reason=reason[:200])
        self.state = "closing"
        self.code = self.said_code = code
        self.said_reason = reason[:200]

    def flushed(self):
        if self.state == "closing":
            self.state = "closed"

    def closed(self, code):
        """By the peer, or the stream has ended."""
        if self.state != "closed":
            self.code = code if self.state != "closing" else self.code
            self.state = "closed"
            self.out.clear()

    def stream_ended(self):
        self.closed(END_OF_STREAM)  # STR-4

    # In

    def handle_message(self, name, body, now):
        """None for a frame that was skipped. A fault of the peer is raised; the binding calls fail."""
        if self.state in ("closing", "closed"):
            return
        self.heard_at = now
        if name is None:
            return
        if not self._may_come(name):
            raise PeerError(UNEXPECTED, f"{name} before HELLO or a second one")  # CON-1
        message = parse_message(name, body)
        handler = getattr(self, f"_on_{name.lower()}", None)
        if handler:
            handler(message, now)
        else:
            transfer = self._find(message["transfer"])
            if transfer:
                transfer.take(name, message, now)

    def _may_come(self, name):
        if name == "HELLO":
            return self.peer is None or "two-hellos" in self.faults
        return self.peer is not None or name == "ERROR"

    def handle_data(self, body, now, stream=0):
        """Of a data stream, where there are several. False when it cannot be kept and counts as not arrived."""
        if self.state in ("closing", "closed"):
            return True
        self.heard_at = now
        if self.peer is None and not self.datagrams:
            raise PeerError(UNEXPECTED, "DATA before HELLO")
        number, *data_frame = parse_data(body, "long-varints" in self.faults)
        if self._may_be_offered(number):
            return False
        transfer = self._find(number)
        kept = transfer is None or transfer.take("DATA", (*data_frame, stream), now) is not False
        self._report_progress(len(data_frame[2]), now)
        return kept

    def _report_progress(self, count, now):
        """STR-5."""
        self.payload_bytes += count
        reads = self.peer and self.peer["features"] & READS_PROGRESS
        if reads and not self.datagrams and self.payload_bytes - self.progress_bytes >= PROGRESS_BYTES:
            self.send("PROGRESS", bytes=self.payload_bytes, since_us=now - self.progress_at)
            self.progress_bytes, self.progress_at = self.payload_bytes, now

    def _on_hello(self, message, now):
        if 1 not in message["versions"]:
            raise PeerError(VERSION, "no common version")  # CON-2
        self.peer = message
        self.progress_at = now  # STR-5
        self.state = "open"

    def _on_ping(self, message, now):
        self.send("PONG", nonce=message["nonce"] ^ ("wrong-nonce" in self.faults))  # CON-5

    def _on_pong(self, message, now):
        pass

    _on_progress = _on_pong

    def _on_error(self, message, now):
        self.closed(message["code"])

    def _on_goodbye(self, message, now):
        self.closed(message["code"])

    # Time

    def _ping_at(self):
        """CON-4: after a third of the lesser idle timeout; both sides may have none."""
        idles = [idle for idle in (self.settings.idle_ms, (self.peer or {}).get("idle_ms")) if idle]
        if self.state != "open" or not idles:
            return None
        return max(self.heard_at, self.pinged_at) + min(idles) * 1000 // 3

    def next_timeout(self):
        if self.state not in ("greeting", "open"):
            return None
        times = [transfer.next_timeout() for transfer in self.transfers.values()] + [self._ping_at()]
        if self.peer is None:
            times.append(self.begun_at + HANDSHAKE_US)
        if self.settings.idle_ms:
            times.append(self.heard_at + self.settings.idle_ms * 1000)
        return min((at for at in times if at is not None), default=None)

    def handle_timeout(self, now):
        if self.peer is None and now >= self.begun_at + HANDSHAKE_US:
            self.end(HANDSHAKE, "no HELLO")
        elif self.settings.idle_ms and now >= self.heard_at + self.settings.idle_ms * 1000:
            self.end(IDLE, "nothing heard")
        ping_at = self._ping_at()
        if ping_at is not None and now >= ping_at:
            self.pinged_at = now
            self.send("PING", nonce=self.rng.getrandbits(32))
        for transfer in list(self.transfers.values()):
            transfer.handle_timeout(now)
