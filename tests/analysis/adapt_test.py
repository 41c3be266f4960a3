# SPDX-License-Identifier: MIT
"""What adapt.py makes of runs that are known."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ANALYSIS = pathlib.Path(__file__).resolve().parents[2] / "analysis"
sys.path.insert(0, str(ANALYSIS))

import adapt  # noqa: E402


def run(policy, f1, oracle=0.8, **changes):
    made = {"scenario": "steps", "transport": "ns3-udp", "policy": policy, "text": False, "seed": 1, "start_s": 0.0,
            "deadline": 0.5, "deadline_s": 2.0, "quality_model": "small", "profile": "one-core-small",
            "kv_bytes_fp16": 2**23, "mean_mbps": 5.0, "f1": f1, "f1_full": 0.8, "f1_oracle": oracle, "answerable": 1.0,
            "arrived_bytes": 100, "oracle_bytes": 200.0, "wire_bytes": 150, "complete_s": None}
    return {**made, **changes}


class Adapt(unittest.TestCase):
    def test_shares_are_of_sums_over_all_runs(self):
        self.assertAlmostEqual(adapt.of_oracle([run("mpc", 0.8), run("mpc", 0.1, oracle=0.2)]), 0.9)

    def test_missed_counts_only_where_the_oracle_could_answer(self):
        runs = [run("mpc", 0.8), run("mpc", 0.4, answerable=0.5), run("mpc", 0.0, oracle=0.1, answerable=0.0)]
        self.assertAlmostEqual(adapt.missed(runs), 0.5)

    def test_cells_where_another_policy_is_better_are_listed(self):
        runs = [run("progressive", 0.7), run("mpc", 0.75), run("progressive", 0.8, deadline=1), run("mpc", 0.7, deadline=1)]
        self.assertEqual(list(adapt.losses(runs)), ["| steps | ns3-udp | 0.5 | 0.700 | 0.750 (`mpc`) | 0.800 |"])

    def test_what_nobody_could_do_is_a_dash(self):
        rows = list(adapt.table([run("mpc", 0.0, oracle=0.0)], adapt.of_oracle, "{:.3f}".format))
        self.assertEqual(rows[2], "| `mpc` | – | – |")

    def test_lines_that_are_none_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "results.jsonl"
            for content, message in (("not json\n", ":1: not JSON: "), ("{}\n", ":1: column 'scenario' is missing, expected a text"),
                                     ("", ": empty, expected a line per run")):
                file.write_text(content)
                done = subprocess.run([sys.executable, ANALYSIS / "adapt.py", file, "--out", folder],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"adapt.py: {file}{message}", done.stderr)

    def test_pictures_are_drawn(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "results.jsonl"
            file.write_text("".join(json.dumps(run(policy, 0.5, deadline=d)) + "\n"
                                    for policy in ("mpc", "progressive") for d in (0.1, 1)))
            subprocess.run([sys.executable, ANALYSIS / "adapt.py", file, "--out", folder], check=True)
            self.assertGreater((pathlib.Path(folder) / "adapt.png").stat().st_size, 5000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
