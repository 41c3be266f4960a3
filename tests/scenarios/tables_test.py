# SPDX-License-Identifier: MIT
"""A tiny table, from documents to the index."""

import csv
import json

from lab_program import MODEL, LabTest, main

PANELS = [(MODEL.name, "plain"), (MODEL.name, "paraphrased")]


class Tables(LabTest):
    def tables(self, out, *more):
        self.succeeds("tables", "--out", self.folder / out, "--model", MODEL, "--questions", 8, *more)
        return [json.loads(line) for line in (self.folder / out / "tables.jsonl").read_text().splitlines()]

    def test_bits_from_documents_to_the_index(self):
        lines = self.tables("one", "--only", "bits")
        self.assertEqual(sorted(file.name for file in (self.folder / "one").iterdir()),
                         ["bits.csv", "bits.md", "bits.png", "index.md", "tables.jsonl"])
        self.assertEqual([path.name for path in self.folder.iterdir()], ["one"])
        self.assertEqual(sorted({(line["model"], line["set"]) for line in lines}), sorted(PANELS))
        for panel in PANELS:
            self.check_panel([line for line in lines if (line["model"], line["set"]) == panel])
        with open(self.folder / "one" / "bits.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([float(row["f1"]) for row in rows], [line["f1"] for line in lines])
        self.assertIn("## Bits", (self.folder / "one" / "index.md").read_text())

    def check_panel(self, lines):
        full = lines[0]
        self.assertEqual((full["kl"], full["top1"], full["loss"], full["nominal"]), (0, 1, 0, 1))
        self.assertLess(full["ratio"], 1)  # the card's headers count
        for line in lines:
            self.assertEqual((line["table"], line["seed"], line["n_questions"]), ("bits", 1, 8))
            self.assertAlmostEqual(line["ratio"], line["kv_bytes_fp16"] / line["card_bytes"])
            self.assertAlmostEqual(line["loss"], 1 - line["f1"] / full["f1"])
            low, high = line["f1_interval"]
            self.assertTrue(0 <= low <= line["f1"] + 1e-9 and line["f1"] - 1e-9 <= high <= 1, line)
            self.assertGreaterEqual(line["kl"], 0)
            if line["series"] != "full":
                self.assertAlmostEqual(line["nominal"], 16 / line["x"])
                self.assertLess(line["ratio"], line["nominal"])  # scales count
        by_bits = {line["x"]: line["kl"] for line in lines if line["series"] == "asymmetric"}
        self.assertLess(by_bits[8], by_bits[1])

    def test_the_same_seed_gives_the_same_lines(self):
        first, again = (self.tables(out, "--only", "layers") for out in ("one", "two"))
        self.assertEqual(first, again)
        other = self.tables("three", "--only", "layers", "--seed", 2)
        self.assertNotEqual([line["kl"] for line in first], [line["kl"] for line in other])

    def test_an_unknown_table_is_told_before_anything_runs(self):
        done = self.lab("tables", "--out", self.folder / "x", "--only", "colours")
        self.assertEqual(done.returncode, 2)
        self.assertIn("colours", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertFalse((self.folder / "x").exists())


if __name__ == "__main__":
    main()
