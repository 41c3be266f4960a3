# SPDX-License-Identifier: MIT
"""The payload of one chunk, after codec/FORMAT.md."""

import numpy as np

import format_numbers as numbers
from format_bytes import Source, bits_of, halves, packed_size, require, stored, unpack
from format_entropy import decode_adaptive
from format_numbers import AFFINE, CHANNEL, COMPONENTS, FP16, GROUP, ROTATED, SYMMETRIC, TOKEN, group_index

NONE, ZSTD, STATIC, CARD, ADAPTIVE = range(5)
SVD, PCA, ANCHORS = 1, 2, 3


class Coding:
    """How a block is coded."""

    def __init__(self, flags, last, log):
        self.quantizer, self.along, self.undone, self.transform = flags & 7, flags >> 3 & 3, flags >> 5 & 1, flags >> 6
        require(self.quantizer <= COMPONENTS, "an unknown quantizer")
        self.alphabet, self.group = last + 1, 1 << log
        self.scaled = self.quantizer in (AFFINE, SYMMETRIC)
        require(self.scaled or self.along == 0, "groups of what has none")
        require(3 <= log <= 7 if self.along in (CHANNEL, GROUP) else log == 0, "a group out of range")
        require(self.quantizer != ROTATED or self.transform == 0, "a rotation of what is transformed")
        require(self.quantizer != COMPONENTS or self.transform == PCA, "components of no basis")
        a = self.alphabet
        power, odd = a >= 2 and a & (a - 1) == 0, a >= 3 and a % 2 == 1
        right = (a == 1, power, a == 2 or odd, power, a == 256)[self.quantizer]
        require(right, "an alphabet that the quantizer does not have")


