# SPDX-License-Identifier: MIT
"""Section 6.7: repair symbols over GF(2^8), made and solved."""

from dataclasses import dataclass

from .primitives import Reader, malformed, varint
from .ranges import encode_ranges, members, parse_ranges, ranges_of

_EXP, _LOG = [0] * 510, [0] * 256
_value = 1
for _at in range(255):
    _EXP[_at] = _EXP[_at + 255] = _value
    _LOG[_value] = _at
    _value = _value << 1 ^ (0x11D if _value & 0x80 else 0)
_TIMES = [bytes(_EXP[_LOG[a] + _LOG[b]] if a and b else 0 for b in range(256)) for a in range(256)]


MOST_SPAN = 256  # from the first covered number to the last


def times(factor, symbol):
    return symbol.translate(_TIMES[factor])


def inverse(value):
    return _EXP[255 - _LOG[value]]


def add(left, right):
    return (int.from_bytes(left, "little") ^ int.from_bytes(right, "little")).to_bytes(len(left), "little")


def coefficient(k, j, i):
    return inverse((k + j) ^ i)


def symbol_of(frames, size):
    return (len(frames).to_bytes(2, "little") + frames).ljust(size, b"\0")


@dataclass(frozen=True)
class Repair:
    numbers: tuple
    j: int
    r: int
    symbol: bytes

    @property
    def block(self):
        return self.numbers, self.r, len(self.symbol)


def make_repair(packets, r):
    """The r repair frames of [(number, frames)], ascending."""
    size = max(2 + len(frames) for _, frames in packets)
    out = []
    for j in range(r):
        total = bytes(size)
        for i, (_, frames) in enumerate(packets):
            total = add(total, times(coefficient(len(packets), j, i), symbol_of(frames, size)))
        out.append(Repair(tuple(number for number, _ in packets), j, r, total))
    return out


def encode_repair(repair):
    first = repair.numbers[0]
    covered = encode_ranges(ranges_of(number - first for number in repair.numbers))
    return varint(first) + varint(len(covered)) + covered + bytes((repair.j, repair.r)) + repair.symbol


def parse_repair(body):
    """RPR-1."""
    reader = Reader(body)
    first = reader.varint()
    ranges = parse_ranges(reader.take(reader.varint()), limit=MOST_SPAN + 1)
    j, r, symbol = reader.byte(), reader.byte(), reader.rest()
    if not ranges or ranges[0][0] != 0 or not 3 <= len(symbol) <= 16383 or not 1 <= r <= 32 or j >= r:
        raise malformed("a REPAIR out of bounds")
    numbers = tuple(first + number for number in members(ranges, MOST_SPAN + 1))
    if len(numbers) > 64 or numbers[-1] >= 1 << 62:
        raise malformed(f"a block of {len(numbers)} packets up to {numbers[-1]}")
    return Repair(numbers, j, r, symbol)


def solve(repairs, frames_of):
    """Frames by number of what is missing in one block; {} when the symbols do not suffice."""
    numbers, size = repairs[0].numbers, len(repairs[0].symbol)
    missing = [i for i, number in enumerate(numbers) if number not in frames_of]
    if not 0 < len(missing) <= len(repairs):
        return {}
    if any(2 + len(frames_of[number]) > size for number in numbers if number in frames_of):
        return {}
    rows = []
    for repair in repairs[:len(missing)]:
        total = repair.symbol
        for i, number in enumerate(numbers):
            if number in frames_of:
                total = add(total, times(coefficient(len(numbers), repair.j, i), symbol_of(frames_of[number], size)))
        rows.append(([coefficient(len(numbers), repair.j, i) for i in missing], total))
    _eliminate(rows)
    solved = {}
    for i, (_, symbol) in zip(missing, rows):
        length = int.from_bytes(symbol[:2], "little")
        if length > size - 2 or any(symbol[2 + length:]):
            return {}
        solved[numbers[i]] = symbol[2:2 + length]
    return solved


def _eliminate(rows):
    """Gauss and Jordan; a Cauchy matrix always has a pivot."""
    for at in range(len(rows)):
        pivot = next(row for row in range(at, len(rows)) if rows[row][0][at])
        rows[at], rows[pivot] = rows[pivot], rows[at]
        factor = inverse(rows[at][0][at])
        rows[at] = ([_TIMES[factor][value] for value in rows[at][0]], times(factor, rows[at][1]))
        for row in range(len(rows)):
            factor = rows[row][0][at]
            if row != at and factor:
                left = [value ^ _TIMES[factor][other] for value, other in zip(rows[row][0], rows[at][0])]
                rows[row] = (left, add(rows[row][1], times(factor, rows[at][1])))
