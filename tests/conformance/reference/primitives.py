# SPDX-License-Identifier: MIT
"""Section 3: varints, a reader that refuses, CRC32C; and what is raised when a peer is at fault."""

import struct

(MALFORMED, CHECKSUM, LIMIT, UNEXPECTED, UNKNOWN_FRAME, VERSION, ACKNOWLEDGEMENT, IDLE, HANDSHAKE, END_OF_STREAM,
 APPLICATION, INTERNAL) = range(1, 13)

VARINT_LIMIT = 1 << 62
LEAST = {1: 0, 2: 1 << 6, 4: 1 << 14, 8: 1 << 30}  # least value that needs so many bytes


class PeerError(Exception):
    """A fault of the peer, with the connection's code of section 12."""

    def __init__(self, code, reason):
        super().__init__(f"{reason} (code {code})")
        self.code = code
        self.reason = reason


class Truncated(PeerError):
    """The bytes end too early; on a stream, more may come."""

    def __init__(self):
        super().__init__(MALFORMED, "truncated")


def malformed(reason):
    return PeerError(MALFORMED, reason)


def varint(value):
    for size, marker in ((1, 0), (2, 1), (4, 2), (8, 3)):
        if value < 1 << (8 * size - 2):
            return (value | marker << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(f"{value} does not fit a varint")


class Reader:
    """Takes bytes from the front; any_form takes long varints too, which only a deliberate fault does."""

    def __init__(self, data, any_form=False):
        self.data = bytes(data)
        self.at = 0
        self.any_form = any_form

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left:
            raise Truncated()
        self.at += count
        return self.data[self.at - count:self.at]

    def rest(self):
        return self.take(self.left)

    def byte(self):
        return self.take(1)[0]

    def number32(self):
        return int.from_bytes(self.take(4), "little")

    def varint(self, limit=VARINT_LIMIT):
        first = self.byte()
        size = 1 << (first >> 6)
        value = int.from_bytes(bytes([first & 0x3F]) + self.take(size - 1), "big")
        if value < LEAST[size] and not self.any_form:
            raise malformed(f"varint {value} is not in its shortest form")
        if value >= limit:
            raise malformed(f"{value} is not below {limit}")
        return value

    def end(self):
        if self.left:
            raise malformed("trailing bytes")


def _byte_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_BYTE = _byte_table()
_PAIR = [_BYTE[(_BYTE[i & 255] ^ i >> 8) & 255] ^ _BYTE[i & 255] >> 8 for i in range(1 << 16)]


def crc32c(*parts):
    """Two bytes a step."""
    data = b"".join(parts)
    state = 0xFFFFFFFF
    for pair in struct.unpack(f"<{len(data) // 2}H", data[:len(data) & ~1]):
        state = _PAIR[(state ^ pair) & 0xFFFF] ^ state >> 16
    if len(data) & 1:
        state = _BYTE[(state ^ data[-1]) & 255] ^ state >> 8
    return (state ^ 0xFFFFFFFF).to_bytes(4, "little")
