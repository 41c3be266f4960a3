# SPDX-License-Identifier: MIT
"""What analysis/validation makes of runs that are known."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

VALIDATION = pathlib.Path(__file__).resolve().parents[2] / "analysis" / "validation"
sys.path.insert(0, str(VALIDATION))

import cells  # noqa: E402
import report  # noqa: E402


def run(world, complete_s, loss=0.0, transport="udp", **changes):
    made = {"world": world, "cell": f"10 Mbit/s, 50 ms, {loss * 100:g} %", "transport": transport, "seed": 1,
            "link": {"rate_mbps": 10, "rtt_ms": 50, "loss": loss, "queue_packets": 42}, "card_bytes": 2_500_000, "ok": True, "reason": "",
            "complete_s": complete_s, "kvferry": "0.1.0", "kernel": "6.1", "ns3": "3.37", "in_time": True, "load": 0.5}
    return {**made, **changes}


def pair(real, simulated, **same):
    [found] = cells.pairs([*(run("real", time_s, **same) for time_s in real), *(run("simulated", time_s, **same) for time_s in simulated)])
    return found


class Validation(unittest.TestCase):
    def test_medians_are_compared(self):
        self.assertAlmostEqual(pair([1.0, 2.0, 9.0], [1.9, 2.2, 2.3]).ratio, 1.1)

    def test_without_loss_ten_percent_are_near_and_with_loss_twenty(self):
        for loss, near, far in ((0.0, 2.19, 2.21), (0.01, 2.39, 2.41)):
            self.assertTrue(pair([2.0], [near], loss=loss).is_near)
            self.assertFalse(pair([2.0], [far], loss=loss).is_near)

    def test_runs_of_a_link_that_did_not_keep_time_count_for_nothing_but_are_told(self):
        lines = [run("real", 9.0, in_time=False), run("real", 2.0), run("simulated", 2.0)]
        [found] = cells.pairs(lines)
        self.assertEqual(found.times("real"), [2.0])
        self.assertIn("1 of 2 real runs were set aside", report.conditions(lines, [found]))

    def test_a_failed_run_is_told_with_its_reason(self):
        lines = [run("real", None, ok=False, reason="lost"), run("real", 2.0), run("simulated", 2.0)]
        self.assertIn("1 runs failed: real 10 Mbit/s, 50 ms, 0 % udp 1: lost", report.conditions(lines, cells.pairs(lines)))

    def test_tcp_is_not_judged_and_a_pair_without_one_world_has_no_result(self):
        self.assertIn("explained", report.row(pair([1.0], [3.0], transport="tcp")))
        self.assertIn("no result", report.row(pair([], [3.0])))

    def test_a_row_says_median_and_range(self):
        self.assertEqual(report.row(pair([1.0, 2.0, 4.0], [2.3])),
                         "| 10 Mbit/s, 50 ms, 0 % | udp | 2.5 | 2.000 (1.000–4.000) | 2.300 (2.300–2.300) | +15.0 % | 10 %: **no** |")

    def test_lines_that_are_none_are_named(self):
        for content, message in (("not json\n", ":1: expected a JSON object"), ("{}\n", ":1: key 'world': expected str"),
                                 ("", ": expected at least one run")):
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "results.jsonl"
                file.write_text(content)
                done = subprocess.run([sys.executable, VALIDATION / "draw.py", file, "--out", folder], capture_output=True, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"draw.py: {file}{message}", done.stderr)

    def test_table_and_picture_are_made(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "results.jsonl"
            file.write_text("".join(json.dumps(run(world, 2.0, loss)) + "\n" for world in ("real", "simulated") for loss in (0.0, 0.02)))
            subprocess.run([sys.executable, VALIDATION / "draw.py", file, "--out", folder], check=True)
            self.assertGreater((pathlib.Path(folder) / "validation.png").stat().st_size, 5000)
            self.assertIn("2 of 2 pairs", (pathlib.Path(folder) / "validation.md").read_text())


if __name__ == "__main__":
    unittest.main()
