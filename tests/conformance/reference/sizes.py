# SPDX-License-Identifier: MIT
"""Section 6.6: how large datagrams to one address may be."""

BASE, SMALL, MOST = 1200, 512, 1452
NEAR = 64  # of the full size
STEP = 16  # what is not worth a search
TRIES = 3
AGAIN_US = 30 * 10**6


class Sizes:
    """BASE, until a PROBE of a greater size came through (MTU-1); less when full datagrams do not (MTU-2)."""

    def __init__(self):
        self.size = BASE
        self.bound = MOST + 1  # no size from here on is worth a probe
        self.tries = 0
        self.searching = False  # a probe is on its way
        self.search_at = 0
        self.full_lost = 0  # while others arrived

    def is_full(self, size):
        return size > self.size - NEAR

    def candidate(self, now):
        """The size to be probed now, or None."""
        if self.searching or now < self.search_at or self.size < BASE or self.bound - self.size <= STEP:
            return None
        return MOST if self.bound > MOST else (self.size + self.bound) // 2

    def probed(self):
        self.searching = True

    def on_acknowledged(self, packet):
        if packet.searching:
            self.size, self.tries, self.searching = max(self.size, packet.size), 0, False
            self.bound = max(self.bound, self.size + 1)
        elif self.is_full(packet.size):
            self.full_lost = 0

    def on_lost(self, packet, now):
        if packet.searching:
            self.searching = False
            self.tries += 1
            if self.tries == TRIES:
                self.bound, self.tries = packet.size, 0
        elif self.is_full(packet.size):
            self.full_lost += 1
            if self.full_lost == 6:
                self.shrink(now)

    def shrink(self, now):
        self.size = BASE if self.size > BASE else SMALL
        self.bound, self.tries, self.full_lost = MOST + 1, 0, 0
        self.search_at = now + AGAIN_US

    def grow(self, now):
        """Small datagrams are tried to be larger after a time."""
        if self.size < BASE and now >= self.search_at:
            self.size = BASE
