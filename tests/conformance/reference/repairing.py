# SPDX-License-Identifier: MIT
"""Section 6.7 in a connection: which packets are kept to be solved with, and blocks to be sent."""

from .repair import encode_repair, make_repair, solve

MOST_KEPT_BYTES = 2 << 20  # RPR-3
MOST_BLOCKS = 32
BLOCK_PACKETS, BLOCK_SYMBOLS = 10, 2
REPAIR_OVERHEAD = 48  # of a REPAIR's fields around its symbol


class RepairReceiver:
    def __init__(self):
        self.frames = {}  # by number
        self.kept_bytes = 0
        self.blocks = {}  # (numbers, r, size): its repairs by j

    def add_packet(self, number, frames):
        """Frames by number of what can be solved for now."""
        self.frames[number] = frames
        self.kept_bytes += len(frames)
        while self.kept_bytes > MOST_KEPT_BYTES:
            self.kept_bytes -= len(self.frames.pop(next(iter(self.frames))))
        return self._solve([block for block in self.blocks if number in block[0]])

    def add_repair(self, repair):
        self.blocks.setdefault(repair.block, {})[repair.j] = repair
        while len(self.blocks) > MOST_BLOCKS:
            del self.blocks[next(iter(self.blocks))]
        return self._solve([repair.block])

    def _solve(self, blocks):
        solved = {}
        for block in blocks:
            if all(number in self.frames for number in block[0]):
                self.blocks.pop(block, None)
            elif block in self.blocks:
                solved |= solve(list(self.blocks[block].values()), self.frames)
        return solved


class RepairSender:
    """Two symbols for ten packets of DATA."""

    def __init__(self):
        self.block = []
        self.ready = []

    def add(self, number, frames):
        self.block.append((number, frames))
        if len(self.block) == BLOCK_PACKETS or number - self.block[0][0] > 200:
            self.finish()

    def finish(self):
        if self.block:
            self.ready += [encode_repair(repair) for repair in make_repair(self.block, BLOCK_SYMBOLS)]
        self.block = []
