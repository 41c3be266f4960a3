# SPDX-License-Identifier: MIT
"""UDP sockets around DatagramConnection."""

import random
import select

from .datagram import DatagramConnection
from .edge import Fetch, now_us, seconds_until, server_session
from .packets import (LEAST_FIRST, PACKET, RETRY, UNKNOWN_KINDS, VERSIONS, connection_of, encode_packet, parse_packet,
                      parse_packet_frames)
from .paths import Path, Tokens
from .primitives import PeerError
from .session import Session


def _receive(sock, connections_wait_until):
    """Datagrams that are here, after waiting for the first."""
    select.select([sock], [], [], seconds_until(connections_wait_until))
    for _ in range(64):
        try:
            yield sock.recvfrom(1 << 16)
        except (BlockingIOError, ConnectionRefusedError):
            return


def _send_all(sock, connection):
    while True:
        found = connection.poll(now_us())
        if found is None:
            return
        try:
            sock.sendto(*found)
        except (BlockingIOError, ConnectionRefusedError):
            pass  # as lost


def _tick(connection):
    at = connection.next_timeout()
    if at is not None and at <= now_us():
        connection.handle_timeout(now_us())


class Server:
    """Connections by their id; first datagrams of others as sections 6.5 says."""

    def __init__(self, sock, card, bases=(), faults=frozenset(), seed=0, retry=False, repair=False):
        self.sock = sock
        self.card, self.bases = card, bases
        self.faults = faults
        self.rng = random.Random(seed)
        self.retry, self.repair = retry, repair
        self.tokens = Tokens(self.rng.randbytes(32))
        self.connections = {}

    def handle(self, datagram, address, now):
        connection = self.connections.get(connection_of(datagram))
        if connection is None:
            connection = self._first(datagram, address, now)
        if connection:
            connection.handle_datagram(datagram, address, now)

    def _first(self, datagram, address, now):
        """A new connection, or None; ADR-1, ADR-4, ADR-7."""
        if len(datagram) < LEAST_FIRST and "small-first" not in self.faults:
            return None
        identity = connection_of(datagram)
        if datagram and datagram[0] in UNKNOWN_KINDS:
            self.sock.sendto(encode_packet(identity, None, bytes([PACKET]), VERSIONS), address)
            return None
        try:
            frames = parse_packet(datagram)[2]
        except PeerError:
            return None
        if datagram[0] != PACKET:
            return None
        validated = self._has_token(frames, address, now)
        if self.retry and not validated:
            self.sock.sendto(encode_packet(identity, None, self.tokens.make(address, now), RETRY), address)
            return None
        session = server_session(self.card, self.bases, self.faults, now, True, self.rng.getrandbits(64))
        made = DatagramConnection(session, identity, Path(address, validated), False, repair=self.repair)
        self.connections[identity] = made
        return made

    def _has_token(self, frames, address, now):
        try:
            return any(name == "TOKEN" and self.tokens.holds(body, address, now)
                       for name, _, body in parse_packet_frames(frames))
        except PeerError:
            return False

    def turn(self):
        times = [at for at in (made.next_timeout() for made in self.connections.values()) if at is not None]
        for datagram, address in _receive(self.sock, min(times, default=None)):
            self.handle(datagram, address, now_us())
        for made in self.connections.values():
            _tick(made)
            _send_all(self.sock, made)
        now = now_us()
        gone = [identity for identity, made in self.connections.items()
                if made.gone_at() is not None and made.gone_at() <= now]
        for identity in gone:
            del self.connections[identity]
        return bool(gone)


def serve(sock, card, once=False, **options):
    """Until the first connection has ended (once), or for ever."""
    sock.setblocking(False)
    server = Server(sock, card, **options)
    while not server.turn() or not once:
        pass


def fetch(sock, address, document, path, seed=0, **options):
    """None, or why there is no card at path. The address is one that recvfrom would give."""
    sock.setblocking(False)
    session = Session(True, now_us(), seed=seed, datagrams=True)
    job = Fetch(session, document, path, now_us(), **options)
    connection = DatagramConnection(session, random.Random(seed).randbytes(8), Path(address, True), True)
    _send_all(sock, connection)
    while session.state != "closed":
        for datagram, sender in _receive(sock, connection.next_timeout()):
            connection.handle_datagram(datagram, sender, now_us())
        _tick(connection)
        job.handle_events()
        _send_all(sock, connection)
    return job.failure
