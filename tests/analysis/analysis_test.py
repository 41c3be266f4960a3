# SPDX-License-Identifier: MIT
"""Tables, break-even and report from results that are known."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ANALYSIS = pathlib.Path(__file__).resolve().parents[2] / "analysis"
sys.path.insert(0, str(ANALYSIS))

import runs as runs_module  # noqa: E402
import table  # noqa: E402


def run(preset="int4", transport="ns3-tcp", **changes):
    line = {
        "scenario": "s", "transport": transport, "preset": preset, "seed": 1, "tokens": 100, "n_questions": 1,
        "quality_model": "m", "profile": "p", "kv_bytes_fp16": 4000, "card_bytes": 1000, "ratio": 4.0, "nominal": 4.0,
        "wire": {"payload": 900, "retransmitted": 50, "total": 1000}, "clock": "simulated", "document": 0,
        "time_s": {"encode": 0.5, "queue": 0.0, "transfer": 2.0, "decode": 0.25, "inject": 0.25, "prefill": 0.1,
                   "generate": 0.2, "first_token": 3.1},
        "quality": {"f1": 1.0, "em": 1.0, "kld": 0.0, "top1": 1.0, "ppl_delta": 0.0},
        "text": {"card_bytes": 500, "wire_total": 700, "transfer": 1.0, "prefill": 1.1, "first_token": 2.1,
                 "break_even_prefill_tokens_per_s": 50.0},
        "link": {"rate_mbps": 5.0, "rtt_ms": 40.0, "loss": 0.01, "queue_packets": 100, "congestion": "c"},
    }
    line.update(changes)
    return line


class Groups(unittest.TestCase):
    def test_weigh_quality_by_questions(self):
        lines = [run(n_questions=3), run(n_questions=1, quality={**run()["quality"], "f1": 0.0})]
        self.assertEqual(runs_module.group(lines)[0].per_question("f1"), 0.75)

    def test_keep_the_order_of_the_results(self):
        lines = [run("b"), run("a"), run("b", "ns3-udp")]
        self.assertEqual([(g.preset, g.transport) for g in runs_module.group(lines)],
                         [("b", "ns3-tcp"), ("a", "ns3-tcp"), ("b", "ns3-udp")])

    def test_break_even_is_tokens_over_the_head_start_of_the_text(self):
        self.assertEqual(runs_module.group([run()])[0].break_even_prefill, 100 / (3.1 - 0.1 - 1.0))

    def test_a_cache_faster_than_the_text_wins_at_any_speed(self):
        fast = {**run()["time_s"], "first_token": 0.6}
        groups = runs_module.group([run(time_s=fast)])
        self.assertIsNone(groups[0].break_even_prefill)
        self.assertEqual(list(table.break_even_rows(groups)), [["int4", "any speed"]])

    def test_retransmissions_are_a_share_of_all_bytes(self):
        self.assertEqual(runs_module.group([run(), run()])[0].retransmitted_share, 0.05)


class Tables(unittest.TestCase):
    def test_mark_cards_for_one_question(self):
        groups = runs_module.group([run("q2c:0.5 int4", question=2)])
        lines = list(table.terminal([run("q2c:0.5 int4", question=2)], groups))
        self.assertTrue(any(line.startswith("q2c:0.5 int4 *") for line in lines))
        self.assertIn(table.NOTE, lines)

    def test_the_text_has_no_ratio(self):
        row = next(table.rows(runs_module.group([run("text")])))
        self.assertEqual(row[5:7], ["-", "-"])


class Program(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def analyse(self, text, *more):
        (self.folder / "results.jsonl").write_text(text)
        return subprocess.run([sys.executable, ANALYSIS / "tradeoff.py", self.folder / "results.jsonl", "--out",
                               self.folder, *more], capture_output=True, text=True, timeout=120)

    def test_writes_a_picture_and_a_report_that_holds_it(self):
        lines = [run(p, t) for p in ("fp16", "int4", "<b>") for t in ("ns3-tcp", "ns3-udp")]
        done = self.analyse("\n".join(map(json.dumps, lines)), "--command", "kvferry-lab tradeoff x.toml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "tradeoff.png").read_bytes()[:4], b"\x89PNG")
        report = (self.folder / "report.html").read_text()
        self.assertIn("data:image/png;base64,", report)
        self.assertIn("kvferry-lab tradeoff x.toml", report)
        self.assertIn("&lt;b&gt;", report)
        self.assertNotIn("<b>", report)
        self.assertNotIn("src=\"http", report)

    def test_bad_results_are_told_in_one_line(self):
        file = self.folder / "results.jsonl"
        for text, message in [("", "empty, expected a line per run"), ("{", ":1: not JSON: "),
                              (json.dumps(run(tokens="x")), ":1: column 'tokens': expected a whole number")]:
            done = self.analyse(text)
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr.startswith(f"tradeoff.py: {file}"), done.stderr)
            self.assertIn(message, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.assertFalse((self.folder / "report.html").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
