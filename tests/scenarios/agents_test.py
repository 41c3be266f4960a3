# SPDX-License-Identifier: MIT
"""scenarios/agents: a document's cache through several agents of this machine.

Called with the folder of the programs."""

import json
import pathlib
import subprocess
import sys
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scenarios/agents"


class Chain(unittest.TestCase):
    programs = ""

    def hops(self, *arguments):
        done = subprocess.run([SCRIPT, *arguments, "--json", "--programs", self.programs], capture_output=True, text=True, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_three_agents_answer_from_what_was_handed_on(self):
        first, second = self.hops("3")
        self.assertEqual([first["hop"], second["hop"]], [1, 2])
        self.assertEqual([first["right"], second["right"]], [first["questions"]] * 2)
        self.assertGreater(second["tokens"], first["tokens"])  # question and answer are behind the document
        self.assertGreater(first["ratio"], 15)
        self.assertGreater(first["wire_bytes"], first["card_bytes"])

    def test_what_an_agent_complains_of_is_told_in_a_line(self):
        done = subprocess.run([SCRIPT, "2", "--preset", "int9", "--programs", self.programs], capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^scenarios/agents: agent 1: kvferry-agent: .*int9.*\n$")


if __name__ == "__main__":
    Chain.programs = sys.argv.pop(1)
    unittest.main(verbosity=2)
