# SPDX-License-Identifier: MIT
"""What holds for every emulator, with real processes and sockets."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from emulated_link import EXIT_SKIPPED, Ends

PROBE = f"exec {sys.executable} {pathlib.Path(__file__).parent / 'udp_probe.py'}"


def is_alive(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class LinkBehaviours:
    """Mixed into a test case that says whose."""
    ends: Ends
    wrong_links = ("--bogus 1", "--loss 1.5")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def probe(self, link: str, count: int, interval_s: float = 0.002) -> list[tuple[float, str, int]]:
        """Seconds on the way, the address that the server saw and the number, of each datagram that arrived."""
        done = self.ends.run(link, f"{PROBE} receive {self.folder / 'seen'}", f"{PROBE} send {count} {interval_s}", 60,
                             report=str(self.folder / "report"))
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = (self.folder / "seen").read_text().splitlines()
        return [(float(delay_s), address, int(number)) for delay_s, address, number in map(str.split, lines)]

    def test_its_status_is_the_clients(self):
        self.assertEqual(self.ends.run("", "", "exit 7", 10).returncode, 7)
        self.assertEqual(self.ends.run("", "", "kill -9 $$", 10).returncode, 128 + 9)

    def test_wrong_usage_is_status_two_and_one_line(self):
        for link in self.wrong_links:
            done = self.ends.run(link, "", "true", 10)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)

    def test_a_server_that_ends_early_is_an_error(self):
        done = self.ends.run("", "exit 3", "true", 10)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f"{self.ends.emulator}: the server ended before it listened, with status 3\n")

    def test_without_root_it_says_so_and_asks_to_be_skipped(self):
        program = pathlib.Path("/proc/self/fd")  # opened before the rights are gone: nobody need reach the folder
        with open(self.ends.folder / self.ends.emulator, "rb") as file:
            done = subprocess.run([program / str(file.fileno()), "--client", "true"], capture_output=True, text=True,
                                  pass_fds=[file.fileno()], preexec_fn=lambda: os.setuid(65534))
        self.assertEqual(done.returncode, EXIT_SKIPPED)
        self.assertEqual(done.stderr, f"{self.ends.emulator}: no network can be emulated here: network namespace: Operation not permitted\n")

    def test_packets_take_the_delay_and_leave_the_link_half_a_millisecond_late_at_most(self):
        delays_s = [delay_s for delay_s, *_ in self.probe("--delay-ms 15", 500)]
        self.assertEqual(len(delays_s), 500)
        self.assertGreaterEqual(min(delays_s), 0.015)
        self.assertLess(min(delays_s), 0.0155)
        self.assertLess(json.loads((self.folder / "report").read_text())["late_ms"]["median"], 0.5)  # whatever else the machine does

    def test_loss_happens_and_is_reported(self):
        arrived = len(self.probe("--loss 0.3", 1000, 0.0005))
        counts = json.loads((self.folder / "report").read_text())["up"]
        self.assertEqual((counts["sent"], counts["delivered"]), (1000, arrived))
        self.assertEqual(counts["lost"], 1000 - arrived)
        self.assertAlmostEqual(arrived, 700, delta=60)

    def test_both_ends_die_with_it(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            command = f"echo $$ >> {self.folder / 'pids'}; exec sleep 1000"
            link = subprocess.Popen([self.ends.folder / self.ends.emulator, "--client", command])
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
