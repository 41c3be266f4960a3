# SPDX-License-Identifier: MIT
"""Section 5.2 over aioquic: with oneself, and with the C++ program that KVFERRY=PATH names."""

import logging
import pathlib
import select
import socket
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
    from reference import quic  # noqa: E402
except ImportError as error:
    print(f"skipped: {error}; tests/python-environment installs what tests/requirements.txt names")
    sys.exit(77)
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from reference.card import make_card, write_card  # noqa: E402
from reference.edge import Client, Fetch, Push  # noqa: E402
from reference.frames import encode_frame  # noqa: E402
from reference.identity import make_identity  # noqa: E402
from reference.sockets import Lossy, Transfers, WithTheProgram  # noqa: E402

SMALL_WINDOW = 48 << 10  # three of our frames: the source has to go to other streams


class Wanderer(Lossy):
    """A socket that has another port after every so many datagrams; what comes to the old one is lost."""

    def __init__(self, every, loss=0, seed=1):
        super().__init__(loss, seed)
        self.every, self.sent, self.moved = every, 0, 0

    def sendto(self, data, address):
        self.sent += 1
        if self.sent % self.every == 0:
            self.sock.close()
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind(("127.0.0.1", 0))
            self.sock.setblocking(False)
            self.moved += 1
        return super().sendto(data, address)


class Relay:
    """Stands before a server: loses, and moves to another port towards it, as address translators do."""

    def __init__(self, server, every, loss=0.0, seed=1):
        self.front = Lossy(loss, seed)
        self.back = Wanderer(every)
        self.front.setblocking(False)
        self.back.setblocking(False)
        self.server, self.client = server, None
        self.done = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.done:
            select.select([self.front, self.back], [], [], 0.05)
            for data, self.client in self._here(self.front):
                self.back.sendto(data, self.server)
            for data, _ in self._here(self.back):
                self.front.sendto(data, self.client)

    @staticmethod
    def _here(sock):
        try:
            yield sock.recvfrom(1 << 16)
        except BlockingIOError:
            return

    def close(self):
        self.done = True
        self.thread.join()
        self.front.sock.close()
        self.back.sock.close()


class Identities:
    ours, theirs, stranger = make_identity(), make_identity(), make_identity()

    def connecting(self, sock, address, *what, identity=None, **options):
        return quic.connect(sock, address, identity or self.ours, self.theirs.public, *what, seed=3, **options)

    def answering(self, sock, card, **options):
        return self.serving(quic.serve, sock, card, identity=self.ours, peer_key=self.theirs.public, **options)

    def assert_nothing_was_said(self, peer):
        self.assertEqual((peer.said_bytes, peer.heard_bytes), (0, 0))
        self.assertEqual(peer.session.code, 9)


class WithOneself(Identities, Transfers):
    def between(self, *what, loss=0, card=None, window=quic.WINDOW, identity=None, **options):
        """The peers, client first."""
        ours, theirs = self.lossy(loss, 1, 2)
        server = self.serving(quic.serve, ours, card, identity=self.theirs, peer_key=self.ours.public, **options)
        client = self.connecting(theirs, ours.getsockname(), *what, window=window, identity=identity)
        self.ended(server)
        return client, server.result

    def test_fetches(self):
        for loss, window, retry in ((0, quic.WINDOW, False), (0.05, quic.WINDOW, True), (0.05, SMALL_WINDOW, False)):
            client, _ = self.between(Fetch, "notes", self.into, loss=loss, card=self.card, window=window, retry=retry)
            self.assert_here(client.job.failure, self.into)

    def test_pushes(self):  # TRF-21
        here = self.folder / f"{self.card.digest.hex()}.card"
        for eager in (False, True):
            client, _ = self.between(lambda session, now, eager=eager: Push(session, now, self.card, "notes", eager=eager),
                                     into=self.folder)
            self.assert_here(client.job.failure, here)
            here.unlink()

    def test_strangers_hear_nothing(self):  # STR-6
        nobody = type("Nobody", (), {"certificate": None, "key": None})()
        for identity in (self.stranger, make_identity(ec.generate_private_key(ec.SECP256R1())), nobody):
            for peer in self.between(Fetch, "notes", self.into, card=self.card, identity=identity):
                self.assert_nothing_was_said(peer)


