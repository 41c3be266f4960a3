# SPDX-License-Identifier: MIT
"""TRF-9, as both sides of a transfer reckon it."""

from .primitives import malformed


class Credit:
    """The sizes of chunks begun, each counted once, may not exceed the total."""

    def __init__(self, total):
        self.total = total
        self.named = total  # by the last CREDIT
        self.begun_bytes = 0
        self.begun = set()

    def fits(self, chunk, size):
        return chunk in self.begun or self.begun_bytes + size <= self.total

    def begin(self, chunk, size):
        if chunk not in self.begun:
            self.begun.add(chunk)
            self.begun_bytes += size

    def skip(self, chunk, size):
        """Begun and given back at once, unless it was begun before; whether it was not."""
        if chunk in self.begun:
            return False
        self.begin(chunk, size)
        self.total += size
        return True

    def name(self, total):
        """CREDIT came. It may be from before a SKIP that is reckoned with here already."""
        if total < self.named:
            raise malformed("credit that shrinks")
        self.named = total
        self.total = max(self.total, total)
