# SPDX-License-Identifier: MIT
"""The bytes of SPEC.md, written again for tests: varints, maps, frames, packets, cards.

Nothing is checked, so that what is wrong can be written too."""

import hashlib
import struct

TYPES = {
    "HELLO": 0x01, "PROGRESS": 0x02, "REQUEST": 0x03, "OFFER": 0x05, "ACCEPT": 0x07, "MANIFEST": 0x09, "PAGE": 0x0B,
    "DATA": 0x0D, "CONFIRM": 0x0F, "REJECT": 0x11, "STOP": 0x13, "END": 0x15, "CANCEL": 0x17, "REFUSE": 0x19, "RESEND": 0x1B,
    "PING": 0x1D, "PONG": 0x1F, "ERROR": 0x21, "GOODBYE": 0x23, "HAVE": 0x25, "CREDIT": 0x27, "SKIP": 0x29, "LEVEL": 0x2B,
    "PREFER": 0x2D,
    "PADDING": 0x00, "ACK": 0x31, "CONTROL": 0x33, "PROBE": 0x35, "CLOSE": 0x37, "TOKEN": 0x39, "CHALLENGE": 0x3B,
    "RESPONSE": 0x3D, "REPAIR": 0x3F, "RECOVERED": 0x41, "AFTER": 0x43,
}


def varint(n):
    for size, top in ((1, 0), (2, 1), (4, 2), (8, 3)):
        if n < 1 << (8 * size - 2):
            return (n | top << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(n)


def ranges(numbers):
    out, end = b"", 0
    runs = []
    for n in sorted(numbers):
        if runs and n == runs[-1][1]:
            runs[-1][1] = n + 1
        else:
            runs.append([n, n + 1])
    for first, last in runs:
        out += varint(first - end) + varint(last - first)
        end = last
    return out


def acknowledgement(numbers, delay_us):
    """6.2: newest first."""
    runs = []
    for n in sorted(numbers, reverse=True):
        if runs and n == runs[-1][0] - 1:
            runs[-1][0] = n
        else:
            runs.append([n, n])
    out = varint(runs[0][1]) + varint(delay_us) + varint(runs[0][1] - runs[0][0])
    for newer, older in zip(runs, runs[1:]):
        out += varint(newer[0] - older[1] - 2) + varint(older[1] - older[0])
    return out


def _sized(n, short, tops):
    """A length or an integer in its shortest form: in the top byte, or behind one of `tops`, (bits, top byte)."""
    if short is not None and n < short[1]:
        return bytes([short[0] + n])
    for bits, top in tops:
        if n < 1 << bits:
            return bytes([top]) + n.to_bytes(bits // 8, "big")
    raise ValueError(n)


def pack(value):
    """Canonical msgpack (PRM-3)."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if value < 0:
            return struct.pack("b", value)
        return _sized(value, (0, 128), ((8, 0xCC), (16, 0xCD), (32, 0xCE), (64, 0xCF)))
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return _sized(len(text), (0xA0, 32), ((8, 0xD9), (16, 0xDA), (32, 0xDB))) + text
    if isinstance(value, bytes):
        return _sized(len(value), None, ((8, 0xC4), (16, 0xC5), (32, 0xC6))) + value
    if isinstance(value, list):
        return _sized(len(value), (0x90, 16), ((16, 0xDC), (32, 0xDD))) + b"".join(map(pack, value))
    head = _sized(len(value), (0x80, 16), ((16, 0xDE), (32, 0xDF)))
    return head + b"".join(pack(key) + pack(value[key]) for key in value)


def _crc_table():
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        yield crc


_TABLE = list(_crc_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 255]
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "little")


def number_of(name):
    return TYPES[name] if isinstance(name, str) else name


def frame(name, body):
    """As in packets and in the control stream."""
    return varint(number_of(name)) + varint(len(body)) + body


def stream_frame(name, body):
    head = varint(number_of(name)) + varint(len(body))
    return head + crc32c(head + body) + body


def data(transfer, chunk, offset, payload):
    return varint(transfer) + varint(chunk) + varint(offset) + payload


def packet(connection_id, number, *frames):
    head = b"\xa1" + connection_id.to_bytes(8, "little") + varint(number)
    body = b"".join(frames)
    return head + crc32c(head + body) + body


def control(offset, piece):
    return frame("CONTROL", varint(offset) + piece)


def special(kind, connection_id, rest):
    """RETRY (0xA3) and VERSIONS (0xA0)."""
    head = bytes([kind]) + connection_id.to_bytes(8, "little")
    return head + crc32c(head + rest) + rest


def sha256(data_bytes):
    return hashlib.sha256(data_bytes).digest()


MODEL = {0: "LlamaForCausalLM", 1: 4, 2: 2, 3: 16, 4: 10000.0, 5: True, 6: 0, 7: sha256(b"tokenizer"), 8: sha256(b"weights")}


def page_entry(payload, layer_begin, layer_count, row_begin, row_count, kind=2, level=0, importance=1.0):
    fields = (len(payload), layer_begin, layer_count, row_begin, row_count)
    return sha256(payload) + b"".join(map(varint, fields)) + bytes([kind, level]) + struct.pack("<f", importance)


def curve(*points):
    """Of a manifest: (chunks more than the point before, KL divergence, top-1 agreement)."""
    return b"".join(varint(more) + struct.pack("<ff", kl, top1) for more, kl, top1 in points)


def manifest(payloads, token_count=64, **more):
    """(root, pages) of a card of these chunks, all of layers 0-1 and all rows. `more`: keys of the root, as k12=…"""
    entries = [page_entry(payload, 0, 2, 0, token_count, importance=1 / (i + 1)) for i, payload in enumerate(payloads)]
    pages = [b"".join(entries[i:i + 128]) for i in range(0, len(entries), 128)]
    root = {
        0: 1, 1: MODEL, 2: token_count, 3: [ranges(range(token_count)), ranges([0, 1, 5, 9, 10, 63])], 4: [0, 0, 1, 1],
        5: "select=full | quant=fp16 | entropy=none", 6: 0, 7: False, 8: token_count * 4 * 2 * 16 * 2 * 2, 9: len(payloads),
        10: sum(map(len, payloads)), 11: b"".join(map(sha256, pages)),
    }
    root.update({int(key[1:]): value for key, value in more.items()})
    return pack(root), pages


def card(payloads):
    """A card file (section 9)."""
    root, pages = manifest(payloads)
    out = b"\x89KVCARD\n" + struct.pack("<I", 1) + sha256(root) + struct.pack("<I", len(root)) + root
    return out + b"".join(struct.pack("<I", len(page)) + page for page in pages) + b"".join(payloads)
