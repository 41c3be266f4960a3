# SPDX-License-Identifier: MIT
"""What kvferry-lab decodes, and a reader written from the documents alone: the same bits."""

import json
import pathlib
import random
import re
import struct
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "scenarios"))

from format_bytes import FormatError, Source  # noqa: E402
from format_chunk import read_chunk  # noqa: E402
from format_entropy import Model, decode_adaptive  # noqa: E402
from format_numbers import cos_sin, symmetric, affine, group_index, TENSOR, TOKEN  # noqa: E402
from format_reader import Card, read_card  # noqa: E402
from lab_program import MODEL, ROOT, LabTest, main  # noqa: E402

PIPELINES = [
    "fp16",
    "quant=int8:tensor/int8:channel:16 | entropy=zstd",
    "select=random:0.5 | transform=rope | quant=int8:token/int8:group:16",
    "quant=int4:tensor/int4:token | entropy=rans:card",
    "protect=first=4:recent=16:fp16 | quant=int4:channel/int4:group | entropy=rans:card",
    "layers=gaussian:0.5 | quant=int3:tensor/int3:group:8 | entropy=zstd",
    "transform=anchor:10 | quant=int3:channel:32/int3:token | entropy=zstd",
    "quant=int1:tensor/int1:channel:8",
    "quant=int1:token/int1:group:128 | entropy=rans:card",
    "quant=int4:sym/int1:sym:group",
    "quant=q8_0/bins12:token | entropy=rans:adaptive",
    "quant=fwht1/fwht2",
    "quant=fwht3/fwht4 | entropy=rans:card",
    "quant=int4 | allocate=tokens:4:attention | entropy=rans:adaptive",
    "quant=int4:tensor | allocate=sensitivity",
    "transform=svd:16 | quant=fp16",
    "transform=rope+svd:48 | quant=int4:group | entropy=rans:card",
    "transform=rope+anchor:6 | quant=fp16/int4 | entropy=rans:adaptive",
]
CALIBRATED = [
    "transform=rope | quant=int4 | entropy=rans:static",
    "transform=rope+pca | quant=bins32:tensor | entropy=rans:static",
    "transform=rope+pca | quant=int4:group:8/bins16:channel | entropy=rans:card",
    "protect=first=4:recent=16:fp16 | transform=rope+pca | quant=pca:1.5 | entropy=zstd",
]
PROGRESSIVE = [
    "select=full | transform=rope+metric | quant=planes:1 | allocate=delay:templates | entropy=rans:context",
    "select=full | transform=rope+metric | quant=planes:3 | entropy=rans:context",
    "select=full | transform=rope+metric | quant=planes:4 | allocate=delay:h2o | entropy=rans:context",
    "select=random:0.5 | layers=gaussian:0.5 | transform=rope+metric | quant=planes:5 | allocate=delay:templates"
    " | entropy=rans:context",
    "select=full | transform=rope+metric | quant=planes:9 | allocate=delay:templates | entropy=rans:context",
]
UNEVEN = [  # heads of 44 = 32 + 8 + 4
    "quant=fwht5/fwht7 | entropy=zstd",
    "transform=rope | quant=fwht6/bins12:group:128 | entropy=rans:card",
    "transform=rope+svd:30 | quant=int6:group:16 | entropy=rans:adaptive",
    "quant=fwht8/int5:sym:group:32",
]
RECIPE = """
seed = 3
learning_rate = 0.001
[shape]
layers = 2
hidden = 16
intermediate = 16
heads = 2
kv_heads = 2
head_dim = 44
max_positions = 256
[[stage]]
steps = 2
documents = 2
facts = [1, 2]
"""


def document():
    """Some 110 words of the language of the shipped models."""
    draw = random.Random(7)
    facts = ("lives in north deru .", "works as a senior baker .", "was born in july 1961 .")
    return " ".join(f"{draw.choice(('bako', 'demu', 'fina'))} {draw.choice(facts)}" for _ in range(18))


def safetensors(path):
    raw = path.read_bytes()
    begin = 8 + struct.unpack("<Q", raw[:8])[0]
    kinds = {"F16": np.uint16, "I32": np.int32}
    return {name: np.frombuffer(raw[begin + tensor["data_offsets"][0]:begin + tensor["data_offsets"][1]],
                                kinds[tensor["dtype"]])
            for name, tensor in json.loads(raw[8:begin]).items() if name != "__metadata__"}


