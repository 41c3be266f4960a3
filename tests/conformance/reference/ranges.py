# SPDX-License-Identifier: MIT
"""Ranges on the wire (PRM-2), and sets of numbers kept as half-open ranges."""

from bisect import bisect_left, bisect_right

from .primitives import VARINT_LIMIT, Reader, malformed, varint


def parse_ranges(data, limit=VARINT_LIMIT, most=None):
    """A list of (begin, end); every number is below limit, and there are at most so many ranges."""
    reader = Reader(data)
    ranges = []
    at = 0
    while reader.left:
        gap, length = reader.varint(), reader.varint()
        if length == 0 or (ranges and gap == 0):
            raise malformed("empty or touching ranges")
        at += gap + length
        if at > limit:
            raise malformed(f"a range reaches {at}, beyond {limit}")
        ranges.append((at - length, at))
        if most is not None and len(ranges) > most:
            raise malformed(f"more than {most} ranges")
    return ranges


def encode_ranges(ranges):
    at, out = 0, b""
    for begin, end in ranges:
        out += varint(begin - at) + varint(end - begin)
        at = end
    return out


def ranges_of(numbers):
    """The ranges of numbers in any order."""
    made = RangeSet()
    for number in numbers:
        made.add(number, number + 1)
    return made.ranges()


def members(ranges, below):
    """The numbers in the ranges that are below a bound."""
    return [number for begin, end in ranges for number in range(begin, min(end, below))]


class RangeSet:
    """Numbers as sorted ranges that do not touch."""

    def __init__(self, ranges=()):
        self.begins = [begin for begin, _ in ranges]
        self.ends = [end for _, end in ranges]

    def __len__(self):
        return len(self.begins)

    def __contains__(self, number):
        return self.covers(number, number + 1)

    def ranges(self):
        return list(zip(self.begins, self.ends))

    def covers(self, begin, end):
        at = bisect_right(self.begins, begin) - 1
        return at >= 0 and end <= self.ends[at]

    def intersects(self, begin, end):
        at = bisect_right(self.ends, begin)
        return at < len(self.begins) and self.begins[at] < end

    def add(self, begin, end):
        first, last = bisect_left(self.ends, begin), bisect_right(self.begins, end)
        if first < last:
            begin, end = min(begin, self.begins[first]), max(end, self.ends[last - 1])
        self.begins[first:last], self.ends[first:last] = [begin], [end]

    def remove_below(self, bound):
        while self.begins and self.ends[0] <= bound:
            del self.begins[0], self.ends[0]
        if self.begins and self.begins[0] < bound:
            self.begins[0] = bound

    def remove(self, begin, end):
        kept = [part for low, high in self.ranges() for part in ((low, min(high, begin)), (max(low, end), high))]
        kept = [(low, high) for low, high in kept if low < high]
        self.begins, self.ends = [low for low, _ in kept], [high for _, high in kept]

    def missing(self, begin, end):
        """The parts of [begin, end) that are not here."""
        out = []
        for at in range(bisect_right(self.ends, begin), len(self.begins)):
            if self.begins[at] >= end:
                break
            if self.begins[at] > begin:
                out.append((begin, self.begins[at]))
            begin = self.ends[at]
        if begin < end:
            out.append((begin, end))
        return out


class Reassembly:
    """Bytes that arrive in any order: at most so many ahead of what was taken, with so many gaps (PKT-6, PKT-8)."""

    def __init__(self, most_ahead, most_gaps=1024):
        self.taken = 0
        self.most_ahead = most_ahead
        self.most_gaps = most_gaps
        self.here = RangeSet()
        self.buffer = bytearray()

    def add(self, offset, data):
        """False when it cannot be kept: then it has not arrived."""
        end = offset + len(data)
        if end > self.taken + self.most_ahead:
            return False
        for begin, stop in self.here.missing(max(offset, self.taken), end):
            if len(self.here) > self.most_gaps and not self.here.intersects(begin - 1, stop + 1):
                return False
            if stop - self.taken > len(self.buffer):
                self.buffer.extend(bytes(stop - self.taken - len(self.buffer)))
            self.buffer[begin - self.taken:stop - self.taken] = data[begin - offset:stop - offset]
            self.here.add(begin, stop)
        return True

    def take(self):
        """What follows on what was taken before."""
        if not self.here or self.here.begins[0] > self.taken:
            return b""
        count = self.here.ends[0] - self.taken
        out = bytes(self.buffer[:count])
        del self.buffer[:count]
        self.taken += count
        self.here.remove_below(self.taken)
        return out
