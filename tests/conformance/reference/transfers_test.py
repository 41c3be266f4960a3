# SPDX-License-Identifier: MIT
"""Transfers over real sockets: with oneself, and with the C++ program that KVFERRY=PATH names."""

import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from reference import tcp, udp  # noqa: E402
from reference.edge import Fetch, Push  # noqa: E402
from reference.sockets import Transfers, WithTheProgram  # noqa: E402


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


class WithTheOther(WithTheProgram):
    def test_fetches_from_it_over_tcp(self):
        copy = self.folder / "copy.card"
        self.assert_here(tcp.run(self.served_by_it("--insecure"), Fetch, "notes", copy), copy)

    def test_gives_to_it_over_tcp(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = self.serving(tcp.serve, listener, self.card)
            self.fetched_by_it(listener.getsockname(), "--insecure")
            self.ended(server)

    def test_fetches_from_it_over_udp(self):
        for loss in (0, 0.05):
            copy, (ours,) = self.folder / f"copy-{loss}.card", self.lossy(loss, 1)
            address = self.served_by_it("--insecure", "--transport", "udp")
            self.assert_here(udp.run(ours, address, Fetch, "notes", copy, seed=3), copy)

    def test_gives_to_it_over_udp(self):
        self.give_over_udp(0)

    def test_gives_to_it_over_udp_that_loses(self):
        self.give_over_udp(0.05, repair=True)

    def give_over_udp(self, loss, **options):
        (ours,) = self.lossy(loss, 1)
        server = self.serving(udp.serve, ours, self.card, **options)
        self.fetched_by_it(ours.getsockname(), "--insecure", "--transport", "udp")
        self.ended(server)


if __name__ == "__main__":
    unittest.main()
