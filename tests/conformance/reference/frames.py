# SPDX-License-Identifier: MIT
"""Section 4: types, where they have a place, and frames in a stream of bytes."""

from .primitives import CHECKSUM, LIMIT, UNKNOWN_FRAME, PeerError, Reader, Truncated, crc32c, malformed, varint

TYPES = {"HELLO": 0x01, "PROGRESS": 0x02, "REQUEST": 0x03, "OFFER": 0x05, "ACCEPT": 0x07, "MANIFEST": 0x09, "PAGE": 0x0B,
         "DATA": 0x0D, "CONFIRM": 0x0F, "REJECT": 0x11, "STOP": 0x13, "END": 0x15, "CANCEL": 0x17, "REFUSE": 0x19,
         "RESEND": 0x1B, "PING": 0x1D, "PONG": 0x1F, "ERROR": 0x21, "GOODBYE": 0x23, "HAVE": 0x25, "CREDIT": 0x27,
         "SKIP": 0x29, "LEVEL": 0x2B, "PREFER": 0x2D,
         "PADDING": 0x00, "ACK": 0x31, "CONTROL": 0x33, "PROBE": 0x35, "CLOSE": 0x37, "TOKEN": 0x39, "CHALLENGE": 0x3B,
         "RESPONSE": 0x3D, "REPAIR": 0x3F, "RECOVERED": 0x41, "AFTER": 0x43}
NAMES = {value: name for name, value in TYPES.items()}
ONLY_PACKETS = {"PADDING", "ACK", "CONTROL", "PROBE", "CLOSE", "TOKEN", "CHALLENGE", "RESPONSE", "REPAIR", "RECOVERED"}
ONLY_DATA_STREAMS = {"AFTER"}
MESSAGES_AND_DATA = set(TYPES) - ONLY_PACKETS - ONLY_DATA_STREAMS
PLACES = {"stream": MESSAGES_AND_DATA,
          "control-stream": MESSAGES_AND_DATA - {"DATA"},
          "data-stream": ONLY_DATA_STREAMS | {"DATA"},
          "control": MESSAGES_AND_DATA - {"DATA", "PROGRESS"},
          "packet": ONLY_PACKETS | {"DATA"}}
WITH_CHECKSUM = {"stream", "control-stream", "data-stream"}
LARGE = {"MANIFEST", "PAGE", "DATA"}


def reserved_type(n):
    return 0x20 + 62 * n


def name_of(place, kind, length, faults=frozenset()):
    """The frame's name, or None for one to be skipped (FRM-1, FRM-2, FRM-3). Where a type has no place it is unknown."""
    name = NAMES.get(kind) if NAMES.get(kind) in PLACES[place] else None
    if name is None and (kind % 2 == 0 or "critical-skipped" in faults) and "reserved-fatal" not in faults:
        if length > 64 << 10:
            raise PeerError(LIMIT, f"{length} bytes of unknown frame {kind}")
        return None
    if name is None:
        raise PeerError(UNKNOWN_FRAME, f"frame type {kind} has no place in a {place}")
    if place != "packet" and length > (1 << 20 if name in LARGE else 64 << 10):
        raise PeerError(LIMIT, f"{length} bytes of {name}")
    return name


def encode_frame(kind, body, checksum=True):
    head = varint(kind) + varint(len(body))
    return head + (crc32c(head, body) if checksum else b"") + body


def encode_data(transfer, chunk, offset, data):
    return varint(transfer) + varint(chunk) + varint(offset) + data


def parse_data(body, any_form=False):
    reader = Reader(body, any_form)
    head = reader.varint(), reader.varint(), reader.varint()
    if not reader.left:
        raise malformed("DATA without bytes")  # FRM-4
    return *head, reader.rest()


def parse_after(body):
    """How many frames of the control stream go before (section 5.2)."""
    reader = Reader(body)
    count = reader.varint()
    reader.end()
    return count


class FrameReader:
    """Frames out of bytes that come in pieces; with a checksum (section 5) or without (the control stream)."""

    def __init__(self, place, faults=frozenset()):
        self.place = place
        self.faults = faults
        self.buffer = bytearray()

    def feed(self, data):
        """Yields (name or None, type, body); a fault of the peer is raised where it stands."""
        self.buffer += data
        while True:
            frame = self._next()
            if frame is None:
                return
            yield frame

    def _next(self):
        reader = Reader(self.buffer[:24], any_form="long-varints" in self.faults)
        try:
            kind = reader.varint()
            length = reader.varint()
            head = bytes(self.buffer[:reader.at])
            name = name_of(self.place, kind, length, self.faults)
            expected = reader.take(4) if self.place in WITH_CHECKSUM else None
        except Truncated:
            return None
        end = reader.at + length
        if len(self.buffer) < end:
            return None
        body = bytes(self.buffer[reader.at:end])
        del self.buffer[:end]
        if expected is not None and crc32c(head, body) != expected and "bad-checksum" not in self.faults:
            raise PeerError(CHECKSUM, f"CRC32C of {name} differs")  # STR-1
        return name, kind, body
