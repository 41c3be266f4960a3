# SPDX-License-Identifier: MIT
"""Section 8, root key 16: what beginnings of the chunk table are worth."""

import math
import struct
from collections import namedtuple

from .canonical import Kind, blob, pack
from .primitives import Reader, malformed, varint

MOST = 64
Point = namedtuple("Point", "chunks kl top1")


def _below_zero(value):
    return math.copysign(1, value) < 0


def _parse(raw):
    reader, curve, chunks = Reader(blob().parse(raw)), [], 0
    while reader.left:
        more = reader.varint()
        kl, top1 = struct.unpack("<ff", reader.take(8))
        chunks += more
        if more < 1 or len(curve) == MOST:
            raise malformed(f"a quality curve that does not ascend, or of more than {MOST} points")  # MAN-5
        if not math.isfinite(kl) or not top1 <= 1 or _below_zero(kl) or _below_zero(top1):
            raise malformed(f"quality {kl}, {top1}")  # MAN-5
        curve.append(Point(chunks, kl, top1))
    return curve


def _pack(curve):
    before = [0] + [point.chunks for point in curve]
    return pack(b"".join(varint(point.chunks - last) + struct.pack("<ff", point.kl, point.top1)
                         for last, point in zip(before, curve)))


points = Kind(_parse, _pack)
