# SPDX-License-Identifier: MIT
"""tun_link with real processes and sockets: tun_link_test.py FOLDER_OF_PROGRAMS"""

import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

from emulated_link import EXIT_SKIPPED, Ends, skip_if_impossible

ENDS = Ends(sys.argv.pop(1))
PROBE = f"exec {sys.executable} {pathlib.Path(__file__).parent / 'udp_probe.py'}"


def is_alive(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class TunLink(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def probe(self, link: str, count: int, interval_s: float = 0.002) -> list[tuple[float, str]]:
        """Seconds on the way and the address that the server saw, of each datagram that arrived."""
        done = ENDS.run(link, f"{PROBE} receive {self.folder / 'seen'}", f"{PROBE} send {count} {interval_s}", 60,
                        report=str(self.folder / "report"))
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = (self.folder / "seen").read_text().splitlines()
        return [(float(line.split()[0]), line.split()[1]) for line in lines]

    def test_its_status_is_the_clients(self):
        self.assertEqual(ENDS.run("", "", "exit 7", 10).returncode, 7)
        self.assertEqual(ENDS.run("", "", "kill -9 $$", 10).returncode, 128 + 9)

    def test_wrong_usage_is_status_two_and_one_line(self):
        for link in ("--bogus 1", "--loss 1.5", "--burst-packets 0"):
            done = ENDS.run(link, "", "true", 10)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)

    def test_a_server_that_ends_early_is_an_error(self):
        done = ENDS.run("", "exit 3", "true", 10)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "tun_link: the server ended before it listened, with status 3\n")

    def test_without_root_it_says_so_and_asks_to_be_skipped(self):
        program = pathlib.Path("/proc/self/fd")  # opened before the rights are gone: nobody need reach the folder
        with open(ENDS.folder / "tun_link", "rb") as file:
            done = subprocess.run([program / str(file.fileno()), "--client", "true"], capture_output=True, text=True,
                                  pass_fds=[file.fileno()], preexec_fn=lambda: os.setuid(65534))
        self.assertEqual(done.returncode, EXIT_SKIPPED)
        self.assertEqual(done.stderr, "tun_link: no network can be emulated here: network namespace: Operation not permitted\n")

    def test_packets_take_the_delay_and_half_a_millisecond_at_most(self):
        delays_s = [delay_s for delay_s, _ in self.probe("--delay-ms 15", 500)]
        self.assertEqual(len(delays_s), 500)
        self.assertGreaterEqual(min(delays_s), 0.015)
        self.assertLess(statistics.median(delays_s), 0.0155)

    def test_what_is_said_of_one_direction_holds_for_it(self):
        delays_s = [delay_s for delay_s, _ in self.probe("--up-delay-ms 5 --delay-ms 300", 20)]
        self.assertLess(statistics.median(delays_s), 0.1)

    def test_loss_happens_and_is_reported(self):
        arrived = len(self.probe("--up-loss 0.3", 1000, 0.0005))
        counts = json.loads((self.folder / "report").read_text())["up"]
        self.assertEqual((counts["sent"], counts["delivered"]), (1000, arrived))
        self.assertEqual(counts["lost"], 1000 - arrived)
        self.assertAlmostEqual(arrived, 700, delta=60)

    def test_damaged_datagrams_reach_the_program(self):
        self.assertEqual(len(self.probe("--up-corrupt 0.5", 200)), 200)
        self.assertGreater(json.loads((self.folder / "report").read_text())["up"]["corrupted"], 60)

    def test_the_server_sees_the_client_move(self):
        seen = [address for _, address in self.probe("--rebind-every-s 0.4", 100, 0.01)]
        self.assertGreaterEqual(len(set(seen)), 3)
        self.assertEqual(len({address.split(":")[0] for address in seen}), len(set(seen)))

    def test_both_ends_die_with_it(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            command = f"echo $$ >> {self.folder / 'pids'}; exec sleep 1000"
            link = subprocess.Popen([ENDS.folder / "tun_link", "--client", command])
            while not (self.folder / "pids").exists() or not (self.folder / "pids").read_text().endswith("\n"):
                time.sleep(0.01)
            pid = int((self.folder / "pids").read_text())
            self.assertTrue(is_alive(pid))
            link.send_signal(number)
            self.assertEqual(link.wait(10), -number if number == signal.SIGKILL else 128 + number)
            deadline = time.monotonic() + 10
            while is_alive(pid) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertFalse(is_alive(pid))
            (self.folder / "pids").unlink()


if __name__ == "__main__":
    skip_if_impossible(ENDS)
    unittest.main()
