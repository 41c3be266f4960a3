# SPDX-License-Identifier: MIT
"""Cards by hand: encode, decode, ask, presets, and what they say of bad input."""

import json
import shutil
import struct

from lab_program import MODEL, LabTest, main

TEXT = "bako lives in north deru . demu works as a senior baker . fina was born in july 1961 ."
QUESTION = "where does bako live ?"


class Cards(LabTest):
    def encode(self, preset, *more):
        document = self.write("document.txt", TEXT)
        return json.loads(self.succeeds("encode", "--document", document, "--model", MODEL, "--preset", preset, "--out",
                                        self.folder / "x.card", "--json", *more))

    def test_a_card_answers_without_the_document(self):
        made = self.encode("fp16", "--probe", "--question", QUESTION)
        self.assertEqual(made["kept_tokens"], made["tokens"])
        self.assertEqual(made["card_bytes"], (self.folder / "x.card").stat().st_size)
        self.assertEqual(made["divergence"], {"kld": 0.0, "top1": 1.0})
        (self.folder / "document.txt").unlink()
        asked = json.loads(self.succeeds("ask", self.folder / "x.card", QUESTION, "--model", MODEL, "--json"))
        self.assertEqual(asked["answer"], "north deru")

    def test_a_query_aware_card_keeps_the_share_it_was_told(self):
        made = self.encode("select=q2c:0.5 | quant=int8 | entropy=zstd", "--question", QUESTION)
        self.assertEqual(made["kept_tokens"], (made["tokens"] + 1) // 2)

    def test_a_probe_is_recorded_and_a_floor_is_kept(self):
        card = self.folder / "x.card"
        self.assertNotIn("divergence", self.encode("int8"))
        self.fails(1, "FOLDER/x.card: the card was made without a probe, expected one that meets the floor",
                   "ask", card, QUESTION, "--model", MODEL, "--max-kl", "1")
        measured = self.encode("int8", "--probe")["divergence"]  # questions from the document's names
        self.assertGreater(measured["kld"], 0)
        self.succeeds("ask", card, QUESTION, "--model", MODEL, "--max-kl", measured["kld"] * 1.01, "--min-top1", 0)
        refused = self.lab("ask", card, QUESTION, "--model", MODEL, "--max-kl", measured["kld"] / 2)
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, r"^kvferry-lab: .*x\.card: the card is below the floor: KL divergence .*\n$")
        questions = self.write("questions.txt", QUESTION + "\nwhen was fina born ?\n")
        self.assertNotEqual(self.encode("int8", "--probe", "--questions", questions)["divergence"], measured)

    def test_a_summary_travels_in_the_card_and_is_read_before_the_question(self):
        self.encode("select=streaming:0.1")
        self.assertNotEqual(self.answer(QUESTION), "north deru")
        self.encode("select=streaming:0.1 | facts=12")
        self.assertEqual(self.answer(QUESTION), "north deru")

    def answer(self, question):
        asked = self.succeeds("ask", self.folder / "x.card", question, "--model", MODEL, "--json")
        return json.loads(asked)["answer"]

    def test_few_bits_that_the_model_does_not_bear_are_warned_of(self):
        document = self.write("document.txt", TEXT)
        made = self.lab("encode", "--document", document, "--model", MODEL, "--preset", "int2", "--probe", "--out",
                        self.folder / "x.card")
        self.assertEqual(made.returncode, 0)
        self.assertRegex(made.stderr, r"^kvferry-lab: warning: this model does not bear '[^']*int2.*\n$")

    def test_a_progressive_card_is_small_and_answers(self):
        made = self.encode("transform=rope+metric | quant=planes:6 | allocate=delay:templates | entropy=rans:context",
                           "--probe", "--question", QUESTION)
        self.assertLess(made["divergence"]["kld"], 0.01)
        self.assertGreater(made["ratio"], 20)
        self.assertEqual(self.answer(QUESTION), "north deru")

    def test_a_progressive_card_needs_a_calibration_with_planes(self):
        plain = self.folder / "plain.calibration"
        self.succeeds("calibrate", "--model", MODEL, "--preset", "ferry", "--out", plain)
        document = self.write("document.txt", TEXT)
        self.fails(1, "encode: the calibration has no bit planes, expected them for the preset",
                   "encode", "--document", document, "--model", MODEL, "--preset", "progressive", "--calibration", plain,
                   "--out", self.folder / "x.card")

    def test_decode_writes_every_layer_with_its_positions(self):
        made = self.encode("select=random:0.5 | quant=int4")
        out = self.folder / "cache.safetensors"
        self.succeeds("decode", self.folder / "x.card", "--model", MODEL, "--out", out)
        raw = out.read_bytes()
        header = json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])
        layers = json.loads((MODEL / "config.json").read_text())["num_hidden_layers"]
        header.pop("__metadata__", None)
        self.assertEqual(len(header), 3 * layers)
        self.assertEqual(header["layers.0.positions"]["shape"], [made["kept_tokens"]])
        self.assertEqual(header["layers.0.key"]["dtype"], "F16")

    def test_bad_cards_and_models_are_told_in_one_line(self):
        self.encode("int4")
        card = bytearray((self.folder / "x.card").read_bytes())
        card[-1] ^= 1
        self.write("flipped.card", bytes(card))
        flipped = self.lab("ask", self.folder / "flipped.card", QUESTION, "--model", MODEL)
        self.assertEqual(flipped.returncode, 1)
        self.assertRegex(flipped.stderr, r"^kvferry-lab: .*flipped\.card: .*chunk \d+.*\n$")

        other = self.folder / "other"
        shutil.copytree(MODEL, other)
        weights = bytearray((other / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (other / "model.safetensors").write_bytes(weights)
        refused = self.lab("ask", self.folder / "x.card", QUESTION, "--model", other)
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, r"^kvferry-lab: .*x\.card: model mismatch: weights is \w+, expected \w+\n$")

        (other / "model.safetensors").write_bytes(weights[:-1000])
        truncated = self.lab("ask", self.folder / "x.card", QUESTION, "--model", other)
        self.assertEqual(truncated.returncode, 1)
        self.assertRegex(truncated.stderr, r"^kvferry-lab: .*model\.safetensors: tensor '\S+': truncated: .*\n$")

        (other / "config.json").unlink()
        self.fails(1, "FOLDER/other/config.json: not found, expected a model folder in Hugging Face's layout",
                   "ask", self.folder / "x.card", QUESTION, "--model", other)

    def test_a_refused_encode_leaves_no_card(self):
        document = self.write("document.txt", TEXT)
        out = self.folder / "x.card"
        rest = ("--document", document, "--model", MODEL, "--out", out)
        self.fails(1, "preset: unknown quantizer 'int9' at column 7, expected fp16, q8_0, int1 to int8, binsN, fwht1 to "
                   "fwht8, pca:BITS, planes:N", "encode", "--preset", "quant=int9", *rest)
        self.fails(2, "preset 'select=q2c:0.5' keeps what a question needs: --question is required",
                   "encode", "--preset", "select=q2c:0.5", *rest)
        self.fails(1, "FOLDER/none.txt: cannot be read, expected a text file",
                   "encode", "--preset", "int4", "--document", self.folder / "none.txt", *rest[2:])
        self.assertFalse(out.exists())


class Presets(LabTest):
    def test_are_listed_with_their_pipelines(self):
        listed = {row["name"]: row["pipeline"] for row in json.loads(self.succeeds("presets", "--json"))}
        self.assertEqual(listed["fp16"], "select=full | quant=fp16 | entropy=none")
        self.assertEqual(listed["int4"], "select=full | quant=int4 | entropy=zstd")
        self.assertIn("int2", self.succeeds("presets"))


class Bound(LabTest):
    def test_bits_stay_near_the_gaussian_bound(self):
        lines = [json.loads(line) for line in self.succeeds("bound", "--model", MODEL, "--levels", 10, "--json").splitlines()]
        self.assertEqual([(line["set"], line["level"]) for line in lines],
                         [(name, level) for name in ("plain", "paraphrased") for level in range(10)])
        for line in lines:
            self.assertAlmostEqual(line["gap"], line["bits"] - line["bound"])
            self.assertTrue(0 < line["gap"] < 0.35, line)


class Training(LabTest):
    RECIPE = """
seed = 3
learning_rate = 0.001
[shape]
layers = 1
hidden = 16
intermediate = 16
heads = 2
kv_heads = 1
head_dim = 8
max_positions = 64
[[stage]]
steps = 2
documents = 2
facts = [1, 2]
"""

    def test_a_bad_recipe_is_told_in_one_line(self):
        recipe = self.write("r.toml", self.RECIPE.replace("steps", "step"))
        self.fails(1, "FOLDER/r.toml:12: key 'stage[1].steps': missing",
                   "train", recipe, "--out", self.folder / "model")
        self.assertFalse((self.folder / "model").exists())

    def test_a_recipe_becomes_a_model_with_its_record(self):
        recipe = self.write("r.toml", self.RECIPE)
        out = self.folder / "model"
        self.succeeds("train", recipe, "--out", out)
        record = json.loads((out / "training.json").read_text())
        self.assertEqual((record["seed"], record["steps"]), (3, 2))
        self.assertEqual(record["recipe"], self.RECIPE)
        self.fails(1, "FOLDER/model: holds a model already, expected an empty folder or --overwrite",
                   "train", recipe, "--out", out)


if __name__ == "__main__":
    main()
