# SPDX-License-Identifier: MIT
"""Which packets came, and when that is said (section 6.2)."""

from .packets import MOST_ACK_RANGES, encode_ack
from .ranges import RangeSet

MOST_DELAY_US = 25_000
MOST_GAPS = 64


class Received:
    """Numbers below the floor count as processed: what is remembered is bounded (PKT-8)."""

    def __init__(self):
        self.here = RangeSet()
        self.to_name = RangeSet()
        self.floor = 0
        self.largest, self.largest_at = -1, 0
        self.unanswered = 0
        self.due_at = None

    def is_new(self, number):
        return number >= self.floor and number not in self.here

    def remember(self, number):
        """Processed, but not to be acknowledged: it was solved for (RPR-2)."""
        self.here.add(number, number + 1)
        while len(self.here) > MOST_GAPS:
            self.floor = self.here.ends[0]
            self.here.remove_below(self.floor)

    def add(self, number, asking, now):
        self.remember(number)
        self.to_name.add(number, number + 1)
        in_order = number == self.largest + 1
        if number > self.largest:
            self.largest, self.largest_at = number, now
        if asking:
            self.unanswered += 1
            late = now if self.unanswered >= 2 or not in_order else now + MOST_DELAY_US
            self.due_at = min(late, self.due_at if self.due_at is not None else late)

    def ack(self, now, room):
        """(body of an ACK, its ranges) of what is not known to have been named, or None; answered once it is sent."""
        ranges = self.to_name.ranges()[-MOST_ACK_RANGES:]
        while len(ranges) > 1 and len(encode_ack(ranges, MOST_DELAY_US)) > room:
            ranges = ranges[len(ranges) // 2:]
        if not ranges:
            return None
        delay = max(0, now - self.largest_at) if ranges[-1][1] == self.largest + 1 else 0
        return encode_ack(ranges, min(delay, 3600 * 10**6)), ranges

    def answered(self):
        self.unanswered, self.due_at = 0, None

    def named(self, ranges):
        """An ACK with these ranges was acknowledged (ACK-3)."""
        for begin, end in ranges:
            self.to_name.remove(begin, end)
