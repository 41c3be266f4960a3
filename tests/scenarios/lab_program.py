# SPDX-License-Identifier: MIT
"""What the tests of kvferry-lab share: the program, a model, and folders that go away."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = pathlib.Path(os.environ.get("KVFERRY_TEST_MODEL", ROOT / "model/checkpoints/small"))


class LabTest(unittest.TestCase):
    program = ""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def lab(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                              cwd=self.folder)

    def succeeds(self, *arguments):
        done = self.lab(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def fails(self, status, message, *arguments):
        """Ends with this exit status and this one line, in which FOLDER stands for the test's folder."""
        done = self.lab(*arguments)
        line = done.stderr.replace(str(self.folder), "FOLDER")
        self.assertEqual(line, f"kvferry-lab: {message}\n")
        self.assertEqual(done.returncode, status)
        self.assertEqual(done.stdout, "")

    def write(self, name, content):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file


def main():
    LabTest.program = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
