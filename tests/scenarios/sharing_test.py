# SPDX-License-Identifier: MIT
"""Many agents on one document, and documents that change: tiny runs of the laboratory, to the page."""

import json

from lab_program import MODEL, LabTest, main


class Sharing(LabTest):
    def lines(self, file):
        return [json.loads(line) for line in file.read_text().splitlines()]

    def test_strategies_from_documents_to_the_page(self):
        out = self.folder / "share"
        self.succeeds("share", "--out", out, "--model", MODEL, "--documents", 1, "--agents", 2)
        self.assertEqual(sorted(file.name for file in out.iterdir()), ["answers.jsonl", "fan-out.jsonl", "share.jsonl", "share.md", "share.png"])
        lines = self.lines(out / "share.jsonl")
        self.assertEqual({line["agents"] for line in lines}, {1, 2})
        for line in lines:
            self.check(line)
        by_way = {(line["set"], line["strategy"], line["base"], line["task"]): line for line in lines if line["agents"] == 2}
        for name in ("plain", "paraphrased"):
            self.compare({key[1:]: line for key, line in by_way.items() if key[0] == name})
        self.assertEqual(len(self.lines(out / "answers.jsonl")), 2 * len(by_way))
        page = (out / "share.md").read_text()
        self.assertIn("## paraphrased", page)
        self.assertIn("base + refinement", page)

    def check(self, line):
        n, shared, own = line["agents"], line["shared_bytes"], line["own_bytes"]
        self.assertAlmostEqual(line["total_bytes"]["pool"], shared + n * own)
        self.assertAlmostEqual(line["total_bytes"]["apart"], n * (shared + own))
        self.assertAlmostEqual(line["marginal_bytes"]["pool"], own)
        self.assertLessEqual(line["f1_worst_agent"], line["f1"] + 1e-9)
        self.assertGreater(line["marginal_flops"], 0)
        time = line["time_to_answer_s"]
        self.assertTrue(0 < time["p50"] <= time["p95"] <= time["p99"], time)

    def compare(self, by_way):
        text, full, base = by_way["text", 0, 0], by_way["full", 0, 0], by_way["base", 0.5, 0]
        refined, own = by_way["base + refinement", 0.5, 0.1], by_way["own card", 0, 0.1]
        self.assertEqual((text["kl"], text["ppl_delta"]), (0, 0))  # nothing is lost
        self.assertEqual((full["own_bytes"], base["own_bytes"]), (0, 0))
        self.assertLess(base["shared_bytes"], full["shared_bytes"])
        self.assertLess(text["own_bytes"], own["own_bytes"])
        self.assertLess(own["own_bytes"], full["shared_bytes"])
        self.assertEqual(refined["shared_bytes"], base["shared_bytes"])
        self.assertLess(refined["marginal_flops"], text["marginal_flops"])

    def test_changes_from_documents_to_the_page(self):
        out = self.folder / "update"
        self.succeeds("update", "--out", out, "--model", MODEL, "--documents", 1)
        self.assertEqual(sorted(file.name for file in out.iterdir()), ["update.jsonl", "update.md"])
        lines = {(line["edit"], line["place"], line["preset"], line["way"]): line for line in self.lines(out / "update.jsonl")}
        for (edit, place, preset, way), line in lines.items():
            everything = lines[edit, place, preset, "send all"]
            self.assertAlmostEqual(everything["sent_share"], 1)
            self.assertLessEqual(line["sent_bytes"], 1.01 * everything["sent_bytes"])
            if way == "delta":  # as good as all of it, but for a last bit
                self.assertAlmostEqual(line["kl"], everything["kl"], delta=0.02)
        grown = lines["insert", 1, "transform=rope | quant=int4:group", "delta"]
        self.assertLess(grown["sent_share"], 1.2 * grown["token_share"])

    def test_what_cannot_be_is_told_before_anything_runs(self):
        self.fails(2, "--preset: preset: unknown quantizer 'int3x' at column 7, expected fp16, q8_0, int1 to int8, binsN, "
                      "fwht1 to fwht8, pca:BITS, planes:N", "share", "--out", "out", "--preset", "quant=int3x")


if __name__ == "__main__":
    main()
