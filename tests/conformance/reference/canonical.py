# SPDX-License-Identifier: MIT
"""Maps: msgpack in canonical form (PRM-3), checked before anything is built, and tables of what their keys hold."""

import math
from collections import namedtuple

import msgpack

from .primitives import Reader, Truncated, malformed, varint
from .ranges import encode_ranges, parse_ranges

MOST_LEVELS = 6
# First byte: what it begins, bytes of its length or value, and the least that needs this form.
SIZED = {0xC4: ("bytes", 1, 0), 0xC5: ("bytes", 2, 1 << 8), 0xC6: ("bytes", 4, 1 << 16),
         0xD9: ("bytes", 1, 32), 0xDA: ("bytes", 2, 1 << 8), 0xDB: ("bytes", 4, 1 << 16),
         0xCC: ("integer", 1, 1 << 7), 0xCD: ("integer", 2, 1 << 8), 0xCE: ("integer", 4, 1 << 16),
         0xCF: ("integer", 8, 1 << 32),
         0xDC: ("array", 2, 16), 0xDD: ("array", 4, 1 << 16), 0xDE: ("map", 2, 16), 0xDF: ("map", 4, 1 << 16)}


def _head(reader):
    """What begins here, and its length or value."""
    first = reader.byte()
    if first < 0x80 or first >= 0xE0:
        return "integer", first
    for begin, end, what in ((0x80, 0x90, "map"), (0x90, 0xA0, "array"), (0xA0, 0xC0, "bytes")):
        if begin <= first < end:
            return what, first - begin
    if first in (0xC0, 0xC2, 0xC3):
        return "single", 0
    if first in (0xCA, 0xCB):
        return "skip", 4 if first == 0xCA else 8
    if first not in SIZED:
        raise malformed(f"type 0x{first:02X} is not allowed")
    what, size, least = SIZED[first]
    value = int.from_bytes(reader.take(size), "big")
    if value < least:
        raise malformed("a longer form than needed")
    return what, value


def _walk(reader, level, spans=None):
    what, count = _head(reader)
    if what in ("bytes", "skip"):
        reader.take(count)
    if what not in ("map", "array"):
        return what
    if level > MOST_LEVELS:
        raise malformed("nested too deeply")
    before = -1
    for _ in range(count):
        if what == "map":
            before = _key(reader, before)
        begin = reader.at
        _walk(reader, level + 1)
        if spans is not None:
            spans.append((before, reader.data[begin:reader.at]))
    return what


def _key(reader, before):
    if reader.left and 0x80 <= reader.data[reader.at] and reader.data[reader.at] not in (0xCC, 0xCD, 0xCE, 0xCF):
        raise malformed("a key that is no unsigned integer")
    key = _head(reader)[1]
    if key <= before:
        raise malformed("keys not ascending")
    return key


def spans_of(data):
    """(key, bytes of its value) of a canonical map."""
    reader, spans = Reader(data), []
    if _walk(reader, 1, spans) != "map":
        raise malformed("expected a map")
    reader.end()
    return spans


Kind = namedtuple("Kind", "parse pack")  # of a value: from its bytes, and to them
Field = namedtuple("Field", "key name kind optional usual", defaults=(False, None))  # usual: what it is when absent


def unpack(raw):
    return msgpack.unpackb(raw, raw=False, strict_map_key=False, unicode_errors="surrogateescape")


def pack(value):
    return msgpack.packb(value, use_bin_type=True, unicode_errors="surrogateescape")


def _expect(holds, what):
    if not holds:
        raise malformed(f"expected {what}")


def number(below=1 << 64, least=0):
    def parse(raw):
        value = unpack(raw)
        _expect(type(value) is int and least <= value < below, f"a number from {least} below {below}")
        return value
    return Kind(parse, pack)


def text(most=1024, least=0):
    def parse(raw):
        value = unpack(raw)
        _expect(isinstance(value, str), "text")
        data = value.encode("utf-8", "surrogateescape")
        _expect(least <= len(data) <= most, f"text of {least} to {most} bytes")
        _expect(all(byte >= 0x20 and byte != 0x7F for byte in data), "text without control characters")
        return value
    return Kind(parse, pack)


