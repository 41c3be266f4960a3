# SPDX-License-Identifier: MIT
"""A small run of overhead, in simulation and with real programs, and the page of its results."""

import json
import subprocess

from lab_program import LabTest, main


def may_have_a_loopback():
    return subprocess.run(["unshare", "--net", "--map-root-user", "true"], capture_output=True).returncode == 0


class Overhead(LabTest):
    def overhead(self, out, *more):
        said = self.succeeds("overhead", "--out", self.folder / out, "--largest", 4096, "--seeds", 1, *more)
        self.assertEqual(sorted(file.name for file in (self.folder / out).iterdir()), ["overhead.jsonl", "overhead.md", "overhead.png"])
        return said, (self.folder / out / "overhead.jsonl").read_text()

    def test_from_cards_to_the_page(self):
        said, results = self.overhead("one")
        self.assertRegex(said, r"^Largest difference of simulated without loss: .* 3 of 3 within 2 %\.\n$")
        for line in map(json.loads, results.splitlines()):
            self.assertEqual(sum(count for name, count in line["wire"].items() if name != "total"), line["wire"]["total"])
            self.assertEqual(line["wire"]["payload"], 4096)
        self.succeeds("report", self.folder / "one")
        page = (self.folder / "one" / "report.html").read_text()
        self.assertIn("data:image/png;base64,", page)
        self.assertIn("kvferry-lab overhead --out", page)
        self.assertEqual(results, self.overhead("again")[1])

    def test_real_programs_are_counted_on_a_loopback_of_their_own(self):
        if not may_have_a_loopback():
            self.skipTest("no network namespaces for this user")
        said, results = self.overhead("real", "--real", "--runs", 1)
        real = [line for line in map(json.loads, results.splitlines()) if line["world"] == "real"]
        self.assertEqual([line["transport"] for line in real], ["tcp", "tls", "udp", "quic"])
        for line in real:
            self.assertGreater(line["wire"]["lower_layers"], 200)
        self.assertIn("Largest difference of real programs", said)

    def test_a_page_wants_results(self):
        self.fails(1, "FOLDER/none: expected a folder with results", "report", self.folder / "none")
        (self.folder / "empty").mkdir()
        failed = self.lab("report", self.folder / "empty")
        self.assertEqual(failed.returncode, 1)
        self.assertRegex(failed.stderr, r"^kvferry-lab: .*no results, expected results\.jsonl, .*\n$")
        self.assertEqual(list((self.folder / "empty").iterdir()), [])


if __name__ == "__main__":
    main()
