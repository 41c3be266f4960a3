# SPDX-License-Identifier: MIT
"""What chunks need beside themselves, after codec/FORMAT.md: calibration files and the tables of a card."""

import hashlib

import numpy as np

from format_bytes import Source, halves, require, stored
from format_entropy import Model

MAGIC = b"\x89KVCALB\n"
STAGES = ("transform=", "quant=", "allocate=")
BASES, BITS, MODELS = 1, 2, 3


class Basis:
    def __init__(self, mean, vectors, variance=None):
        self.mean, self.vectors, self.variance = mean, vectors, variance
        self.rank = len(vectors)


class WeightedBasis:
    """Of bit planes."""

    def __init__(self, source, channels):
        self.rank = source.varint()
        require(1 <= self.rank <= channels, "a rank out of range")
        self.mean = within(source.array("<f4", channels), -65504, 65504)
        self.tolerance = within(source.array("<f4", self.rank), 2.0 ** -60, 2.0 ** 60)
        self.spread = within(source.array("i1", self.rank), -63, 63).astype(np.int64)
        require((self.spread[1:] <= self.spread[:-1]).all(), "spreads that ascend")
        vectors = within(source.array("<f2", self.rank * channels), -1, 1).astype(np.float32)
        self.vectors = vectors.reshape(self.rank, channels)


def read_context(source, number):
    """The frequencies of symbols 0, 1 and 2."""
    zero, one = source.little(2), source.little(2)
    require(zero >= 1 and one >= 1 and zero + one <= 4096, "shares out of range")
    require(zero + one == 4096 or number not in (144, 145, 146, 148), "a third symbol where there are two")
    return [zero, one, 4096 - zero - one]


def within(values, least, most):
    require(((values >= least) & (values <= most)).all(), "a number out of range")
    return values


class Calibration:
    def __init__(self, data):
        self.digest = hashlib.sha256(data).digest()
        source = Source(data)
        require(source.take(8) == MAGIC and source.little(4) == 2, "no calibration of version 2")
        self.layers, self.heads, self.dim = (source.varint() for _ in range(3))
        self.theta = float(source.array("<f8", 1)[0])
        require(1 <= self.theta < np.inf, "a RoPE base out of range")
        self.weights = source.take(32)
        self.channels = self.heads * self.dim
        self.bases = []  # [layer][K, V]
        for _ in range(self.layers):
            pair = []
            for _ in range(2):
                pair.append(self.read_basis(source))
                within(source.array("<f4", self.channels), -65504, 65504)
                within(source.array("<f4", self.channels), 0, 65504)
            within(source.array("<f4", 1), 0, np.finfo(np.float32).max)
            self.bases.append(pair)
        pipelines = source.varint()
        require(pipelines <= 256, "too many pipelines")
        self.models = {}  # of each pipeline, [layer][K, V]
        for _ in range(pipelines):
            text = source.take(source.varint()).decode("ascii")
            require(text not in self.models and 1 <= len(text) <= 1024 and text.isprintable(), "a pipeline's text")
            self.models[text] = read_models(source, self.layers, self.channels)
        self.planes = self.contexts = None
        planes = source.byte()
        require(planes < 2, "neither planes nor none")
        if planes:
            self.planes = [[WeightedBasis(source, self.channels) for _ in range(2)] for _ in range(self.layers)]
            self.contexts = [read_context(source, context) for context in range(149)]
        source.finish()

    def read_basis(self, source):
        rank = source.varint()
        require(1 <= rank <= self.channels, "a rank out of range")
        mean = within(source.array("<f4", self.channels), -65504, 65504)
        variance = within(source.array("<f4", rank), 0, 65504.0 ** 2 * self.channels)
        require((variance[1:] <= variance[:-1]).all(), "variances that ascend")
        vectors = within(source.array("<f2", rank * self.channels), -1, 1).astype(np.float32)
        return Basis(mean, vectors.reshape(rank, self.channels), variance)

    def models_of(self, preset):
        text = " | ".join(stage for stage in preset.split(" | ") if stage.startswith(STAGES))
        return self.models.get(text)


def read_models(source, layers, channels):
    """[layer][K, V]: a model, or none."""
    def entry():
        present = source.byte()
        require(present < 2, "neither a model nor none")
        return Model(source, channels) if present else None
    return [[entry(), entry()] for _ in range(layers)]


class Tables:
    """Chunk 0 of a card, where it is of kind tables."""

    def __init__(self, data, layers, channels):
        self.bases = self.bits = self.models = None
        outer = Source(data)
        coder, size = outer.byte(), outer.varint()
        require(size <= 64 << 20, "tables that are too large")
        source = Source(stored(coder, outer.take(outer.left()), size))
        seen = set()
        while source.left():
            kind = source.byte()
            section = Source(source.take(source.varint()))
            require(kind in (BASES, BITS, MODELS) and kind not in seen, "a section that is unknown or there twice")
            seen.add(kind)
            if kind == BASES:
                self.bases = [[self.read_basis(section, channels) for _ in range(2)] for _ in range(layers)]
            elif kind == BITS:
                self.bits = [[self.read_bits(section) for _ in range(2)] for _ in range(layers)]
            else:
                self.models = read_models(section, layers, channels)
            section.finish()

    @staticmethod
    def read_basis(source, channels):
        rank = source.varint()
        require(rank <= channels, "a rank above the channels")
        vectors = halves(source.take(2 * rank * channels)).astype(np.float32)
        require(np.isfinite(vectors).all(), "a basis that is not finite")
        return Basis(np.zeros(channels, np.float32), vectors.reshape(rank, channels)) if rank else None

    @staticmethod
    def read_bits(source):
        bits = list(source.take(source.varint()))
        require(all(b <= 8 for b in bits), "bits above 8")
        return bits
