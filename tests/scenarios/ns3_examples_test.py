# SPDX-License-Identifier: MIT
"""The scripts of scenarios/ns3: what they print, that a run can be repeated, and what they refuse.

Called with the folder of the programs."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = {
    "two-agents": ["--tokens=16", "--loss=0.05"],
    "lte": ["--tokens=4", "--distances=100,3000"],
    "contention": ["--tokens=8", "--readers=2", "--contenders=1"],
    "fan-out": ["--tokens=16", "--readers=3", "--loss=0.05"],
    "chain": ["--tokens=16", "--hops=3", "--loss=0.05"],
    "competing": ["--tokens=8"],
}


def known_card(path):
    """The card of the conformance vectors."""
    lines = (ROOT / "tests/conformance/card.vec").read_text().split("hex:")[1].split("\n")
    path.write_bytes(bytes.fromhex("".join(lines)))


class Examples(unittest.TestCase):
    programs = ""

    def run_example(self, name, *arguments):
        return subprocess.run([f"{self.programs}/kvferry-example-{name}", *arguments], capture_output=True, text=True, timeout=60)

    def output(self, name, *arguments):
        done = self.run_example(name, *SMALL[name], *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), name)
        return done.stdout

    def refusal(self, name, *arguments):
        done = self.run_example(name, *arguments)
        self.assertIn(done.returncode, (1, 2))
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, rf"^kvferry-example-{name}: [^\n]+\n$")
        return done.stderr

    def test_a_run_can_be_repeated_and_another_one_differs(self):
        for name in SMALL:
            with self.subTest(name):
                first = self.output(name, "--RngRun=3")
                self.assertEqual(self.output(name, "--RngRun=3"), first)
                self.assertNotEqual(self.output(name, "--RngRun=4"), first)

    def test_two_agents_over_each_transport(self):
        for transport in ("Tcp", "Udp", "Quic"):
            out = self.output("two-agents", f"--transport={transport}")
            self.assertRegex(out, r"\n +0( +\d\.\d{4}){4} +\d+ +[\d.]+ +whole\n")
            self.assertRegex(out, r"\n +total +\d+ +100.00\n")

    def test_a_real_card_travels(self):
        with tempfile.TemporaryDirectory() as folder:
            card = pathlib.Path(folder) / "known.card"
            known_card(card)
            done = self.run_example("two-agents", "--card", str(card))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("in 3 chunks\n", done.stdout)
            damaged = bytearray(card.read_bytes())
            damaged[-1] ^= 1
            card.write_bytes(damaged)
            self.assertIn("known.card: ", self.refusal("two-agents", f"--card={card}"))

    def test_each_hop_of_a_chain_comes_later_and_straight_is_faster(self):
        lines = self.output("chain").splitlines()
        whole = [float(line.split()[-1]) for line in lines[2:]]
        self.assertEqual(whole[:3], sorted(whole[:3]))
        self.assertLess(whole[3], whole[2])

    def test_what_is_late_is_told_and_fails(self):
        done = self.run_example("two-agents", "--deadline=100ms")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("not complete at the deadline", done.stdout)

    def test_wrong_options_are_one_line(self):
        for name in SMALL:
            self.assertIn("--deadline: expected more than 0", self.refusal(name, "--deadline=0s"))
            self.assertIn("--speed: no such option", self.refusal(name, "--speed=1"))
            self.assertIn("at least 1", self.refusal(name, "--tokens=0"))
            self.assertIn("llama-3-8b", self.refusal(name, "--model=gpt"))
            self.assertIn("bits:X", self.refusal(name, "--preset=int5"))
            self.assertIn("RngRun=x: not a value", self.refusal(name, "--RngRun=x"))
        for name, option in (("two-agents", "--transport=Pigeon"), ("two-agents", "--kvferry::KvAgent::Port=0"),
                             ("two-agents", "--rate=fast"), ("chain", "--deadline=soon"), ("fan-out", "--readers=-1")):
            self.assertIn(f"{option}: not a value", self.refusal(name, option))
        for name, option, expected in (("fan-out", "--readers=0", "expected 1 to"), ("contention", "--readers=0", "expected 1 to"),
                                       ("chain", "--hops=0", "expected 1 to"), ("lte", "--distances=3,x", "'x', expected metres"),
                                       ("two-agents", "--loss=2", "0 to 1"), ("competing", "--udpShare=2", "0 to 1"),
                                       ("two-agents", "--rate=0bps", "link"), ("contention", "--standard=802.3", "standard"),
                                       ("two-agents", "--card=none.card", "none.card")):
            self.assertIn(expected, self.refusal(name, option))

    def test_help_names_the_options(self):
        for name in SMALL:
            done = self.run_example(name, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("--deadline:", done.stdout)

    def test_the_readmes_five_lines_are_those_that_are_tested(self):
        test = (ROOT / "tests/sim/agent_helper_test.cc").read_text()
        lines = [line.strip() for line in test.split("// README begins\n")[1].split("// README ends")[0].strip().split("\n")]
        self.assertEqual(len(lines), 5)
        self.assertIn("\n".join(lines), (ROOT / "scenarios/ns3/README.md").read_text())

    def test_pictures_are_drawn_of_what_scripts_print(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("chain", "competing", "contention"):
                picture = pathlib.Path(folder) / f"{name}.png"
                done = subprocess.run([ROOT / "scenarios/ns3/picture.py", name, picture], input=self.output(name),
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(picture.read_bytes()[:4], b"\x89PNG")


if __name__ == "__main__":
    Examples.programs = sys.argv.pop(1)
    unittest.main(verbosity=2)
