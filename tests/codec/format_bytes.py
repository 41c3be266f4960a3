# SPDX-License-Identifier: MIT
"""Bytes to values, after protocol/SPEC.md and codec/FORMAT.md: varints, maps, packed bits, zstd."""

import ctypes

import numpy as np

ZSTD = ctypes.CDLL("libzstd.so.1")
ZSTD.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
ZSTD.ZSTD_getFrameContentSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
ZSTD.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
ZSTD.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t
ZSTD.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]


class FormatError(ValueError):
    """What a document says must not be."""


def require(condition, message):
    if not condition:
        raise FormatError(message)


class Source:
    """Bytes, taken from the front."""

    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        require(count <= self.left(), "cut off")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def little(self, count):
        return int.from_bytes(self.take(count), "little")

    def array(self, kind, count):
        return np.frombuffer(self.take(count * np.dtype(kind).itemsize), kind)

    def varint(self):
        first = self.byte()
        size = 1 << (first >> 6)
        value = int.from_bytes(bytes([first & 63]) + self.take(size - 1), "big")
        require(size == 1 or value >= 1 << (8 * (size // 2) - 2), "a varint is longer than needed")
        return value

    def finish(self):
        require(self.left() == 0, "bytes left over")


def ranges(data):
    """A set of numbers: pairs of a gap and a length."""
    source, numbers, end = Source(data), [], 0
    while source.left():
        gap, length = source.varint(), source.varint()
        require(length > 0 and (gap > 0 or not numbers), "an empty range, or two that touch")
        numbers.extend(range(end + gap, end + gap + length))
        end += gap + length
    return np.array(numbers, np.int64)


# Of each msgpack type of one byte: bytes of the number after it, and what it counts or is.
MSGPACK = {0xc4: (1, "bytes"), 0xc5: (2, "bytes"), 0xc6: (4, "bytes"), 0xd9: (1, "text"), 0xda: (2, "text"),
           0xdb: (4, "text"), 0xdc: (2, "array"), 0xdd: (4, "array"), 0xde: (2, "map"), 0xdf: (4, "map"),
           0xcc: (1, "number"), 0xcd: (2, "number"), 0xce: (4, "number"), 0xcf: (8, "number")}


def msgpack(source, depth=6):
    kind = source.byte()
    if kind in (0xc0, 0xc2, 0xc3):
        return {0xc0: None, 0xc2: False, 0xc3: True}[kind]
    if kind in (0xca, 0xcb):
        return float(np.frombuffer(source.take(4 if kind == 0xca else 8), ">f4" if kind == 0xca else ">f8")[0])
    if kind < 0x80:
        return kind
    if kind < 0xc0:
        what, count = ("map", "array", "text", "text")[(kind - 0x80) >> 4], kind & (31 if kind >= 0xa0 else 15)
    else:
        require(kind in MSGPACK, "a msgpack type that is not used")
        size, what = MSGPACK[kind]
        count = int.from_bytes(source.take(size), "big")
    if what == "number":
        return count
    if what in ("bytes", "text"):
        raw = source.take(count)
        return raw if what == "bytes" else raw.decode()
    require(depth > 0, "too many levels")
    if what == "array":
        return [msgpack(source, depth - 1) for _ in range(count)]
    pairs = [(msgpack(source, 0), msgpack(source, depth - 1)) for _ in range(count)]
    keys = [key for key, _ in pairs]
    require(keys == sorted(set(keys)), "keys of a map out of order")
    return dict(pairs)


def stored(coder, data, size):
    """What stands in `data` with coder 0 or 1, none or zstd; it must be `size` bytes."""
    if coder == 1:
        require(ZSTD.ZSTD_getFrameContentSize(data, len(data)) == size, "a frame of another size")
        require(ZSTD.ZSTD_findFrameCompressedSize(data, len(data)) == len(data), "bytes after the frame")
        out = ctypes.create_string_buffer(max(size, 1))
        require(ZSTD.ZSTD_decompress(out, size, data, len(data)) == size, "a damaged frame")
        return out.raw[:size]
    require(coder == 0 and len(data) == size, "a body of another size")
    return data


def bits_of(alphabet):
    return (alphabet - 1).bit_length()


def packed_size(count, bits):
    return (count * bits + 7) // 8


def unpack(data, count, bits):
    """`count` codes of `bits` bits each, the first in the lowest bits."""
    raw = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    require(not raw[count * bits:].any(), "unused bits that are set")
    return raw[:count * bits].reshape(count, bits) @ (1 << np.arange(bits)) if bits else np.zeros(count, np.int64)


def halves(data):
    """FP16 numbers in two planes: all low bytes, then all high bytes."""
    planes = np.frombuffer(data, np.uint8).reshape(2, -1).astype(np.uint16)
    return (planes[0] | planes[1] << 8).view(np.float16)
