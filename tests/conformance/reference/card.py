# SPDX-License-Identifier: MIT
"""Section 9: card files; and a small card made for tests."""

import os
import random

from .manifest import PER_PAGE, REFINES, Entry, Table, encode_page, encode_root, sha256
from .primitives import Reader, malformed, varint

MAGIC = b"\x89KVCARD\n"


class Card:
    """A manifest and its payloads."""

    def __init__(self, table, payloads):
        self.table = table
        self.payloads = payloads
        self.digest = table.digest

    def by_digest(self):
        return {entry.digest: payload for entry, payload in zip(self.table.entries, self.payloads)}


def read_card(data):
    """CRD-1: everything is checked, the payloads too."""
    reader = Reader(data)
    if reader.take(8) != MAGIC or reader.number32() != 1:
        raise malformed("no card file of version 1")
    digest = reader.take(32)
    root = reader.take(reader.number32())
    if sha256(root) != digest:
        raise malformed("root: damaged")
    table = Table(root)
    for index in range(table.page_count):
        table.add_page(index, reader.take(reader.number32()))
    if not table.page_count:
        table.finish()
    payloads = [reader.take(entry.size) for entry in table.entries]
    reader.end()
    for index, payload in enumerate(payloads):
        if sha256(payload) != table.entries[index].digest:
            raise malformed(f"chunk {index} has another digest")
    return Card(table, payloads)


def write_card(card):
    table = card.table
    pages = [table.pages[index] for index in range(table.page_count)]
    return b"".join([MAGIC, (1).to_bytes(4, "little"), table.digest, len(table.root_bytes).to_bytes(4, "little"),
                     table.root_bytes, *(len(page).to_bytes(4, "little") + page for page in pages), *card.payloads])


def save_card(card, path):
    """CRD-2: the whole file or none."""
    beside = f"{path}.part"
    with open(beside, "wb") as file:
        file.write(write_card(card))
    os.replace(beside, path)


MODEL = {"architecture": "LlamaForCausalLM", "layers": 4, "kv_heads": 2, "head_size": 16, "rope_base": 1e4,
         "k_after_rope": True, "element": 0, "tokenizer": sha256(b"tokenizer"), "weights": sha256(b"weights")}


def make_card(sizes, seed=1, levels=None, blocks=None, **changes):
    """A card of codec 0 with random payloads; changes are keys of its root. With so many blocks, their levels take turns, and
    refine each other."""
    rng = random.Random(seed)
    payloads = [rng.randbytes(size) for size in sizes]
    if blocks:
        levels = [index // blocks for index in range(len(sizes))]
    entries = [Entry(sha256(payload), len(payload), 0, 4, index % blocks if blocks else index, 1,
                     2 | (REFINES if blocks and levels[index] else 0), levels[index] if levels else 0, 1.0)
               for index, payload in enumerate(payloads)]
    pages = [encode_page(entries[at:at + PER_PAGE]) for at in range(0, len(entries), PER_PAGE)]
    root = {"version": 1, "model": MODEL, "tokens": len(sizes), "sets": [b"\x00" + varint(len(sizes))],
            "set_of_layer": [0] * 4, "preset": "select=full | quant=fp16 | entropy=none", "codec": 0, "for_question": False,
            "raw_bytes": 4 * sum(sizes), "chunks": len(sizes), "payload_bytes": sum(sizes),
            "pages": b"".join(map(sha256, pages)), **changes}
    table = Table(encode_root(root))
    for index, page in enumerate(pages):
        table.add_page(index, page)
    return Card(table, payloads)
