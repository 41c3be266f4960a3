# SPDX-License-Identifier: MIT
"""Section 6: datagrams and what stands in them."""

from .frames import TYPES, name_of, parse_data
from .messages import parse_message
from .primitives import CHECKSUM, PeerError, Reader, Truncated, crc32c, malformed, varint
from .repair import parse_repair

VERSIONS, PACKET, RETRY = 0xA0, 0xA1, 0xA3
UNKNOWN_KINDS = (0xA2, *range(0xA4, 0xB0))
LEAST_FIRST = 1200
MOST_ACK_RANGES = 64
MOST_DELAY_US = 3600 * 10**6
ASKING = {"DATA", "CONTROL", "PROBE", "TOKEN", "CHALLENGE", "RESPONSE", "REPAIR", None}  # None: types to be skipped


def connection_of(datagram):
    return bytes(datagram[1:9])


def encode_packet(connection, number, frames, kind=PACKET):
    """Also RETRY and VERSIONS, that have no number (None) and a token or kinds for frames."""
    head = bytes([kind]) + connection + (varint(number) if number is not None else b"")
    return head + crc32c(head, frames) + frames


def parse_packet(datagram, any_form=False):
    """(connection, number, bytes of the frames); number is None in RETRY and VERSIONS. PKT-1."""
    reader = Reader(datagram, any_form)
    try:
        kind, connection = reader.byte(), reader.take(8)
        number = reader.varint() if kind == PACKET else None
        head = reader.data[:reader.at]
        checksum = reader.take(4)
    except Truncated as error:
        raise PeerError(CHECKSUM, "damaged: cut") from error
    body = reader.rest()
    if kind not in (VERSIONS, PACKET, RETRY) or crc32c(head, body) != checksum:
        raise PeerError(CHECKSUM, "damaged")
    if (kind == RETRY and not 1 <= len(body) <= 64) or (kind == VERSIONS and not 1 <= len(body) <= 8):
        raise malformed("the length of a token or of kinds")
    return connection, number, body


def encode_packet_frame(name, body):
    return varint(TYPES[name]) + varint(len(body)) + body


def parse_packet_frames(data, faults=frozenset()):
    """Yields (name or None, type, body)."""
    reader = Reader(data, "long-varints" in faults)
    while reader.left:
        kind, length = reader.varint(), reader.varint()
        name = name_of("packet", kind, length, faults)
        yield name, kind, reader.take(length)


def parse_ack(body, recovered=False):
    """(ranges ascending, delay in microseconds) of ACK or RECOVERED."""
    reader = Reader(body)
    end, delay = reader.varint() + 1, reader.varint()
    ranges = []
    while not ranges or reader.left:
        if ranges:
            end = ranges[-1][0] - reader.varint() - 1
        begin = end - reader.varint() - 1
        if begin < 0:
            raise malformed("a range below number 0")
        ranges.append((begin, end))
    if len(ranges) > MOST_ACK_RANGES or delay > (0 if recovered else MOST_DELAY_US):
        raise malformed("too many ranges or too late")  # ACK-2
    return ranges[::-1], delay


def encode_ack(ranges, delay):
    """Of ascending ranges."""
    begin, end = ranges[-1]
    out = varint(end - 1) + varint(delay) + varint(end - begin - 1)
    for low, high in reversed(ranges[:-1]):
        out += varint(begin - high - 1) + varint(high - low - 1)
        begin = low
    return out


def parse_control(body, any_form=False):
    reader = Reader(body, any_form)
    return reader.varint(), reader.rest()


def _sized(least, most):
    def parse(body):
        if not least <= len(body) <= most:
            raise malformed(f"expected {least} to {most} bytes")
        return body
    return parse


PARSERS = {"DATA": parse_data, "ACK": parse_ack, "RECOVERED": lambda body: parse_ack(body, True), "CONTROL": parse_control,
           "CLOSE": lambda body: parse_message("CLOSE", body), "TOKEN": _sized(1, 64), "CHALLENGE": _sized(8, 8),
           "RESPONSE": _sized(8, 8), "REPAIR": parse_repair}


def parse_body(name, body):
    """What a frame of a packet holds; PADDING, PROBE and skipped types hold anything."""
    return PARSERS[name](body) if name in PARSERS else body
