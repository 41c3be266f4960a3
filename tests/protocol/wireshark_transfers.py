# SPDX-License-Identifier: MIT
"""Real transfers: the programs' own bytes, captured on the loopback interface."""

import contextlib
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import time

from capture import DissectorTest, field_rows, tshark
from wire_bytes import TYPES, card


@contextlib.contextmanager
def running(*command, **more):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def read_until(process, pattern, timeout_s=20):
    """The first match in what the process prints."""
    text, deadline = "", time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 0.2)[0]:
            piece = os.read(process.stdout.fileno(), 4096).decode()
            text += piece
            found = re.search(pattern, text)
            if found:
                return found
            if not piece:
                break
    raise AssertionError(f"no {pattern!r} in {text!r}")


# Expert infos that nothing legal gets.
SEVERE = ["malformed", "checksum", "not_allowed", "critical", "misplaced", "limit"]


class Transfers(DissectorTest):
    programs = pathlib.Path(".")

    def setUp(self):
        super().setUp()
        self.program = self.programs / "kvferry"
        if not self.program.exists():
            self.skipTest(f"no {self.program}")
        (self.folder / "in").mkdir()

    def check(self, payloads, port, pcap, transport):
        ports = ["-d", f"{transport}.port=={port},kvferry"]
        fields = ["frame.name", "data.chunk", "data.offset", "data.length", "crc.status"]
        rows = field_rows(pcap, ["kvferry." + field for field in fields], *ports)
        names = {name for row in rows for name in row[0]}
        self.assertLessEqual({"HELLO", "REQUEST", "MANIFEST", "PAGE", "DATA", "CONFIRM"}, names)
        self.assertLessEqual(names - set(TYPES), {"reserved (ignored)"})
        covered = {(chunk, offset, length) for row in rows for chunk, offset, length in zip(*row[1:4])}
        self.assertEqual(self.payload_bytes(covered), [len(payload) for payload in payloads])  # FRM-4, STR-2
        self.assertEqual({status for row in rows for status in row[4]}, {"1"})
        wrong = [f"kvferry.expert.{name}" for name in SEVERE]
        wrong += ["_ws.malformed", "_ws.lua.error", "kvferry.unknown_key", "kvferry.wrong_type"]
        self.assertEqual(tshark(pcap, *ports, "-Y", " || ".join(wrong)), "")

    def payload_bytes(self, covered):
        """How many bytes of each chunk there are, each counted once."""
        sizes = {}
        for chunk, offset, length in sorted((tuple(map(int, piece)) for piece in covered)):
            end = sizes.get(chunk, 0)
            self.assertLessEqual(offset, end, f"a gap in chunk {chunk}")
            sizes[chunk] = max(end, offset + length)
        return [sizes[chunk] for chunk in sorted(sizes)]

class RealTransfers(Transfers):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or not shutil.which("dumpcap"):
            self.skipTest("captures need root and dumpcap")
        tried = subprocess.run(["dumpcap", "-i", "lo", "-a", "duration:1", "-w", str(self.folder / "tried.pcapng")],
                               capture_output=True, text=True, timeout=60)
        if tried.returncode:
            self.skipTest("no capture on lo: " + tried.stderr.strip().splitlines()[-1])

    def captured_transfer(self, payloads, *transport):
        """The pcap of one fetch of this card."""
        held = self.folder / "sample.card"
        held.write_bytes(card(payloads))
        pcap = self.folder / "real.pcapng"
        with running(self.program, "serve", held, "--listen", "127.0.0.1:0", "--insecure", *transport) as server:
            address = read_until(server, r"127\.0\.0\.1:(\d+)")
            with running("dumpcap", "-q", "-i", "lo", "-B", "64", "-f", f"port {address[1]}", "-w", pcap) as dumpcap:
                read_until(dumpcap, "File: ")
                fetch = [self.program, "fetch", address[0], "--document", "sample", "--into", self.folder / "in", "--insecure"]
                fetched = subprocess.run([*fetch, *transport], capture_output=True, text=True, timeout=120)
                self.assertEqual(fetched.returncode, 0, fetched.stderr)
                time.sleep(1)  # the kernel hands packets on in blocks
        return pcap, address[1]

    def transports(self):
        help_text = subprocess.run([self.program, "serve", "--help"], capture_output=True, text=True, timeout=60).stdout
        if "--transport" not in help_text:
            return {"tcp": []}
        return {"tcp": ["--transport", "tcp"], "udp": ["--transport", "udp"]}

    def test_a_small_card_and_one_of_two_megabytes_leave_nothing_unnamed(self):
        rng = random.Random(1)
        for transport, arguments in self.transports().items():
            for sizes in ([1, 20, 300], [700000, 16384, 16385, 1, 1200000]):
                with self.subTest(transport=transport, sizes=sizes):
                    payloads = [rng.randbytes(size) for size in sizes]
                    pcap, port = self.captured_transfer(payloads, *arguments)
                    self.check(payloads, port, pcap, transport)
