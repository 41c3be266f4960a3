# SPDX-License-Identifier: MIT
"""What the programs capture themselves, by --pcap: both sides, every transport."""

import random
import subprocess
import time

from capture import field_rows, tshark
from wire_bytes import card
from wireshark_transfers import Transfers, read_until, running

PAYLOADS = [700000, 16384, 16385, 1, 600000]


class OwnCaptures(Transfers):
    def setUp(self):
        super().setUp()
        self.payloads = [random.Random(1).randbytes(size) for size in PAYLOADS]
        self.card = self.folder / "sample.card"
        self.card.write_bytes(card(self.payloads))

    def key(self, name):
        made = subprocess.run([self.program, "keygen", self.folder / name], capture_output=True, text=True, check=True, timeout=60)
        return made.stdout.strip()

    def sides(self, transport):
        """Options of the server and of the client."""
        if transport in ("tcp", "udp"):
            return (["--transport", transport, "--insecure"],) * 2
        server, client = self.key(f"server-{transport}"), self.key(f"client-{transport}")
        return (["--transport", transport, "--key", self.folder / f"server-{transport}", "--peer-key", client],
                ["--transport", transport, "--key", self.folder / f"client-{transport}", "--peer-key", server])

    def captured(self, transport, host="127.0.0.1"):
        """The captures of the server and of the client, and the port."""
        server_side, client_side = self.sides(transport)
        pcaps = [self.folder / f"{transport}-{side}.pcap" for side in ("server", "client")]
        serve = ["serve", self.card, "--listen", f"{host}:0", "--pcap", pcaps[0], *server_side]
        with running(self.program, *serve) as server:
            address = read_until(server, r"listening on (\S+:(\d+))")
            fetch = ["fetch", address[1], "--document", "sample", "--into", self.folder / "in", "--pcap", pcaps[1]]
            fetched = subprocess.run([self.program, *fetch, *client_side], capture_output=True, text=True, timeout=120)
            self.assertEqual(fetched.returncode, 0, fetched.stderr)
        for came in (self.folder / "in").iterdir():
            came.unlink()
        return pcaps, address[2]

    def test_every_frame_is_named_and_nothing_is_malformed(self):
        for transport, below in {"tcp": "tcp", "tls": "tcp", "udp": "udp"}.items():
            pcaps, port = self.captured(transport)
            for pcap in pcaps:
                with self.subTest(pcap=pcap.name):
                    self.check(self.payloads, port, pcap, below)
                    checked = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
                    wrong = "ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || tcp.analysis.flags"
                    self.assertEqual(tshark(pcap, *checked, "-Y", wrong), "")

    def test_version_6_of_ip_too(self):
        for transport, below in {"tcp": "tcp", "udp": "udp"}.items():
            pcaps, port = self.captured(transport, "[::1]")
            for pcap in pcaps:
                with self.subTest(pcap=pcap.name):
                    self.check(self.payloads, port, pcap, below)

    def test_of_quic_every_datagram_is_there_as_it_is(self):
        pcaps, port = self.captured("quic")
        for pcap in pcaps:
            with self.subTest(pcap=pcap.name):
                rows = field_rows(pcap, ["quic", "frame.len"], "-d", f"udp.port=={port},quic")
                self.assertTrue(all(row[0] for row in rows))
                self.assertGreater(sum(int(row[1][0]) for row in rows), sum(PAYLOADS))
                self.assertEqual(tshark(pcap, "-d", f"udp.port=={port},quic", "-Y", "_ws.malformed"), "")

    def test_a_killed_program_leaves_one_that_can_be_read(self):
        pcap = self.folder / "killed.pcap"
        self.card.write_bytes(card([random.Random(2).randbytes(4_000_000)] * 5))
        serve = ["serve", self.card, "--listen", "127.0.0.1:0", "--insecure", "--pcap", pcap]
        with running(self.program, *serve) as server:
            address = read_until(server, r"127\.0\.0\.1:(\d+)")
            fetch = [self.program, "fetch", address[0], "--document", "sample", "--into", self.folder / "in", "--insecure"]
            with running(*fetch):
                while pcap.stat().st_size < 100_000:
                    time.sleep(0.001)
                server.kill()
        rows = field_rows(pcap, ["kvferry.frame.name"], "-d", f"tcp.port=={address[1]},kvferry", may_be_cut=True)
        self.assertIn("HELLO", {name for row in rows for name in row[0]})
