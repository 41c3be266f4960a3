# SPDX-License-Identifier: MIT
"""The tables' Markdown, CSV, pictures and findings from lines that are known."""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ANALYSIS = pathlib.Path(__file__).resolve().parents[2] / "analysis"
sys.path.insert(0, str(ANALYSIS))

import tables_findings as findings  # noqa: E402
import tables_lines  # noqa: E402
import tables_papers  # noqa: E402


def line(series, x, f1=1.0, **changes):
    made = {"table": "selection", "model": "small", "set": "plain", "series": series, "label": f"{x:g}", "x": x,
            "preset": "fp16", "pipeline": "select=full", "query_aware": False, "kv_bytes_fp16": 1000.0, "card_bytes": 500.0,
            "ratio": 2.0, "nominal": 2.5, "f1": f1, "f1_interval": [f1 - 0.02, f1 + 0.02], "loss": 1 - f1,
            "loss_interval": [1 - f1 - 0.02, 1 - f1 + 0.02], "em": f1, "kl": 0.01, "top1": 0.9, "energy": None,
            "sender_f1": None, "n_questions": 200, "n_documents": 25, "seed": 1}
    return {**made, **changes}


def table(*lines):
    return next(iter(tables_lines.tables([line("full", 1.0), *lines]).values()))


class Findings(unittest.TestCase):
    def test_rank_correlation_is_spearmans(self):
        self.assertAlmostEqual(findings.spearman([1, 2, 3, 4], [10, 20, 40, 30]), 0.8)
        self.assertAlmostEqual(findings.spearman([1, 2, 3], [3, 2, 1]), -1)
        self.assertAlmostEqual(findings.spearman([1, 2, 2, 4], [1, 3, 2, 4]), 0.9486832980505138)
        self.assertIsNone(findings.spearman([1, 2, 3], [5, 5, 5]))

    def test_bits_hold_down_to_the_first_loss(self):
        lines = [line("asymmetric", bits, f1) for bits, f1 in ((8, 1), (4, 1), (3, 0.98), (2, 1))]
        said = " ".join(findings.bits(table(*lines)))
        self.assertIn("at most 1 % of F1 is lost down to 4 bits; at 3 it is 2.0 %.", said)

    def test_the_ranking_takes_only_what_is_within_the_limit(self):
        lines = [line("sweep", 0, table="presets", label=name, ratio=ratio, loss=loss, kl=kl)
                 for name, ratio, loss, kl in (("a", 4.0, 0.0, 0.1), ("b", 8.0, 0.02, 0.01), ("c", 6.0, 0.005, 0.02))]
        lines.insert(0, line("named", 0, table="presets", label="fp16", ratio=1.0, kl=0.0))
        presets = next(iter(tables_lines.tables(lines).values()))
        text = "\n".join(findings.presets(presets))
        by_f1, by_kl = text.split("Ranking by ratio, ")[1:3]
        self.assertLess(by_f1.index("`c`"), by_f1.index("`a`"))
        self.assertNotIn("`b`", by_f1)
        self.assertLess(by_kl.index("`b`"), by_kl.index("`c`"))
        self.assertNotIn("`a`", by_kl)


    def test_a_progressive_card_is_held_against_what_fits(self):
        def cut(budget, kl):
            return line("progressive", budget, card_bytes=1000 * budget, kl=kl)

        def fixed(name, share, kl, **changes):
            return line("named", 0, label=name, card_bytes=1000 * share, kl=kl, **changes)

        lines = [cut(0.01, 0.04), cut(0.02, 0.03), cut(0.04, 0.02), fixed("a", 0.03, 0.045), fixed("b", 0.035, 0.01),
                 fixed("c", 0.001, 0, query_aware=True)]
        text = "\n".join(findings.progressive(table(*lines)))
        self.assertIn("| 2 % | 50.00 | 0.03 | 1.000 | none fits |", text)
        self.assertIn("| 4 % | 25.00 | 0.02 | 1.000 | 0.01 (`b`) |", text)
        self.assertIn("a fixed preset is better at 4 %.", text)
        self.assertIn("100.00 against 33.33 (`a`): 3.00 times smaller", text)


class Papers(unittest.TestCase):
    def test_stand_beside_ours_as_shares_of_the_full_cache(self):
        text = "\n".join(tables_papers.beside(table(line("q2c", 0.25, 0.83), line("h2o", 0.25, 0.42))))
        self.assertIn("| q2c 25 % | 49 % | 83 % |", text)  # .376 of .770
        self.assertIn("| random 25 % | 14 % | – |", text)

    def test_a_swapped_order_is_told_only_where_intervals_do_not_touch(self):
        apart = "\n".join(tables_papers.beside(table(line("q2c", 0.25, 0.4), line("h2o", 0.25, 0.8))))
        self.assertIn("h2o (80.0 %) above q2c (40.0 %)", apart)
        close = "\n".join(tables_papers.beside(table(line("q2c", 0.25, 0.79), line("h2o", 0.25, 0.8))))
        self.assertNotIn("above", close)


class Program(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def analyse(self, text, *more):
        (self.folder / "tables.jsonl").write_text(text)
        return subprocess.run([sys.executable, ANALYSIS / "tables.py", self.folder / "tables.jsonl", "--out", self.folder,
                               *more], capture_output=True, text=True, timeout=120)

    def test_writes_each_table_three_ways_and_an_index(self):
        lines = [line("full", 1.0), line("q2c", 0.5, 0.9, query_aware=True), line("random", 0.5, 0.3, ratio=None)]
        lines += [{**one, "table": "presets", "label": f"p | {i}", "ratio": 2.0 + i} for i, one in enumerate(lines)]
        done = self.analyse("\n".join(map(json.dumps, lines)), "--command", "kvferry-lab tables --out x")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(file.name for file in self.folder.iterdir()),
                         ["index.md", "presets.csv", "presets.md", "presets.png", "selection.csv", "selection.md",
                          "selection.png", "tables.jsonl"])
        self.assertEqual((self.folder / "selection.png").read_bytes()[:4], b"\x89PNG")
        index = (self.folder / "index.md").read_text()
        self.assertIn("`kvferry-lab tables --out x`", index)
        self.assertIn("| q2c * | 0.5 | 2.00 | 2.50 | 0.900 | 0.880 – 0.920 | 10.0 |", index)
        with open(self.folder / "selection.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([round(float(row["f1_low"]), 9) for row in rows], [0.98, 0.88, 0.28])
        self.assertEqual(rows[2]["ratio"], "")

    def test_bad_lines_are_told_in_one_line(self):
        file = self.folder / "tables.jsonl"
        for text, message in [("", "empty, expected a line per run"), ("{", ":1: not JSON: "), ("[]", ":1: expected an object"),
                              (json.dumps(line("full", 1.0, kl="x")), ":1: column 'kl': expected a number"),
                              (json.dumps(line("full", 1.0, ratio="x")), ":1: column 'ratio': expected a number or null")]:
            done = self.analyse(text)
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr.startswith(f"tables.py: {file}"), done.stderr)
            self.assertIn(message, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.assertFalse((self.folder / "index.md").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
