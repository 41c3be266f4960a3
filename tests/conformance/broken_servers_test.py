# SPDX-License-Identifier: MIT
"""kvferry conform passes the reference server, and finds each of its deliberate faults.

python3 broken_servers_test.py PATH/OF/kvferry
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from reference.card import make_card, save_card  # noqa: E402

KVREF = [sys.executable, str(HERE / "reference/kvref")]
PATIENCE_S = "1"


class Server:
    """The reference, with or without a fault, as a process."""

    def __init__(self, card, transport, *faults):
        named = [word for fault in faults for word in ("--fault", fault)]
        self.process = subprocess.Popen([*KVREF, "serve", card, "--listen", "127.0.0.1:0", "--transport", transport, *named],
                                        stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().removeprefix("listening on ").strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def conform(address, transport, *sections):
    done = subprocess.run([PROGRAM, "conform", address, *sections, "--transport", transport, "--document", "broken",
                           "--patience", PATIENCE_S, "--json", "--insecure"], capture_output=True, text=True, timeout=300)
    if not done.stdout:
        raise AssertionError(done.stderr)
    return done.returncode, json.loads(done.stdout)


def faults():
    """Name, requirements broken, transports."""
    listed = subprocess.run([*KVREF, "serve", "--fault", "list"], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        name, *words = line.split()
        broken = [word for word in words if word[-1].isdigit() and word[:3].isupper()]
        yield name, broken, [word for word in ("tcp", "udp") if word in words[:len(broken) + 2]]


class BrokenServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.card = str(pathlib.Path(cls.folder.name) / "broken.card")
        save_card(make_card([30_000, 60_000, 1_000, 45_000, 20_000, 9_000], levels=[0, 0, 0, 0, 1, 2]), cls.card)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_unbroken_server_passes(self):
        for transport in ("tcp", "udp"):
            with self.subTest(transport), Server(self.card, transport) as server:
                status, report = conform(server.address, transport)
                failed = [result for result in report["results"] if result["outcome"] == "FAILED"]
                self.assertEqual((status, failed), (0, []))
                self.assertGreater(report["passed"], 100)

    def test_every_fault_is_found(self):
        for name, broken, transports in faults():
            for transport in transports:
                with self.subTest(f"{name} over {transport}"), Server(self.card, transport, name) as server:
                    status, report = conform(server.address, transport, *broken)
                    failed = {result["id"] for result in report["results"] if result["outcome"] == "FAILED"}
                    self.assertTrue(failed & set(broken), report["results"])
                    self.assertEqual(status, 1)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
