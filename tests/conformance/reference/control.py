# SPDX-License-Identifier: MIT
"""The sending side of the control stream (section 6.1)."""

from .ranges import RangeSet

MOST_UNACKNOWLEDGED = 2 << 20  # PKT-6


class ControlSender:
    def __init__(self):
        self.buffer = bytearray()
        self.base = 0  # offset of the buffer's first byte
        self.next = 0
        self.acknowledged = RangeSet()
        self.lost = []

    @property
    def idle(self):
        """Everything has arrived."""
        return not self.buffer

    def write(self, data):
        self.buffer += data

    def take(self, room):
        """(offset, bytes) to be sent now, what was lost first, or None."""
        while self.lost:
            begin, end = self.lost.pop(0)
            parts = self.acknowledged.missing(max(begin, self.base), end) if end > self.base else []
            if parts:
                self.lost[:0] = parts[1:]
                return self._cut(*parts[0], room)
        end = min(self.base + len(self.buffer), self.base + MOST_UNACKNOWLEDGED)
        if self.next >= end:
            return None
        end = min(end, self.next + room)
        begin, self.next = self.next, end
        return self._bytes(begin, end)

    def _cut(self, begin, end, room):
        if end - begin > room:
            self.lost.insert(0, (begin + room, end))
            end = begin + room
        return self._bytes(begin, end)

    def _bytes(self, begin, end):
        return begin, bytes(self.buffer[begin - self.base:end - self.base])

    def on_acknowledged(self, begin, end):
        self.acknowledged.add(begin, end)
        if self.acknowledged.begins[0] <= self.base:
            arrived = self.acknowledged.ends[0]
            del self.buffer[:arrived - self.base]
            self.base = arrived
            self.acknowledged.begins[0] = 0

    def on_lost(self, begin, end):
        self.lost.append((begin, end))
