# SPDX-License-Identifier: MIT
"""Section 5.3, as a source keeps to it: which chunks go in datagrams, and which are lost with one."""

from .manifest import REFINES

DATAGRAMS = -1  # where streams have their numbers
MOST_DATAGRAMS = 1024  # of one chunk
MOST_CHUNKS = 1024  # under way in datagrams
LEAST_DATAGRAM = 600
LOST_REASON = 4  # of SKIP


class Dropping:
    def __init__(self, entries, level):
        """level: from which on refinements may be dropped; None: none."""
        self.entries = entries
        self.level = level
        self.allowed = False  # HAVE came (SMS-9)
        self.under_way = {}  # chunk: bytes of it that were not acknowledged

    def may_take(self, chunk):
        """SMS-8, SMS-10."""
        entry = self.entries[chunk]
        return (self.allowed and self.level is not None and entry.kind & REFINES != 0 and entry.level >= self.level
                and entry.size <= MOST_DATAGRAMS * (LEAST_DATAGRAM - 24) and len(self.under_way) < MOST_CHUNKS)

    def begin(self, chunk, count):
        self.under_way[chunk] = count

    def arrived(self, chunk, count):
        if chunk in self.under_way:
            self.under_way[chunk] -= count
            if not self.under_way[chunk]:
                del self.under_way[chunk]

    def forget(self, chunk):
        self.under_way.pop(chunk, None)

    def lost(self, chunk):
        """SMS-11: it and what refines it, of which what was not sent is of no use."""
        if self.under_way.pop(chunk, None) is None:
            return []
        found = [chunk]
        for index in range(chunk + 1, len(self.entries)):
            entry, below = self.entries[index], self.entries[found[-1]]
            if _block(entry) == _block(below) and entry.level == below.level + 1 and entry.kind & REFINES:
                found.append(index)
        return found


def _block(entry):
    return entry.layer, entry.row, entry.kind & ~REFINES
