# SPDX-License-Identifier: MIT
"""Sections 6.3 and 6.4: round trip, loss, probe timeouts, a window in the manner of Reno, pacing."""

import math
from dataclasses import dataclass, field

from .ranges import RangeSet

FULL = 1200
LEAST_WINDOW = 2 * FULL
MOST_DELAY_US = 25_000
MOST_TIMEOUT_US = 10 * 10**6
BURST_US = 2_000
REORDERED = 3  # numbers


@dataclass
class Sent:
    """A packet on its way; contents are what is to be sent again if it is lost."""

    number: int
    at: int
    size: int
    asking: bool  # for acknowledgement
    searching: bool = False  # for the path's greatest size (MTU-1)
    contents: list = field(default_factory=list)
    acknowledged: list = field(default_factory=list)  # the ranges of an ACK in it


class Recovery:
    def __init__(self):
        self.sent = {}
        self.acknowledged = RangeSet()
        self.greatest = -1  # number acknowledged
        self.latest = self.smoothed = 150_000
        self.variation = 75_000
        self.least = None
        self.window, self.threshold = 10 * FULL, math.inf
        self.in_flight = 0
        self.reduced_at = -1
        self.timeouts = 0
        self.asked_at = None
        self.loss_at = None
        self.send_at = 0

    # Sending

    def may_send(self, size):
        return self.in_flight + size <= self.window

    def on_sent(self, packet):
        self.sent[packet.number] = packet
        if packet.asking:
            self.in_flight += packet.size
            self.asked_at = packet.at
            interval = packet.size * self.smoothed * 4 // (5 * self.window)
            self.send_at = max(self.send_at, packet.at - BURST_US) + interval

    def probe_us(self):
        return self.smoothed + max(4 * self.variation, 1000) + MOST_DELAY_US

    def probe_at(self, always=False):
        """Of nothing in flight only always."""
        if self.asked_at is None or not (self.in_flight or always):
            return None
        return self.asked_at + min(self.probe_us() << min(self.timeouts, 10), MOST_TIMEOUT_US)

    def next_timeout(self):
        return min((at for at in (self.loss_at, self.probe_at()) if at is not None), default=None)

    def oldest(self, count):
        return [packet for packet in self.sent.values() if packet.asking][:count]

    # Acknowledgement and loss

    def on_ack(self, ranges, delay, now):
        """(acknowledged, lost) packets."""
        named = RangeSet(ranges)
        packets = [packet for number, packet in self.sent.items() if number in named]
        if not packets:
            return [], []
        largest = packets[-1]
        if largest.number == ranges[-1][1] - 1 and any(packet.asking for packet in packets):
            self._sample(now - largest.at, delay)
        for packet in packets:
            self._forget(packet)
            self.acknowledged.add(packet.number, packet.number + 1)
            self.greatest = max(self.greatest, packet.number)
            if packet.asking and packet.at > self.reduced_at:
                slow_start = self.window < self.threshold
                self.window += packet.size if slow_start else FULL * packet.size // self.window
        self.timeouts = 0
        return packets, self.detect(now)

    def on_recovered(self, ranges, now):
        """RPR-2, CNG-2: lost for the window, arrived for its contents."""
        named = RangeSet(ranges)
        packets = [packet for number, packet in self.sent.items() if number in named]
        for packet in packets:
            self._forget(packet)
        self._reduce(packets, now)
        return packets

    def detect(self, now):
        """The packets that are lost by now."""
        self.loss_at = None
        patience = max(self.latest, self.smoothed, 1000) * 9 // 8
        lost = []
        for packet in self.sent.values():
            if packet.number > self.greatest:
                break
            if packet.number <= self.greatest - REORDERED or packet.at + patience <= now:
                lost.append(packet)
            else:
                self.loss_at = min(self.loss_at or math.inf, packet.at + patience)
        for packet in lost:
            self._forget(packet)
        self._reduce(lost, now)
        self.acknowledged.remove_below(min(self.sent, default=0))
        return [packet for packet in lost if packet.asking]

    def _forget(self, packet):
        del self.sent[packet.number]
        if packet.asking:
            self.in_flight -= packet.size

    def _reduce(self, lost, now):
        lost = [packet for packet in lost if packet.asking and not packet.searching]
        if not lost:
            return
        first, last = lost[0], lost[-1]
        if last.at > self.reduced_at:
            self.reduced_at = now
            self.window = self.threshold = max(self.window // 2, LEAST_WINDOW)
        if last.at - first.at > 3 * self.probe_us() and not self.acknowledged.intersects(first.number, last.number):
            self.window = LEAST_WINDOW  # LOS-2

    def _sample(self, round_trip, delay):
        """After RFC 9002, section 5."""
        first, self.latest = self.least is None, round_trip
        self.least = min(self.least or round_trip, round_trip)
        delay = min(delay, MOST_DELAY_US)
        adjusted = round_trip - delay if round_trip >= self.least + delay else round_trip
        if first:
            self.smoothed, self.variation = round_trip, round_trip // 2
        else:
            self.variation = (3 * self.variation + abs(self.smoothed - adjusted)) // 4
            self.smoothed = (7 * self.smoothed + adjusted) // 8