class Layered(Identities):
    """With a card whose refinements are lost and skipped, and its base is not."""

    layers = make_card([3_000] * 120, blocks=10)

    def assert_base_is_here(self, receiver):
        here = {chunk for chunk, data in receiver.payloads.items() if data == self.layers.payloads[chunk]}
        self.assertEqual(here, set(receiver.payloads))
        self.assertLessEqual(set(range(10)), here)
        self.assertEqual(len(receiver.status), 120)
        self.assertLess(len(here), 120)


class DroppingWithOneself(Layered, Transfers):
    def test_refinements_are_dropped(self):  # SMS-11
        ours, theirs = self.lossy(0.03, 1, 2)
        server = self.serving(quic.serve, ours, self.layers, identity=self.theirs, peer_key=self.ours.public)
        client = self.connecting(theirs, ours.getsockname(), Fetch, "notes", self.into, droppable_from=1)
        self.ended(server)
        self.assertGreater(client.datagrams_heard, 50)
        self.assert_base_is_here(client.job.receiver)


class WithTheOther(Layered, WithTheProgram):
    def setUp(self):
        super().setUp()
        self.key = self.folder / "it.pem"
        self.key.write_bytes(self.theirs.pem)
        self.key.chmod(0o600)
        self.words = ("--transport", "quic", "--key", str(self.key), "--peer-key", self.ours.public)
        self.copy = self.folder / "copy.card"

    def fetching(self, sock, **options):
        return self.connecting(sock, self.served_by_it(*self.words), Fetch, "notes", self.copy, **options)

    def test_fetches_from_it(self):
        for loss, window in ((0, quic.WINDOW), (0.05, quic.WINDOW), (0, SMALL_WINDOW), (0.05, SMALL_WINDOW)):
            with self.subTest(loss=loss, window=window):
                (sock,) = self.lossy(loss, 1)
                peer = self.fetching(sock, window=window)
                self.assert_here(peer.job.failure, self.copy)
                self.assertGreater(len(peer.connection.data), 1)
                self.copy.unlink()

    def test_gives_to_it(self):
        for loss, retry in ((0, False), (0.05, False), (0, True)):
            with self.subTest(loss=loss, retry=retry):
                (sock,) = self.lossy(loss, 1)
                server = self.answering(sock, self.card, retry=retry)
                self.fetched_by_it(sock.getsockname(), *self.words)
                self.ended(server)
                self.assertEqual(server.result.session.code, 0)
                self.assertGreater(len(server.result.connection.after), 1)

    def test_pushes_to_it(self):  # TRF-21
        for eager in (False, True):
            folder = self.folder / f"eager-{eager}"
            folder.mkdir()
            address = self.listening("receive", "--into", str(folder), *self.words)
            (sock,) = self.lossy(0.05, 1)
            peer = self.connecting(sock, address, Push, self.card, "notes", eager=eager)
            self.assert_here(peer.job.failure, folder / f"{self.card.digest.hex()}.card")

    def test_takes_from_it(self):
        (sock,) = self.lossy(0.05, 1)
        server = self.answering(sock, None, into=self.folder)
        failure = self.said_by_it("send", str(self.into), "%s:%d" % sock.getsockname(), *self.words)
        self.ended(server)
        self.assert_here(failure, self.folder / f"{self.card.digest.hex()}.card")

    def test_renews_keys(self):  # RFC 9001, section 6
        for loss in (0, 0.05):
            renewed = []

            def renew(peer, renewed=renewed):
                if peer.heard_bytes > 100_000 and not renewed:
                    renewed.append(peer.quic.request_key_update())
                    peer.quic.send_ping(0)  # again until it is answered: aioquic reads nothing before
            (sock,) = self.lossy(loss, 1)
            self.assert_here(self.fetching(sock, each_turn=renew).job.failure, self.copy)
            self.copy.unlink()
            self.assertTrue(renewed)

    def test_moves_with_another_connection_id(self):  # RFC 9000, section 9
        sock = Wanderer(every=6)

        def follow(peer, seen=[0]):
            if sock.moved > seen[0]:
                seen[0] = sock.moved
                peer.quic.change_connection_id()
        self.assert_here(self.fetching(sock, each_turn=follow).job.failure, self.copy)
        sock.close()
        self.assertGreater(sock.moved, 1)

    def test_moves_without_knowing(self):
        sock = Wanderer(every=6)
        self.assert_here(self.fetching(sock).job.failure, self.copy)
        sock.close()
        self.assertGreater(sock.moved, 1)

    def test_follows_it_from_port_to_port(self):
        for loss in (0, 0.02):
            (sock,) = self.lossy(0, 1)
            server = self.answering(sock, self.card)
            relay = Relay(sock.getsockname(), 60, loss)
            self.addCleanup(relay.close)
            self.fetched_by_it(relay.front.getsockname(), *self.words)
            self.ended(server)
            self.assertGreater(relay.back.moved, 1)

    def test_drops_refinements_of_its(self):  # SMS-8, SMS-11
        self.into.write_bytes(write_card(self.layers))
        (sock,) = self.lossy(0.03, 1)
        peer = self.fetching(sock, droppable_from=1)
        self.assertGreater(peer.datagrams_heard, 50)
        self.assert_base_is_here(peer.job.receiver)

    def test_it_drops_refinements_of_ours(self):  # SMS-9, SMS-11
        (sock,) = self.lossy(0.03, 1)
        server = self.answering(sock, self.layers)
        failure = self.said_by_it("fetch", "%s:%d" % sock.getsockname(), "--document", "notes", "--into", str(self.folder),
                                  "--droppable", "1", *self.words)
        self.assertIsNone(failure)
        self.ended(server)
        self.assertGreater(server.result.datagrams_said, 50)
        self.assertTrue((self.folder / f"{self.layers.digest.hex()}.card.part").exists())

    def test_strangers_hear_nothing_of_it(self):  # STR-6, 5.2
        nobody = type("Nobody", (), {"certificate": None, "key": None})()
        for identity in (self.stranger, make_identity(ec.generate_private_key(ec.SECP256R1())), nobody):
            (sock,) = self.lossy(0, 1)
            self.assert_nothing_was_said(self.fetching(sock, identity=identity))

    def test_it_says_nothing_to_strangers(self):
        for identity, peer_key, said in ((self.stranger, self.theirs.public, "is not among the trusted ones"),
                                         (self.ours, self.stranger.public, "the peer refuses the handshake")):
            (sock,) = self.lossy(0, 1)
            server = self.serving(quic.serve, sock, self.card, identity=identity, peer_key=peer_key)
            failure = self.said_by_it("fetch", "%s:%d" % sock.getsockname(), "--document", "notes", *self.words)
            self.assertIn(said, failure)
            self.ended(server)
            self.assert_nothing_was_said(server.result)

    def test_it_says_nothing_to_a_server_that_does_not_ask_who_it_is(self):  # STR-6
        (sock,) = self.lossy(0, 1)
        server = self.answering(sock, self.card, asks=False)
        failure = self.said_by_it("fetch", "%s:%d" % sock.getsockname(), "--document", "notes", *self.words)
        self.assertIn("the server does not ask who this is", failure)
        self.ended(server)
        self.assertEqual(server.result.heard_bytes, 0)

    def test_what_it_ends_a_connection_with(self):  # SMS-7, FRM-1, TRF-3
        def reset(peer):
            peer.quic.reset_stream(2, 0)

        def critical(peer):
            peer.quic.send_stream_data(2, encode_frame(0x45, b"x"))

        def message(peer):
            peer.quic.send_stream_data(2, encode_frame(0x1D, b"\x81\x00\x01"))

        def end(peer):
            peer.quic.send_stream_data(0, b"", end_stream=True)
            peer.fill = lambda: None
        for spoil, code in ((reset, 10), (end, 10), (critical, 5), (message, 5)):
            with self.subTest(spoil.__name__):
                def once(peer, spoilt=[]):
                    if peer.session.peer and not spoilt:
                        spoilt.append(spoil(peer))
                (sock,) = self.lossy(0, 1)
                address = self.served_by_it(*self.words)
                peer = self.connecting(sock, address, lambda session, now: Client(session), each_turn=once)
                self.assertEqual(peer.session.code, code)


if __name__ == "__main__":
    logging.getLogger("quic").setLevel(logging.CRITICAL)  # strangers are no news here
    unittest.main()
