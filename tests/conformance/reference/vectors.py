# SPDX-License-Identifier: MIT
"""Replays vector files: what parses is written again, and is the same bytes."""

from dataclasses import dataclass, field
from pathlib import Path

from . import conversation
from .card import read_card, write_card
from .frames import FrameReader, encode_data, encode_frame, parse_after, parse_data
from .manifest import encode_page, encode_root, parse_page, parse_root
from .messages import MESSAGES, encode_message, parse_message
from .packets import encode_ack, encode_packet, parse_ack, parse_body, parse_packet, parse_packet_frames
from .primitives import PeerError, Reader, varint
from .ranges import encode_ranges, parse_ranges
from .repair import encode_repair, parse_repair
from .session import Session
from .stream import StreamConnection


@dataclass
class Vector:
    name: str
    kind: str
    expect: str
    data: bytes = b""
    header: dict = field(default_factory=dict)
    script: list = field(default_factory=list)
    card: bytes = b""  # what a server in a conversation gives


def read_vector(path):
    lines = iter(path.read_text().splitlines())
    header = {}
    for line in lines:
        key, _, value = line.partition(":")
        header[key] = value.strip()
        if key in ("hex", "script"):
            break
    vector = Vector(path.stem, header["kind"], header["expect"], header=header)
    if "script" in header:
        vector.script = [line.split(maxsplit=2) for line in lines if line.strip()]
    else:
        vector.data = bytes.fromhex("".join([header.get("hex", ""), *lines]))
    return vector


def _whole(parse):
    def replay(data):
        reader = Reader(data)
        value = parse(reader)
        reader.end()
        return value
    return replay


def _packet(data):
    connection, number, frames = parse_packet(data)
    again = b""
    for name, kind, body in parse_packet_frames(frames):
        parse_body(name, body)
        again += encode_frame(kind, body, checksum=False)
    return encode_packet(connection, number, again)


def _unnumbered(data):
    connection, _, rest = parse_packet(data)
    return encode_packet(connection, None, rest, kind=data[0])


def _stream(data):
    """What a server that has nothing to give says of these bytes; then the frames again, and a rest that is none yet."""
    connection = StreamConnection(Session(False, 0))
    connection.poll(0)
    connection.handle_bytes(data, 0)
    if connection.session.code:
        raise PeerError(connection.session.code, "the connection has ended")
    reader = FrameReader("stream")
    again = b"".join(encode_frame(kind, _message_again(name, body)) for name, kind, body in reader.feed(data))
    return again + bytes(reader.buffer)


def _data_stream(data):
    """The frames of a data stream of section 5.2, each written again."""
    again = {"AFTER": lambda body: varint(parse_after(body)), "DATA": lambda body: encode_data(*parse_data(body))}
    return b"".join(encode_frame(kind, again[name](body)) for name, kind, body in FrameReader("data-stream").feed(data))


def _message_again(name, body):
    return encode_message(name, **parse_message(name, body)) if name in MESSAGES else body


REPLAYS = {
    "varint": _whole(lambda reader: varint(reader.varint())),
    "ranges": lambda data: encode_ranges(parse_ranges(data)),
    "manifest": lambda data: encode_root(parse_root(data)),
    "page": lambda data: encode_page(parse_page(data)),
    "card": lambda data: write_card(read_card(data)),
    "stream": _stream,
    "data-stream": _data_stream,
    "datagram": lambda data: encode_data(*parse_data(data)),
    "ack": lambda data: encode_ack(*parse_ack(data)),
    "packet": _packet,
    "repair": lambda data: encode_repair(parse_repair(data)),
    "retry": _unnumbered,
    "versions": _unnumbered,
}


def replay(kind, data):
    """The bytes written again; PeerError when they are refused."""
    word, _, name = kind.partition(" ")
    return _message_again(name, data) if word == "message" else REPLAYS[word](data)


def complaint(vector, folder):
    """What is wrong with our answer to a vector, or None."""
    if vector.kind == "conversation":
        vector.card = read_vector(Path(folder) / "card.vec").data
        return conversation.complaint(vector)
    try:
        again = replay(vector.kind, vector.data)
    except PeerError as error:
        return None if vector.expect.startswith("reject") else f"refused: {error}"
    if vector.expect != "accept":
        return f"taken, expected {vector.expect}"
    return None if again == vector.data else "written in other bytes"


def run(folder):
    """Prints a line for each vector that we disagree with; their number."""
    paths = sorted(Path(folder).glob("*.vec"))
    wrong = 0
    for path in paths:
        vector = read_vector(path)
        said = complaint(vector, folder)
        if said:
            wrong += 1
            print(f"{vector.name}: {vector.kind}: {said}")
    print(f"{len(paths) - wrong} of {len(paths)} vectors")
    return wrong
