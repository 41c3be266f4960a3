# SPDX-License-Identifier: MIT
"""Fronts, stages, fan-out and break-even: what is drawn is what the results say."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from analysis_test import ANALYSIS, run

import breakeven  # noqa: E402
import fan_out  # noqa: E402
import fronts  # noqa: E402
import stages  # noqa: E402
from runs import group  # noqa: E402


def agents(count=1, strategy="each", **changes):
    line = {"strategy": strategy, "agents": count, "total_bytes": 1000 * count, "marginal_bytes": 1000, "f1_mean": 0.9, "f1_worst": 0.8,
            "time_to_answer_s": {"p50": 1.0, "p95": 2.0, "p99": 3.0}}
    line.update(changes)
    return {key: value for key, value in line.items() if value is not None}


def rate(mbps=1.0, **changes):
    return {"profile": "p", "rate_mbps": mbps, "best": "int4", "ready_s": {"fp16": 4 / mbps, "int4": 1 / mbps + 0.1}, **changes}


class Fronts(unittest.TestCase):
    def test_keep_what_nothing_beats_in_both(self):
        self.assertEqual(fronts.front([(3, 0.9), (1, 0.5), (2, 0.4), (3, 0.8), (4, 0.9)]), [(1, 0.5), (3, 0.9)])

    def test_their_height_is_the_best_that_so_much_buys(self):
        points = [(1, 0.5), (3, 0.9)]
        self.assertEqual([fronts.height(points, x) for x in (0.5, 1, 2, 3, 9)], [None, 0.5, 0.5, 0.9, 0.9])

    def test_the_band_is_around_the_front_and_the_same_each_time(self):
        quality = run()["quality"]
        lines = [run(document=d, quality={**quality, "f1": f1}) for d, f1 in enumerate([0.2, 0.6, 0.8, 1.0])]
        samples = list(fronts.samples_of(lines))
        heights = [list(sample["wire_bytes"].values()) for sample in samples]
        (_, low, high), = fronts.band([fronts.front(points) for points in heights], [1000])
        self.assertLess(low, 0.65)
        self.assertGreater(high, 0.65)
        self.assertEqual(samples, list(fronts.samples_of(lines)))

    def test_equal_documents_have_no_band(self):
        lines = [run(document=d) for d in range(3)]
        points = [fronts.front(sample["first_token"].values()) for sample in fronts.samples_of(lines)]
        self.assertEqual(list(fronts.band(points, [3.1])), [(3.1, 1.0, 1.0)])


class Stages(unittest.TestCase):
    def test_a_bar_for_each_preset_and_transport_and_one_for_the_text_of_each_transport(self):
        bars = list(stages.bars(group([run(), run("fp16"), run(transport="ns3-udp")])))
        self.assertEqual([label for label, _ in bars], ["int4, ns3-tcp", "fp16, ns3-tcp", "int4, ns3-udp", "text instead, ns3-tcp",
                                                        "text instead, ns3-udp"])
        self.assertAlmostEqual(sum(bars[0][1].values()), 3.1 + 0.2)
        self.assertEqual(bars[3][1], {"transfer": 1.0, "prefill": 1.1})

    def test_text_that_is_a_row_of_its_own_is_not_shown_twice(self):
        bars = list(stages.bars(group([run(), run("text")])))
        self.assertEqual([label for label, _ in bars], ["int4, ns3-tcp", "text, ns3-tcp"])


class Program(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.results = self.folder / "results.jsonl"

    def draw(self, script, lines):
        self.results.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return subprocess.run([sys.executable, ANALYSIS / script, self.results, "--out", self.folder], capture_output=True, text=True, timeout=120)

    def fails(self, script, lines, message):
        done = self.draw(script, lines)
        self.assertEqual((done.returncode, done.stderr), (1, f"{script}: {self.results}{message}\n"))
        self.assertEqual([path.name for path in self.folder.iterdir()], ["results.jsonl"])

    def test_fan_out_draws_what_is_there_and_tells_what_it_passes_over(self):
        done = self.draw("fan_out.py", [agents(count, strategy, colour="red", f1_mean=None, f1_worst=None)
                                        for strategy in ("each", "relay") for count in (1, 2, 4)])
        self.assertEqual((done.returncode, done.stderr), (0, f"fan_out.py: {self.results}: passed over: colour\n"))
        self.assertEqual((self.folder / "fan-out.png").read_bytes()[:4], b"\x89PNG")

    def test_fan_out_tells_what_is_wrong_in_one_line(self):
        self.fails("fan_out.py", [agents(), agents(total_bytes=None)], ":2: column 'total_bytes' is missing, expected a number")
        self.fails("fan_out.py", [agents(agents="two")], ":1: column 'agents': expected a whole number")
        self.fails("fan_out.py", [agents(time_to_answer_s={"p50": 1})], ":1: column 'time_to_answer_s.p95': expected a number")

    def test_fan_out_means_lines_of_the_same_number(self):
        lines = [agents(2, total_bytes=10), agents(2, total_bytes=20), agents(1)]
        self.assertEqual(fan_out.curve(lines, "each", "total_bytes"), [(1, 1000), (2, 15)])

    def test_break_even_is_drawn_by_device(self):
        done = self.draw("breakeven.py", [rate(mbps, profile=profile) for profile in ("a", "b") for mbps in (1.0, 10.0)])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual((self.folder / "breakeven.png").read_bytes()[:4], b"\x89PNG")
        self.assertEqual(breakeven.rate_text(4e5), "400 Gbit/s")

    def test_break_even_tells_what_is_wrong_in_one_line(self):
        self.fails("breakeven.py", [rate(), rate(ready_s={"fp16": 1})], ":2: column 'ready_s': expected seconds for fp16, int4")
        self.fails("breakeven.py", [rate(more=1)], ":1: unknown column 'more', expected profile, rate_mbps, best, ready_s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
