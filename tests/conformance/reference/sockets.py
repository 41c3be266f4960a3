# SPDX-License-Identifier: MIT
"""For tests of transfers over real sockets: sockets that lose, a folder for cards, and the C++ program that KVFERRY=PATH names."""

import os
import pathlib
import random
import socket
import subprocess
import tempfile
import threading
import unittest

from .card import make_card, write_card
from .edge import address_of


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
        """A thread; what serve returned is in its attribute result."""
        def work():
            server.result = serve(sock, *card, once=True, **options)
        server = threading.Thread(target=work, daemon=True)
        server.start()
        return server

    def ended(self, server):
        server.join(40)  # its idle timeout, when the last packets are lost
        self.assertFalse(server.is_alive())

    def lossy(self, loss, *seeds):
        for seed in seeds:
            made = Lossy(loss, seed)
            self.addCleanup(made.sock.close)
            yield made


class WithTheProgram(Transfers):
    """Transfers with the C++ program."""

    kvferry = os.environ.get("KVFERRY")

    def setUp(self):
        if not self.kvferry or not os.access(self.kvferry, os.X_OK):
            self.skipTest(f"KVFERRY names no program: {self.kvferry}")
        super().setUp()
        self.into.write_bytes(write_card(self.card))

    def listening(self, *words):
        """The address that it listens on."""
        server = subprocess.Popen([self.kvferry, *words, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        for end in (server.stdout.close, server.wait, server.terminate):
            self.addCleanup(end)
        for line in server.stdout:
            if line.startswith("listening on "):
                return address_of(line.split()[2])
        self.fail("it does not listen")

    def served_by_it(self, *options):
        return self.listening("serve", str(self.into), *options)

    def said_by_it(self, *words):
        """What it says when it fails, or None."""
        ran = subprocess.run([self.kvferry, *words], timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             text=True, check=False)
        return ran.stderr if ran.returncode else None

    def fetched_by_it(self, address, *options):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        failure = self.said_by_it("fetch", "%s:%d" % address[:2], "--document", "notes", "--into", str(folder), *options)
        self.assert_here(failure, folder / f"{self.card.digest.hex()}.card")