def blob(most=1 << 20, unit=1, exactly=None):
    def parse(raw):
        value = unpack(raw)
        _expect(isinstance(value, bytes), "a byte string")
        _expect(len(value) <= most and len(value) % unit == 0, f"at most {most} bytes, a multiple of {unit}")
        _expect(exactly is None or len(value) == exactly, f"{exactly} bytes")
        return value
    return Kind(parse, pack)


def boolean(only_true=False):
    def parse(raw):
        _expect(raw == b"\xc3" or (raw == b"\xc2" and not only_true), "true" if only_true else "a bool")
        return raw == b"\xc3"
    return Kind(parse, pack)


def real(low=-math.inf, high=math.inf):
    def parse(raw):
        _expect(raw[0] == 0xCB, "a 64-bit float")
        value = unpack(raw)
        _expect(math.isfinite(value) and low <= value <= high, f"a finite number from {low} to {high}")
        return value
    return Kind(parse, pack)


def numbers(most, least=0, ascending=False):
    def parse(raw):
        value = unpack(raw)
        _expect(isinstance(value, list) and least <= len(value) <= most, f"an array of {least} to {most}")
        _expect(all(type(item) is int and item >= 0 for item in value), "an array of numbers")
        _expect(not ascending or all(a < b for a, b in zip(value, value[1:])), "ascending numbers")
        return value
    return Kind(parse, pack)


def blobs(most):
    def parse(raw):
        value = unpack(raw)
        _expect(isinstance(value, list) and 1 <= len(value) <= most, f"an array of 1 to {most}")
        _expect(all(isinstance(item, bytes) for item in value), "an array of byte strings")
        return value
    return Kind(parse, pack)


def _pairs(raw):
    reader, pairs = Reader(blob().parse(raw)), []
    while reader.left:
        chunk, count = reader.varint((1 << 32) - 1), reader.varint()
        _expect(count > 0 and (not pairs or pairs[-1][0] < chunk) and len(pairs) < 64, "at most 64 chunks, ascending")
        pairs.append((chunk, count))
    return pairs


digest = blob(exactly=32)
chunks = Kind(lambda raw: parse_ranges(blob(32 << 10).parse(raw), (1 << 32) - 1, 4096),
              lambda ranges: pack(encode_ranges(ranges)))
partial = Kind(_pairs, lambda pairs: pack(b"".join(varint(chunk) + varint(count) for chunk, count in pairs)))


def nested(fields, refuse_unknown=False):
    return Kind(lambda raw: parse_map(fields, raw, refuse_unknown), lambda value: pack_map(fields, value))


def parse_map(fields, data, refuse_unknown=False):
    """Values by name; unknown ones stay in their bytes under "unknown", so that they can be written again."""
    known = {field.key: field for field in fields}
    values, unknown = {}, []
    for key, raw in spans_of(data):
        if key in known:
            try:
                values[known[key].name] = known[key].kind.parse(raw)
            except Truncated as error:
                raise malformed(f"key {key} ({known[key].name}): truncated") from error
            _expect(values[known[key].name] != known[key].usual or known[key].usual is None,
                    f"no usual value in key {key} ({known[key].name})")  # PRM-5
        elif refuse_unknown:
            raise malformed(f"unknown key {key}")
        else:
            unknown.append((key, raw))
    for field in fields:
        if field.name not in values and not field.optional:
            raise malformed(f"key {field.key} ({field.name}): missing")
    if unknown:
        values["unknown"] = unknown
    return values


def pack_map(fields, values):
    there = [field for field in fields if values.get(field.name) not in (None, field.usual)]
    pairs = [(field.key, field.kind.pack(values[field.name])) for field in there]
    pairs += values.get("unknown", [])
    return msgpack.Packer().pack_map_header(len(pairs)) + b"".join(pack(key) + raw for key, raw in pairs)
