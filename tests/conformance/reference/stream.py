# SPDX-License-Identifier: MIT
"""Section 5: a session over a reliable stream of bytes."""

from .frames import TYPES, FrameReader, encode_data, encode_frame
from .primitives import PeerError

DATA_BYTES = 16 << 10  # STR-3


class StreamConnection:
    """Bytes in by handle_*, bytes out by poll; drain poll after every call."""

    def __init__(self, session):
        self.session = session
        self.reader = FrameReader("stream", session.faults)

    def handle_bytes(self, data, now):
        try:
            for name, _, body in self.reader.feed(data):
                if name == "DATA":
                    self.session.handle_data(body, now)
                else:
                    self.session.handle_message(name, body, now)
                if self.session.state in ("closing", "closed"):
                    return
        except PeerError as error:
            self.session.end(error.code, error.reason)

    def handle_end(self):
        self.session.stream_ended()

    def next_timeout(self):
        return self.session.next_timeout()

    def handle_timeout(self, now):
        self.session.handle_timeout(now)

    def poll(self, now, most=1 << 16):
        """About so many bytes to be written; none when there is nothing."""
        out = bytearray()
        while len(out) < most:
            if self.session.out:
                kind, body = self.session.out.popleft()
                out += encode_frame(TYPES.get(kind, kind), body)
                continue
            found = self.session.next_data(now, DATA_BYTES)
            if found:
                out += encode_frame(TYPES["DATA"], encode_data(*found[:4]))
            elif not self.session.out:
                break
        if not self.session.out:
            self.session.flushed()
        return bytes(out)