class Cards(LabTest):
    def check(self, model, pipelines, calibration=None):
        text = self.write("document.txt", document())

        def make(job):
            number, preset = job
            card, out = self.folder / f"{number}.card", self.folder / f"{number}.safetensors"
            self.succeeds("encode", "--document", text, "--model", model, "--preset", preset, "--out", card)
            self.succeeds("decode", card, "--model", model, "--out", out)
            return preset, card, out

        with ThreadPoolExecutor(2) as pool:
            for preset, card, out in pool.map(make, enumerate(pipelines)):
                with self.subTest(preset):
                    self.compare(read_card(card, calibration), safetensors(out))

    def compare(self, card, expected):
        self.assertEqual(len(expected), 3 * card.layers)
        for layer in range(card.layers):
            np.testing.assert_array_equal(card.positions[layer], expected[f"layers.{layer}.positions"])
            for values, name in zip(card.values[layer], ("key", "value")):
                np.testing.assert_array_equal(values.view(np.uint16).ravel(), expected[f"layers.{layer}.{name}"])

    def test_have_the_same_bits(self):
        self.check(MODEL, PIPELINES)

    def test_with_a_calibration_have_the_same_bits(self):
        self.check(MODEL, CALIBRATED + PROGRESSIVE, MODEL / "model.calibration")

    def test_of_uneven_heads_have_the_same_bits(self):
        recipe = self.write("recipe.toml", RECIPE)
        self.succeeds("train", recipe, "--out", self.folder / "model")
        self.check(self.folder / "model", UNEVEN)


class Examples(unittest.TestCase):
    """Those of FORMAT.md, in its order."""

    def setUp(self):
        text = (ROOT / "codec/FORMAT.md").read_text()
        blocks = re.findall(r"```hex\n(.*?)```", text, re.S)
        self.blocks = [[bytes.fromhex(line.split("#")[0]) for line in block.splitlines()] for block in blocks]
        self.rope = re.findall(r"\| (\d+) \| (\d+) \| (\w{8}) \| (\w{8}) \|", text)

    def test_of_quantizers(self):
        eight, by_token, sign = self.blocks[0]
        exact = np.arange(2)[:, None] + np.arange(4) / 4
        index, _ = group_index(TENSOR, 1, 2, 1, 4)
        np.testing.assert_array_equal(affine(np.arange(8).reshape(2, 4), eight[:4], index, 1), exact)
        index, _ = group_index(TOKEN, 1, 2, 1, 4)
        near = symmetric(np.array([[7, 9, 12, 14], [11, 12, 13, 14]]), 15, by_token[:4], index)
        self.assertLess(abs(near - exact).max(), 0.13)
        self.assertEqual(set(symmetric(np.ones(8, int), 2, sign[:2], np.zeros(8, int))), {np.float32(0.875)})

    def test_of_entropy_coders(self):
        model = Model(Source(self.blocks[1][0]), 1)
        self.assertEqual(model.decode(self.blocks[2][0], 8, 1).tolist(), [0, 0, 1, 0, 2, 0, 2, 2])
        self.assertEqual(decode_adaptive(self.blocks[3][0], 10, 2, 5).tolist(), [2, 1, 2, 1, 3, 1, 2, 0, 4, 4])

    def test_of_rope(self):
        self.assertEqual(len(self.rope), 4)
        for position, pair, cos, sin in self.rope:
            both = cos_sin(np.array([int(position)]), 128, 1e6)
            self.assertEqual([f"{part[0, int(pair)].view(np.uint32):08x}" for part in both], [cos, sin])

    def test_of_a_payload(self):
        card = SimpleNamespace(heads=1, dim=4, tables=None, calibration=None)
        entry = SimpleNamespace(rows=4, row_begin=0, layers=1, layer_begin=0, tensors=(0, 1))
        key, value = (block.numbers() for block in read_chunk(card, entry, b"".join(self.blocks[4])))
        rows, channels = np.mgrid[:4, :4]
        self.assertLess(abs(key - (rows + channels / 4)).max(), 0.01)
        self.assertLess(abs(value - (channels - rows)).max(), 0.01)

    def test_what_is_no_card_is_refused(self):
        with self.assertRaises(FormatError):
            Card(b"\x89KVCARD\n\x01")


if __name__ == "__main__":
    main()
