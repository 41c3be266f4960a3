# SPDX-License-Identifier: MIT
"""Section 8: the root, and the pages of the chunk table."""

import hashlib
import math
import struct
from dataclasses import dataclass

from .canonical import Field, blob, blobs, boolean, digest, nested, number, numbers, pack_map, parse_map, real, text
from .curve import points
from .messages import MODEL
from .primitives import Reader, malformed, varint
from .ranges import parse_ranges

PER_PAGE = 128
TABLES, KIND, REFINES = 3, 3, 4
DIVERGENCE = [Field(0, "kl", real()), Field(1, "top1", real()), Field(2, "tokens", number())]
ROOT = [Field(0, "version", number(2, 1)), Field(1, "model", nested(MODEL, True)), Field(2, "tokens", number((1 << 24) + 1)),
        Field(3, "sets", blobs(1024)), Field(4, "set_of_layer", numbers(1024, 1)), Field(5, "preset", text(512)),
        Field(6, "codec", number(1 << 32)), Field(7, "for_question", boolean()), Field(8, "raw_bytes", number()),
        Field(9, "chunks", number()), Field(10, "payload_bytes", number()), Field(11, "pages", blob(unit=32)),
        Field(12, "divergence", nested(DIVERGENCE, True), True), Field(13, "base", digest, True),
        Field(14, "calibration", digest, True), Field(15, "summary", text(4096, 1), True),
        Field(16, "curve", points, True, [])]


def sha256(data):
    return hashlib.sha256(data).digest()


def parse_root(data):
    root = parse_map(ROOT, data, refuse_unknown=True)  # MAN-1
    layers = root["model"]["layers"]
    if len(root["sets"]) > layers or len(root["set_of_layer"]) != layers:
        raise malformed("position sets do not fit the layers")
    for positions in root["sets"]:
        parse_ranges(positions, limit=root["tokens"])
    if any(index >= len(root["sets"]) for index in root["set_of_layer"]):
        raise malformed("a layer's position set does not exist")
    if len(root["pages"]) != 32 * -(-root["chunks"] // PER_PAGE):
        raise malformed("page digests do not fit the chunk count")
    if "curve" in root and root["curve"][-1].chunks > root["chunks"]:
        raise malformed("a quality curve beyond the table")  # MAN-5
    return root


def encode_root(root):
    return pack_map(ROOT, root)


@dataclass
class Entry:
    """Of the chunk table."""

    digest: bytes
    size: int
    layer: int
    layers: int
    row: int
    rows: int
    kind: int
    level: int
    importance: float

    @property
    def is_tables(self):
        return self.kind & KIND == TABLES


def _parse_entry(reader):
    small = 1 << 30
    entry = Entry(reader.take(32), *(reader.varint(small) for _ in range(5)), reader.byte(), reader.byte(),
                  struct.unpack("<f", reader.take(4))[0])
    placed = (entry.layer, entry.layers, entry.row, entry.rows)
    if entry.size < 1 or entry.kind > 7 or not math.isfinite(entry.importance):
        raise malformed("an entry's size, kind or importance")
    if entry.is_tables and any(placed):
        raise malformed("tables with layers or rows")  # MAN-3
    if not entry.is_tables and not (entry.layers and entry.rows):
        raise malformed("a chunk of no layer or no row")
    return entry


def parse_page(data):
    reader, entries = Reader(data), []
    while reader.left:
        entries.append(_parse_entry(reader))
    if not 1 <= len(entries) <= PER_PAGE:
        raise malformed(f"{len(entries)} entries in a page")
    return entries


def encode_page(entries):
    return b"".join(entry.digest + b"".join(map(varint, (entry.size, entry.layer, entry.layers, entry.row, entry.rows)))
                    + bytes((entry.kind, entry.level)) + struct.pack("<f", entry.importance) for entry in entries)


def page_digest(root, index):
    return root["pages"][32 * index:32 * index + 32]


def check_table(root, entries):
    """MAN-2 and MAN-3: what entries and root say of each other."""
    if len(entries) != root["chunks"] or sum(entry.size for entry in entries) != root["payload_bytes"]:
        raise malformed("the table does not add up to the root")
    rows_of = [sum(end - begin for begin, end in parse_ranges(positions)) for positions in root["sets"]]
    for index, entry in enumerate(entries):
        if entry.is_tables:
            if index:
                raise malformed("tables that are not entry 0")
            continue
        sets = set(root["set_of_layer"][entry.layer:entry.layer + entry.layers])
        if entry.layer + entry.layers > root["model"]["layers"] or len(sets) != 1:
            raise malformed(f"layers of chunk {index}")
        if entry.row + entry.rows > rows_of[sets.pop()]:
            raise malformed(f"rows of chunk {index}")


class Table:
    """A manifest that comes page by page."""

    def __init__(self, root_bytes):
        self.root_bytes = root_bytes
        self.root = parse_root(root_bytes)
        self.digest = sha256(root_bytes)
        self.pages = {}
        self.entries = []

    @property
    def page_count(self):
        return len(self.root["pages"]) // 32

    @property
    def whole(self):
        return len(self.pages) == self.page_count

    def add_page(self, index, data):
        """The last page makes the table whole and has it checked."""
        if index >= self.page_count or sha256(data) != page_digest(self.root, index):
            raise malformed(f"page {index} has another digest")
        self.pages[index] = data
        expected = min(PER_PAGE, self.root["chunks"] - index * PER_PAGE)
        if len(parse_page(data)) != expected:
            raise malformed(f"page {index}: expected {expected} entries")
        if self.whole:
            self.finish()

    def finish(self):
        self.entries = [entry for index in range(self.page_count) for entry in parse_page(self.pages[index])]
        check_table(self.root, self.entries)
