# SPDX-License-Identifier: MIT
"""Transfers over real sockets: with oneself, and with the C++ program that KVFERRY=PATH names."""

import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from reference import tcp, udp  # noqa: E402
from reference.card import make_card, write_card  # noqa: E402
from reference.edge import Fetch, Push, address_of  # noqa: E402


class Lossy:
    """A socket that loses a share of what it sends and of what it gets."""

    def __init__(self, loss, seed):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.loss, self.rng = loss, random.Random(seed)

    def sendto(self, data, address):
        return len(data) if self.rng.random() < self.loss else self.sock.sendto(data, address)

    def recvfrom(self, size):
        while True:
            found = self.sock.recvfrom(size)
            if self.rng.random() >= self.loss:
                return found

    def __getattr__(self, name):
        return getattr(self.sock, name)


class Transfers(unittest.TestCase):
    card = make_card([200_000] * 7 + [100] * 200)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.into = self.folder / "notes.card"

    def assert_here(self, failure, path):
        self.assertIsNone(failure)
        self.assertEqual(path.read_bytes(), write_card(self.card))

    def serving(self, serve, sock, *card, **options):
        server = threading.Thread(target=serve, args=(sock, *card), kwargs={"once": True, **options}, daemon=True)
        server.start()
        return server

    def ended(self, server):
        server.join(20)
        self.assertFalse(server.is_alive())

    def lossy(self, loss, *seeds):
        for seed in seeds:
            made = Lossy(loss, seed)
            self.addCleanup(made.sock.close)
            yield made


class WithOneself(Transfers):
    def test_over_tcp(self):  # STR-2, TRF-16, CRD-2
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = self.serving(tcp.serve, listener, self.card)
            self.assert_here(tcp.run(listener.getsockname(), Fetch, "notes", self.into), self.into)
            self.ended(server)

    def test_pushes_over_tcp(self):  # TRF-21
        for eager in (False, True):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                server = self.serving(tcp.serve, listener, None, into=self.folder)
                failure = tcp.run(listener.getsockname(), Push, self.card, "notes", eager=eager)
                self.ended(server)
            here = self.folder / f"{self.card.digest.hex()}.card"
            self.assert_here(failure, here)
            here.unlink()

    def test_what_is_not_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = self.serving(tcp.serve, listener, self.card)
            self.assertEqual(tcp.run(listener.getsockname(), Push, self.card, "notes", eager=True), "nothing is taken here")
            self.ended(server)

    def over_udp(self, loss, **options):
        ours, theirs = self.lossy(loss, 1, 2)
        server = self.serving(udp.serve, ours, self.card, **options)
        self.assert_here(udp.run(theirs, ours.getsockname(), Fetch, "notes", self.into, seed=3), self.into)
        self.ended(server)

    def test_over_udp(self):  # PKT-1, ACK-1, LOS-1
        self.over_udp(0)

    def test_over_udp_that_loses(self):  # PKT-3, LOS-1, CNG-1
        self.over_udp(0.05)

    def test_over_udp_with_retry_and_repair(self):  # ADR-4, RPR-2
        self.over_udp(0.05, retry=True, repair=True)

    def test_pushes_over_udp_that_loses(self):  # TRF-21
        for eager in (False, True):
            ours, theirs = self.lossy(0.05, 1, 2)
            server = self.serving(udp.serve, ours, None, into=self.folder)
            failure = udp.run(theirs, ours.getsockname(), Push, self.card, "notes", eager=eager, seed=3)
            self.ended(server)
            here = self.folder / f"{self.card.digest.hex()}.card"
            self.assert_here(failure, here)
            here.unlink()


class WithTheOther(Transfers):
    """Transfers with the C++ program."""

    kvferry = os.environ.get("KVFERRY")

    def setUp(self):
        if not self.kvferry or not os.access(self.kvferry, os.X_OK):
            self.skipTest(f"KVFERRY names no program: {self.kvferry}")
        super().setUp()
        self.into.write_bytes(write_card(self.card))

    def needs_udp(self):
        for command in ("serve", "fetch"):
            said = subprocess.run([self.kvferry, command, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
            if "--transport" not in said:
                self.skipTest(f"{self.kvferry} does not speak UDP yet")

    def served_by_it(self, *options):
        """The address that it listens on."""
        server = subprocess.Popen([self.kvferry, "serve", str(self.into), "--listen", "127.0.0.1:0", "--insecure", *options],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for end in (server.stdout.close, server.wait, server.terminate):
            self.addCleanup(end)
        for line in server.stdout:
            if line.startswith("listening on "):
                return address_of(line.split()[2])
        self.fail("it does not listen")

    def fetched_by_it(self, address, *options):
        folder = self.folder / "fetched"
        folder.mkdir()
        subprocess.run([self.kvferry, "fetch", "%s:%d" % address[:2], "--document", "notes", "--into", str(folder),
                        "--insecure", *options], check=True, timeout=60, stdout=subprocess.DEVNULL)
        self.assert_here(None, folder / f"{self.card.digest.hex()}.card")

    def test_fetches_from_it_over_tcp(self):
        copy = self.folder / "copy.card"
        self.assert_here(tcp.run(self.served_by_it(), Fetch, "notes", copy), copy)

    def test_gives_to_it_over_tcp(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = self.serving(tcp.serve, listener, self.card)
            self.fetched_by_it(listener.getsockname())
            self.ended(server)

    def test_fetches_from_it_over_udp(self):
        self.needs_udp()
        for loss in (0, 0.05):
            copy, (ours,) = self.folder / f"copy-{loss}.card", self.lossy(loss, 1)
            self.assert_here(udp.run(ours, self.served_by_it("--transport", "udp"), Fetch, "notes", copy, seed=3), copy)

    def test_gives_to_it_over_udp(self):
        self.needs_udp()
        self.give_over_udp(0)

    def test_gives_to_it_over_udp_that_loses(self):
        self.needs_udp()
        self.give_over_udp(0.05, repair=True)

    def give_over_udp(self, loss, **options):
        (ours,) = self.lossy(loss, 1)
        server = self.serving(udp.serve, ours, self.card, **options)
        self.fetched_by_it(ours.getsockname(), "--transport", "udp")
        self.ended(server)


if __name__ == "__main__":
    unittest.main()
