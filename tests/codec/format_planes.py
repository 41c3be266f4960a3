# SPDX-License-Identifier: MIT
"""Chunks that refine each other, after codec/PLANES.md."""

import re

import numpy as np

import format_numbers as numbers
from format_bytes import Source, require
from format_entropy import Stream, slots

BOTH = 2
DELAYED, DELAYED_LONG = 147, 148  # contexts
CHANCE = np.array([0, 0, 0, 0, 0, 19, 186, 644, 1300, 1964, 2528, 2964, 3287, 3521, 3689, 3808])


def loudness(count, tail):
    found, expected = 4096 * (count + 1), 4096 + tail
    return np.where(4 * found < 3 * expected, 0, np.where(3 * found > 4 * expected, 2, 1))


class Part:
    """The K or the V of one layer in a group: what is known of its coefficients."""

    def __init__(self, card, layer, tensor, rows):
        self.card, self.layer, self.tensor, self.rows = card, layer, tensor, rows
        self.basis = card.calibration.planes[layer][tensor]
        self.active = 0
        self.magnitude = np.zeros((len(rows), self.basis.rank), np.int64)
        self.minus = np.zeros(self.magnitude.shape, bool)
        self.plane = np.zeros(len(rows), np.int64)

    def contexts(self, rows, plane, known):
        """Of the coefficients that gain a plane; known: which rows have one already."""
        m = self.magnitude[rows, :self.active]
        spread = self.basis.spread[:self.active] + 2 * plane[:, None]
        tail = np.where(known[:, None], CHANCE[np.clip(spread - 2, -8, 7) + 8], 0)
        of_row, of_column = (loudness((m > 0).sum(axis), tail.sum(axis)) for axis in (1, 0))
        first = np.clip(spread, -8, 7) + 8 + 16 * of_row[:, None] + 48 * of_column
        return np.select([m == 0, m == 1, m < 4], [first, 144, 145], 146)

    def gain(self, rows, plane, symbols):
        m = self.magnitude[rows, :self.active]
        self.minus[rows, :self.active] |= (m == 0) & (symbols == 2)
        self.magnitude[rows, :self.active] = np.where(m == 0, symbols > 0, 2 * m + symbols)
        self.plane[rows] = plane

    def numbers(self):
        """[row][channel] in FP16."""
        card, m = self.card, self.magnitude
        step = np.ldexp(self.basis.tolerance, -self.plane[:, None]).astype(np.float32)
        y = np.where(m > 0, (m.astype(np.float32) + np.float32(0.5)) * step, np.float32(0))
        # Only over the active ones: + 0 would turn a mean of -0 over.
        x = numbers.from_basis(np.where(self.minus, -y, y), self.basis.mean, self.basis.vectors[:self.active])
        if self.tensor == 0:
            x = numbers.turn_by_rope(x, card.positions[self.layer][self.rows], card.heads, card.dim, card.theta)
        return numbers.to_half(x)


class Group:
    """Some rows of some layers, as far as its levels have come."""

    def __init__(self, card, entry):
        self.rows, self.levels = entry.rows, 0
        layers = range(entry.layer_begin, entry.layer_begin + entry.layers)
        require(entry.rows <= 384, "too many rows")
        require(entry.layers == 1 or 4 * entry.rows * entry.layers * card.channels <= 3 << 19, "too many layers")
        rows = np.arange(entry.row_begin, entry.row_begin + entry.rows)
        self.parts = [Part(card, layer, tensor, rows) for layer in layers for tensor in range(2)]
        self.tables = [slots(frequencies) for frequencies in card.calibration.contexts]

    def refine(self, payload):
        level, source = self.levels, Source(payload)
        longest = 0
        if level == 0:
            self.headroom, longest = source.take(2)
        require(self.headroom < 30 and self.headroom + level < 30 and longest <= 3, "too many planes, or a long delay")
        for part in self.parts:
            part.active += source.varint()
            require(part.active <= part.basis.rank, "more active components than the rank")
        lanes = source.byte()
        require(lanes <= 4, "too many states")
        body = source.take(source.left())
        stream = Stream(body, 1 << lanes, len(body))
        if level == 0:
            self.delay = self.read_delays(stream, longest)
        beginning = np.flatnonzero(self.delay == level)
        for plane in range(-self.headroom if len(beginning) else 0, 0):
            self.read_pass(stream, beginning, np.full(len(beginning), plane))
        begun = np.flatnonzero(self.delay <= level)
        self.read_pass(stream, begun, level - self.delay[begun])
        stream.finish()
        self.levels += 1

    def read_delays(self, stream, longest):
        delay = np.zeros(self.rows, np.int64)
        if longest:
            delay[:] = stream.decode(self.tables, [DELAYED] * self.rows)
            long = np.flatnonzero(delay == 2)
            delay[long] += stream.decode(self.tables, [DELAYED_LONG] * len(long))
        require(delay.max() == longest, "a longest delay that no row has, or a longer one")
        return delay

    def read_pass(self, stream, rows, plane):
        known = plane > -self.headroom
        contexts = [part.contexts(rows, plane, known) for part in self.parts]
        symbols = stream.decode(self.tables, np.concatenate([c.ravel() for c in contexts]).tolist())
        at = 0
        for part, c in zip(self.parts, contexts):
            part.gain(rows, plane, symbols[at:at + c.size].reshape(c.shape))
            at += c.size


def read_groups(card, entries, payloads):
    """The parts of all groups."""
    require(card.calibration and card.calibration.planes, "a calibration without planes")
    most = int(re.search(r"quant=planes:(\d+)", card.preset)[1])
    groups = {}
    for entry, payload in zip(entries, payloads):
        require(entry.kind == BOTH and entry.refines == (entry.level > 0), "a chunk that is no level")
        where = entry.layer_begin, entry.layers, entry.row_begin, entry.rows
        if where not in groups:
            groups[where] = Group(card, entry)
        require(groups[where].levels == entry.level < most, "a level before that below, twice, or too many")
        groups[where].refine(payload)
    return [part for group in groups.values() for part in group.parts]
