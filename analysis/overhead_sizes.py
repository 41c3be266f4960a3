# SPDX-License-Identifier: MIT
"""Sizes of what protocol/SPEC.md puts on the wire, in bytes: varints, msgpack maps, messages, manifest, frames.

Nothing here is measured. A quantity that is random has its mean."""

DIGEST = 2 + 32  # a msgpack byte string (PRM-4)
FLOAT = 9        # 64-bit, always (PRM-4)
CHECKSUM = 4     # CRC32C
PAGE_ENTRIES = 128                 # section 8
GREASE_ONE_IN = 16                 # protocol/connection/session.cc: how often a frame that means nothing follows another
GREASE_BODY = 7.5                  # mean of 0 to 15
GREASE_HEAD = 2 + 1                # type (94 to 4000) and length
CONTROL_FRAMES_BEFORE_OPEN = 1     # HELLO, and of a client that asks at once REQUEST: neither is followed by grease


def varint(value):
    """RFC 9000 section 16."""
    return 1 if value < 1 << 6 else 2 if value < 1 << 14 else 4 if value < 1 << 30 else 8


def number(value):
    """A msgpack integer in its shortest form (PRM-3)."""
    return 1 if value < 1 << 7 else 2 if value < 1 << 8 else 3 if value < 1 << 16 else 5 if value < 1 << 32 else 9


def text(length):
    return length + (1 if length < 32 else 2 if length < 256 else 3)


def byte_string(length):
    return length + (2 if length < 256 else 3 if length < 1 << 16 else 5)


def message(*values):
    """A map with keys 0, 1, 2, …, all of one byte: sizes of the values."""
    return 1 + len(values) + sum(values)


def hello(agent, limits, idle_timeout_ms):
    """With a feature and a key that mean nothing (VER-1): features take 9 bytes, the unknown key 3."""
    return message(text(len("kvferry")), 2, 9, message(*map(number, limits)), 1, text(len(agent)), number(idle_timeout_ms)) + 3


def request(document):
    return message(1, text(len(document)), text(0), 1, byte_string(0))


def manifest(root):
    return message(1, byte_string(root))


def page(index, entries):
    return message(1, number(index), byte_string(entries))


def progress(payload, interval_us):
    return message(number(payload), number(interval_us))


def confirm(chunks):
    return message(1, number(chunks), DIGEST)


def goodbye():
    return message(1, text(0))


def root(card):
    """Section 8, of a card as `kvferry-lab overhead` makes them: every position kept, no optional key."""
    model = message(text(len(card.architecture)), number(card.layers), number(card.kv_heads), number(card.head_size), FLOAT, 1, 1,
                    DIGEST, DIGEST)
    positions = 1 + byte_string(varint(0) + varint(card.tokens))
    layers = (1 if card.layers < 16 else 3) + card.layers
    return message(1, model, number(card.tokens), positions, layers, text(len(card.preset)), 1, 1, number(card.raw),
                   number(card.chunks), number(card.payload), byte_string(32 * card.pages))


def page_entries(card, index):
    """The bytes of one page: digest, size, layers, rows, kind, level, importance of each chunk."""
    first, end = index * PAGE_ENTRIES, min(card.chunks, (index + 1) * PAGE_ENTRIES)
    fixed = 32 + varint(0) + varint(1) + varint(0) + varint(card.rows) + 1 + 1 + 4
    return sum(fixed + varint(card.chunk_size(chunk)) for chunk in range(first, end))


def stream_frame(body):
    """Section 5.1; its head and body."""
    return 1 + varint(body) + CHECKSUM + body


def control_frame(body):
    """Section 6.1: in the control stream of datagrams, without checksum."""
    return 1 + varint(body) + body


def data_place(chunk, offset):
    """Of DATA of transfer 0 (section 4)."""
    return 1 + varint(chunk) + varint(offset)
