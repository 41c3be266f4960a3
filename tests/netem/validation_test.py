# SPDX-License-Identifier: MIT
"""A small card over two links, by real processes and in simulation: validation_test.py FOLDER_OF_PROGRAMS"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from emulated_link import ROOT, Ends, skip_if_impossible

sys.path.insert(0, str(ROOT / "analysis" / "validation"))
import cells  # noqa: E402

PROGRAMS = sys.argv.pop(1)
LINKS = ("2 Mbit/s, 10 ms, 0 %", "10 Mbit/s, 10 ms, 1 %")
CARD_BYTES = 400_000


class Validation(unittest.TestCase):
    def test_udp_and_quic_take_the_same_time_in_both_worlds(self):
        with tempfile.TemporaryDirectory() as folder:
            results = pathlib.Path(folder) / "results.jsonl"
            words = [pathlib.Path(__file__).with_name("validation"), "--programs", PROGRAMS, "--out", results, "--runs", "1",
                     "--card-bytes", str(CARD_BYTES), "--transport", "udp", "--transport", "quic"]
            for link in LINKS:
                words += ["--cell", link]
            done = subprocess.run(words, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            pairs = cells.pairs(cells.load(results))
        self.assertEqual(len(pairs), 2 * len(LINKS))
        for pair in pairs:
            self.assertTrue(pair.is_near, pair.runs)


if __name__ == "__main__":
    skip_if_impossible(Ends(PROGRAMS))
    unittest.main()
