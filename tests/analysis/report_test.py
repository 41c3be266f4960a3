# SPDX-License-Identifier: MIT
"""One page of all results, as headless Chromium shows it."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from analysis_test import ANALYSIS, run
from browser import see
from charts_test import agents, rate

import markdown  # noqa: E402

OVERHEAD = ANALYSIS / "overhead" / "overhead.jsonl"


def lines_of(lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


def adapt_line(**changes):
    return {"scenario": "steps", "transport": "ns3-udp", "policy": "mpc", "text": False, "seed": 3, "deadline": 1, "mean_mbps": 5, "f1": 0.5,
            "f1_full": 1, "f1_oracle": 0.9, "answerable": 1, "kv_bytes_fp16": 1 << 20, "quality_model": "m", "profile": "p", **changes}


class Markdown(unittest.TestCase):
    def test_becomes_html_without_anything_that_is_not_meant(self):
        text = "# A <b>\n\n| a | `x|`y |\n|---|---|\n| **1** | [2](there.md) |\n\n* one\n* two & three\n\n![no](no.png)"
        html = markdown.to_html(text, ".", 1)
        for part in ("<h2>A &lt;b&gt;</h2>", "<td><strong>1</strong></td><td>2</td>", "<li>two &amp; three</li>", "no.png is not here."):
            self.assertIn(part, html)


class Report(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    def make(self):
        return subprocess.run([sys.executable, ANALYSIS / "report.py", self.folder, "--out", self.folder, "--command", "kvferry-lab report here"],
                              capture_output=True, text=True, timeout=300)

    def test_a_browser_shows_all_of_it_narrow_and_wide_and_it_says_where_it_comes_from(self):
        self.write("link/results.jsonl", lines_of(run(p, t, document=d) for p in ("fp16", "int4") for t in ("ns3-tcp", "ns3-udp") for d in (0, 1)))
        self.write("link/plan.toml", 'model = "m" # <script>alert(1)</script>')
        self.write("changing/results.jsonl", lines_of(adapt_line(policy=policy) for policy in ("mpc", "progressive")))
        self.write("devices/breakeven.jsonl", lines_of(rate(mbps) for mbps in (1.0, 10.0)))
        self.write("many/fan-out.jsonl", lines_of(agents(count, seed=7) for count in (1, 2)))
        self.write("overhead/overhead.jsonl", OVERHEAD.read_text())
        made = self.make()
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        for width in (400, 1400):
            with self.subTest(width=width):
                seen = see(self.folder / "report.html", width)
                self.assertEqual(seen["errors"], [])
                self.assertEqual(len(seen["pictures"]), 3 + 1 + 1 + 1 + 1)
                self.assertTrue(all(picture["there"] and picture["alt"] for picture in seen["pictures"]), seen["pictures"])
                self.assertLessEqual(seen["needs"], seen["width"])
        text = (self.folder / "report.html").read_text()
        for part in ("# &lt;script&gt;alert(1)", "<dt>Seeds</dt><dd>7</dd>", "<dt>Seed</dt><dd>1</dd>", "kvferry 0.1.0", "kvferry-lab report here",
                     "kvferry-lab overhead --out", "SHA-256 "):
            self.assertIn(part, text)
        self.assertNotIn("<script>alert", text)
        self.assertNotRegex(text, r'(src|href)="(http|file)')

    def test_what_the_last_report_knew_is_handed_on(self):
        results = self.write("results.jsonl", lines_of([run()]))
        plan = self.write("plan.txt", 'name = "</script>"')
        subprocess.run([sys.executable, ANALYSIS / "tradeoff.py", results, "--out", self.folder, "--plan", plan, "--command", "kvferry-lab tradeoff x"],
                       check=True, capture_output=True)
        for _ in range(2):
            self.assertEqual(self.make().returncode, 0)
            text = (self.folder / "report.html").read_text()
            self.assertIn("kvferry-lab tradeoff x\nkvferry-lab report here", text)
            self.assertIn("name = &quot;&lt;/script&gt;&quot;", text)

    def test_bad_results_are_told_in_one_line_and_the_old_page_stays(self):
        for lines, message in (([run(), run(seed=None)], ":2: column 'seed': expected a whole number"),
                               ([{"a": 1}], ":1: column 'preset' (of tradeoff) or 'deadline' (of adapt) is missing"),
                               ([run(wire={})], ":1: column 'wire.retransmitted': expected a number")):
            results = self.write("results.jsonl", lines_of(lines))
            self.write("report.html", "old")
            made = self.make()
            self.assertEqual((made.returncode, made.stderr), (1, f"report.py: {results}{message}\n"))
            self.assertEqual((self.folder / "report.html").read_text(), "old")
        (self.folder / "results.jsonl").unlink()
        self.assertRegex(self.make().stderr, r"^report\.py: \S+: no results, expected results\.jsonl, .*\n$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
