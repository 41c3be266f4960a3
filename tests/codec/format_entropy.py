# SPDX-License-Identifier: MIT
"""Symbol models and rANS, after codec/FORMAT.md."""

from bisect import bisect_right

import numpy as np

from format_bytes import require

FIRST = 1 << 16  # the state that a writer begins with


class Model:
    """How often symbols come: a table for the block or for each of its columns."""

    def __init__(self, source, most_contexts):
        self.contexts = source.varint()
        self.alphabet = source.byte() + 1
        tables = source.byte()
        require(1 <= self.contexts <= most_contexts and self.alphabet >= 2, "a symbol model out of range")
        require(1 <= tables <= min(64, self.contexts), "too many tables")
        self.table_of = [0] * self.contexts if tables == 1 else list(source.take(self.contexts))
        seen = -1
        for table in self.table_of:
            require(table <= seen + 1, "tables out of order")
            seen = max(seen, table)
        require(seen == tables - 1, "a table that no context has")
        self.tables = [self.read_table(source) for _ in range(tables)]

    def read_table(self, source):
        frequencies = []
        for _ in range(self.alphabet - 1):
            value = source.byte()
            if value >= 128:
                value = (value & 127) << 8 | source.byte()
                require(value >= 128, "a frequency longer than needed")
            frequencies.append(value + 1)
        frequencies.append(4096 - sum(frequencies))
        require(frequencies[-1] >= 1, "frequencies that leave nothing")
        return frequencies

    def fits(self, alphabet, columns):
        return self.alphabet == alphabet and self.contexts in (1, columns)

    def decode(self, data, count, columns):
        """The symbols of a stream in the order [row][column]."""
        stream = Stream(data, 1 if count < 8192 else 16, count)
        tables = [slots(frequencies) for frequencies in self.tables]
        of_column = self.table_of * columns if self.contexts == 1 else self.table_of
        symbols = stream.decode(tables, np.resize(of_column, count).tolist())
        stream.finish()
        return symbols


def slots(frequencies):
    """Symbol, frequency and slot less start, by slot."""
    starts = np.cumsum([0] + frequencies[:-1])
    symbol = np.repeat(np.arange(len(frequencies)), frequencies)
    rest = np.arange(4096) - starts[symbol]
    return symbol.tolist(), np.array(frequencies)[symbol].tolist(), rest.tolist()


class Stream:
    """Symbols of known tables, in one pass or several; each begins at the first state."""

    def __init__(self, data, lanes, steps):
        self.lanes = lanes
        self.states, self.words = split(data, lanes, steps)

    def decode(self, tables, table_of):
        """A symbol for each number of a table."""
        out, states, words, lanes = [], self.states, self.words, self.lanes
        for i, table in enumerate(table_of):
            symbol, frequency, rest = tables[table]
            state = states[i % lanes]
            slot = state & 4095
            out.append(symbol[slot])
            state = frequency[slot] * (state >> 12) + rest[slot]
            if state < FIRST:
                require(words, "a missing word")
                state = state << 16 | words.pop()
            states[i % lanes] = state
        return np.array(out, np.int64)

    def finish(self):
        ended = not self.words and all(state == FIRST for state in self.states)
        require(ended, "a stream that does not end where it began")


def split(data, lanes, steps):
    """States, and words with the first at the end."""
    require(len(data) % 2 == 0 and 4 * lanes <= len(data) <= 4 * lanes + 2 * steps, "a stream of a wrong size")
    states = np.frombuffer(data[:4 * lanes], "<u4").tolist()
    require(min(states) >= FIRST, "a first state that is too small")
    return states, np.frombuffer(data[4 * lanes:], "<u2").tolist()[::-1]


DECAY = (5, 15, 35, 62, 94, 126, 155, 179, 199, 214)
SPREADS = (85, 121, 170, 241, 341, 482, 682, 964, 1363)


class Distribution:
    """Of `size` values, of which it learns how often they come."""

    def __init__(self, weights):
        size, total, before = len(weights), sum(weights), 0
        starts = []
        for i, weight in enumerate(weights):
            starts.append(32 * i + before * (32768 - 32 * size) // total)
            before += weight
        self.starts = np.array(starts[1:], np.int64)  # the first is 0
        index = np.arange(1, size)
        self.targets = [np.where(index <= v, 32 * index, 32768 - 32 * (size - index)) for v in range(size)]
        self.steps = 0

    def decode(self, states, words):
        slot = states[0] & 32767
        starts = self.starts.tolist()
        value = bisect_right(starts, slot)
        begin = starts[value - 1] if value else 0
        end = starts[value] if value < len(starts) else 32768
        state = (end - begin) * (states[0] >> 15) + slot - begin
        if state < FIRST:
            require(words, "a missing word")
            state = state << 16 | words.pop()
        states[0] = state
        self.starts += (self.targets[value] - self.starts) >> (6 if self.steps <= 64 else 7 if self.steps <= 512 else 8)
        self.steps += 1
        return value


def high_weights(size, decay):
    weights = [0] * size
    middle = size // 2
    weights[middle] = 65536
    for i in range(middle + 1, size):
        weights[i] = weights[i - 1] * decay >> 8
    for i in range(middle - 1, -1, -1):
        weights[i] = weights[i + 1] * decay >> 8
    return weights


def decode_adaptive(data, count, columns, alphabet):
    low = max(0, (alphabet - 1).bit_length() - 5)
    size = ((alphabet - 1) >> low) + 1
    highs = [Distribution(high_weights(size, decay)) for decay in DECAY]
    lows = [Distribution([1] * (1 << low)) for _ in range(size)] if low else []
    states, words = split(data, 1, count * (2 if low else 1))
    mean, deviation = [128 * (alphabet - 1)] * columns, [34 * alphabet] * columns
    out = []
    for i in range(count):
        row, c = divmod(i, columns)
        expected = (mean[c] + 128) >> 8
        distance = highs[bisect_right(SPREADS, deviation[c] >> low)].decode(states, words)
        if low:
            distance = distance << low | lows[distance].decode(states, words)
        require(distance < alphabet, "a symbol outside its alphabet")
        symbol = (distance + expected - alphabet // 2) % alphabet
        out.append(symbol)
        if row == 0:
            mean[c] = 256 * symbol
        else:
            error = 256 * symbol - mean[c]
            rate = 1 if row == 1 else 2 if row < 4 else 3 if row < 12 else 4
            deviation[c] += (abs(error) - deviation[c]) >> rate
            mean[c] += error >> rate
    require(not words and states[0] == FIRST, "a stream that does not end where it began")
    return np.array(out, np.int64)