class Block:
    """The K or the V of one layer in one segment."""

    def __init__(self, card, coding, layer, tensor, rows):
        self.card, self.layer, self.tensor, self.rows = card, layer, tensor, rows
        self.quantizer, self.transform, self.alphabet = coding.quantizer, coding.transform, coding.alphabet
        self.undone = coding.undone and tensor == 0
        self.heads, self.dim, self.basis = card.heads, card.dim, None
        if self.transform in (SVD, PCA):
            holder = card.tables if self.transform == SVD else card.calibration
            require(holder and holder.bases and holder.bases[layer][tensor], "a transform without its basis")
            self.basis = holder.bases[layer][tensor]
            self.heads, self.dim = 1, self.basis.rank
        self.columns = self.heads * self.dim
        if self.quantizer == COMPONENTS:
            require(card.tables and card.tables.bits, "components without their bits")
            self.bits = card.tables.bits[layer][tensor]
            require(len(self.bits) == self.columns, "bits of another number of components")
        self.scales = 0
        if coding.scaled:
            self.index, self.scales = group_index(coding.along, coding.group, len(rows), self.heads, self.dim)
        self.anchors = 0
        if self.transform == ANCHORS:
            require(card.anchor_run, "anchors that the preset does not have")
            self.anchors = -(-len(rows) // card.anchor_run)

    def parameter_size(self):
        own = {FP16: 2 * self.count(), AFFINE: 4 * self.scales, SYMMETRIC: 2 * self.scales,
               ROTATED: 2 * len(self.rows) * self.heads, COMPONENTS: 0}[self.quantizer]
        return self.anchors * (2 + self.columns) + own

    def symbol_size(self):
        if self.quantizer == FP16:
            return 0
        if self.quantizer == COMPONENTS:
            return sum(packed_size(len(self.rows), b) for b in self.bits)
        return packed_size(self.count(), bits_of(self.alphabet))

    def count(self):
        return len(self.rows) * self.columns

    def unpack(self, data):
        if self.quantizer == FP16:
            return
        if self.quantizer == COMPONENTS:
            source, rows = Source(data), len(self.rows)
            parts = [unpack(source.take(packed_size(rows, b)), rows, b) for b in self.bits]
            self.symbols = np.stack(parts, 1)
            return
        self.symbols = unpack(data, self.count(), bits_of(self.alphabet))
        require((self.symbols < self.alphabet).all(), "a symbol outside its alphabet")

    def decode_stream(self, coder, data):
        require(self.quantizer != COMPONENTS, "a stream of components")
        if coder == ADAPTIVE:
            self.symbols = decode_adaptive(data, self.count(), self.columns, self.alphabet)
            return
        models = self.card.static_models if coder == STATIC else self.card.tables and self.card.tables.models
        model = models and models[self.layer][self.tensor]
        require(model and model.fits(self.alphabet, self.columns), "a stream without its symbol table")
        self.symbols = model.decode(data, self.count(), self.columns)

    def numbers(self):
        """[row][channel] in FP16."""
        rows, card = len(self.rows), self.card
        source = Source(self.parameters)
        anchor = None
        if self.anchors:
            own = source.take(2 * self.anchors)
            symbols = source.array(np.uint8, self.anchors * self.columns).astype(np.int64).reshape(self.anchors, -1)
            require((symbols < 255).all(), "a symbol outside its alphabet")
            index, _ = group_index(TOKEN, 1, self.anchors, self.heads, self.dim)
            anchor = numbers.symmetric(symbols, 255, own, index)
        x = self.dequantize(source.take(source.left()), rows)
        if anchor is not None:
            x = x + anchor[np.arange(rows) // card.anchor_run]
        if self.basis:
            x = numbers.from_basis(x, self.basis.mean, self.basis.vectors)
        if self.undone:
            x = numbers.turn_by_rope(x, card.positions[self.layer][self.rows], card.heads, card.dim, card.theta)
        return numbers.to_half(x)

    def dequantize(self, parameters, rows):
        if self.quantizer == FP16:
            x = halves(parameters).astype(np.float32)
            require(np.isfinite(x).all(), "a number that is not finite")
            return x.reshape(rows, -1)
        symbols = self.symbols.reshape(rows, -1)
        if self.quantizer == AFFINE:
            return numbers.affine(symbols, parameters, self.index, self.scales)
        if self.quantizer == SYMMETRIC:
            return numbers.symmetric(symbols, self.alphabet, parameters, self.index)
        if self.quantizer == ROTATED:
            return numbers.rotated(symbols, bits_of(self.alphabet), parameters, rows, self.heads, self.dim)
        return numbers.components(symbols, self.bits, self.basis.variance)


def read_header(source, card, entry):
    """The coder, and the blocks in the order of the body."""
    coder, segments = source.byte(), source.byte()
    require(coder <= ADAPTIVE and 1 <= segments <= 4, "an unknown coder, or too many segments")
    segment = np.zeros(entry.rows, np.int64)
    if segments > 1:
        segment = unpack(source.take(packed_size(entry.rows, 2)), entry.rows, 2)
    require(set(segment) == set(range(segments)), "a segment without rows")
    codings, wanted = [], segments * 2 * entry.layers
    while len(codings) < wanted:
        run = source.byte()
        require(1 <= run <= wanted - len(codings), "a run that is 0 or too long")
        codings += [Coding(*source.take(3))] * run
    blocks = []
    for s in range(segments):
        rows = entry.row_begin + np.flatnonzero(segment == s)
        for layer in range(entry.layers):
            for tensor in entry.tensors:
                coding = codings[(s * 2 + tensor) * entry.layers + layer]
                blocks.append(Block(card, coding, entry.layer_begin + layer, tensor, rows))
    return coder, blocks


def read_chunk(card, entry, payload):
    """Its blocks, whole."""
    source = Source(payload)
    coder, blocks = read_header(source, card, entry)
    if coder <= ZSTD:
        size = sum(block.parameter_size() + block.symbol_size() for block in blocks)
        body = Source(stored(coder, source.take(source.left()), size))
        for block in blocks:
            block.parameters = body.take(block.parameter_size())
            block.unpack(body.take(block.symbol_size()))
        body.finish()
        return blocks
    inner, size = source.byte(), source.varint()
    body = Source(stored(inner, source.take(size), sum(block.parameter_size() for block in blocks)))
    for block in blocks:
        block.parameters = body.take(block.parameter_size())
        if block.quantizer == FP16:
            continue
        size = source.varint()
        if size:
            block.decode_stream(coder, source.take(size))
        else:
            block.unpack(source.take(block.symbol_size()))
    source.finish()
    return blocks
