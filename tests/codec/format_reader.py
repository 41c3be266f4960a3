#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second reader of cards, written from protocol/SPEC.md, codec/FORMAT.md and codec/PLANES.md alone.

    format_reader.py x.card [y.calibration] --out x.npz     key.N, value.N (FP16), positions.N of every layer
"""

import argparse
import hashlib
import math
import pathlib
import re

import numpy as np

from format_bytes import FormatError, Source, msgpack, ranges, require
from format_chunk import read_chunk
from format_planes import read_groups
from format_tables import Calibration, Tables

MAGIC = b"\x89KVCARD\n"
KEY, VALUE, BOTH, TABLES = range(4)


class Entry:
    """Of the chunk table."""

    def __init__(self, source):
        self.digest = source.take(32)
        self.size, self.layer_begin, self.layers, self.row_begin, self.rows = (source.varint() for _ in range(5))
        kind, self.level = source.byte(), source.byte()
        require(kind < 8, "bits of a kind that are not used")
        self.kind, self.refines = kind & 3, bool(kind >> 2)
        self.tensors = {KEY: (0,), VALUE: (1,), BOTH: (0, 1), TABLES: ()}[self.kind]
        require(math.isfinite(source.array("<f4", 1)[0]), "an importance that is not finite")
        require(self.kind == TABLES or min(self.size, self.layers, self.rows) >= 1, "a chunk of nothing")

    def check(self, card):
        end = self.layer_begin + self.layers
        require(end <= card.layers, "layers that are not there")
        require(len(set(card.set_of[self.layer_begin:end])) <= 1, "layers of several position sets")
        for layer in range(self.layer_begin, end):
            require(self.row_begin + self.rows <= len(card.positions[layer]), "rows that are not there")


class Card:
    def __init__(self, data, calibration=None):
        source = Source(data)
        require(source.take(8) == MAGIC and source.little(4) == 1, "no card of version 1")
        digest = source.take(32)
        root_bytes = source.take(source.little(4))
        require(hashlib.sha256(root_bytes).digest() == digest, "the root's digest")
        root = Source(root_bytes)
        self.read_root(msgpack(root), calibration)
        root.finish()
        entries = []
        for digest in self.pages:
            page = source.take(source.little(4))
            require(hashlib.sha256(page).digest() == digest, "a page's digest")
            entries += self.read_page(Source(page), min(128, self.chunks - len(entries)))
        require(len(entries) == self.chunks, "another number of chunks")
        payloads = [source.take(entry.size) for entry in entries]
        source.finish()
        require(sum(map(len, payloads)) == self.payload_bytes, "another number of payload bytes")
        for entry, payload in zip(entries, payloads):
            require(hashlib.sha256(payload).digest() == entry.digest, "a payload's digest")
        self.decode(entries, payloads)

    def read_root(self, root, calibration):
        require(root[0] == 1 and set(root) <= set(range(16)), "a manifest of another version")
        model = root[1]
        require(13 not in root and model[5], "a delta, or K before RoPE")
        self.layers, self.heads, self.dim, self.theta = model[1], model[2], model[3], float(model[4])
        self.channels = self.heads * self.dim
        sets = [ranges(data) for data in root[3]]
        self.set_of = root[4]
        self.positions = [sets[index] for index in self.set_of]
        require(len(self.positions) == self.layers, "a position set for each layer")
        self.codec, self.preset, self.chunks, self.payload_bytes = root[6], root[5], root[9], root[10]
        require(self.codec == (2 if "| quant=planes:" in self.preset else 1), "another codec than the pipeline's")
        require(len(root[11]) % 32 == 0, "digests of pages")
        self.pages = [root[11][at:at + 32] for at in range(0, len(root[11]), 32)]
        self.calibration = None
        if 14 in root:
            require(calibration is not None and calibration.digest == root[14], "another calibration")
            require((calibration.layers, calibration.heads, calibration.dim, calibration.theta)
                    == (self.layers, self.heads, self.dim, self.theta), "a calibration of another model")
            self.calibration = calibration
        require(root[8] == 4 * root[2] * self.layers * self.channels, "bytes of another cache")
        self.static_models = self.calibration and self.calibration.models_of(self.preset)
        static = "entropy=rans:static" in self.preset.split(" | ")
        require(self.static_models or not static, "a calibration without the pipeline's symbol tables")
        anchor = re.search(r"transform=(?:rope\+)?anchor:(\d+)", self.preset)
        self.anchor_run = int(anchor[1]) if anchor else 0

    @staticmethod
    def read_page(source, count):
        entries = [Entry(source) for _ in range(count)]
        source.finish()
        return entries

    def decode(self, entries, payloads):
        shapes = [(len(self.positions[layer]), self.channels) for layer in range(self.layers)]
        self.values = [[np.zeros(shape, np.float16) for _ in range(2)] for shape in shapes]  # [layer][K, V]
        covered = [[np.zeros(shape[0], np.int64) for _ in range(2)] for shape in shapes]
        for entry in entries:
            entry.check(self)
        for block in self.read_chunks(entries, payloads) if self.codec == 1 else read_groups(self, entries, payloads):
            self.values[block.layer][block.tensor][block.rows] = block.numbers()
            covered[block.layer][block.tensor][block.rows] += 1
        for pair in covered:
            require((pair[0] == 1).all() and (pair[1] == 1).all(), "rows covered twice or not at all")

    def read_chunks(self, entries, payloads):
        """The blocks of codec 1."""
        self.tables = None
        for i, (entry, payload) in enumerate(zip(entries, payloads)):
            require(entry.level == 0 and not entry.refines, "levels are not part of codec 1")
            if entry.kind == TABLES:
                require(i == 0, "tables that are not first")
                self.tables = Tables(payload, self.layers, self.channels)
                continue
            require(entry.rows <= 64, "rows of a chunk")
            yield from read_chunk(self, entry, payload)


def read_card(card, calibration=None):
    """The card at a path; the calibration's path where the card names one."""
    known = Calibration(pathlib.Path(calibration).read_bytes()) if calibration else None
    return Card(pathlib.Path(card).read_bytes(), known)


def main():
    parser = argparse.ArgumentParser(description="Read a card into FP16 numbers.")
    parser.add_argument("card")
    parser.add_argument("calibration", nargs="?")
    parser.add_argument("--out", help="a .npz file")
    arguments = parser.parse_args()
    try:
        card = read_card(arguments.card, arguments.calibration)
    except (FormatError, OSError) as error:
        raise SystemExit(f"format_reader: {error}") from error
    arrays = {}
    for layer, (key, value) in enumerate(card.values):
        arrays |= {f"key.{layer}": key, f"value.{layer}": value, f"positions.{layer}": card.positions[layer]}
    if arguments.out:
        np.savez(arguments.out, **arrays)
    print(f"{card.preset}: {card.layers} layers, {card.chunks} chunks, rows {[len(p) for p in card.positions]}")


if __name__ == "__main__":
    main()
