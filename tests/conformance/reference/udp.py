# SPDX-License-Identifier: MIT
"""UDP sockets around DatagramConnection."""

import errno
import random
import select
import socket
import sys

from .datagram import DatagramConnection
from .edge import Keeper, now_us, seconds_until, server_session
from .packets import (LEAST_FIRST, PACKET, RETRY, UNKNOWN_KINDS, VERSIONS, connection_of, encode_packet, parse_body,
                      parse_packet, parse_packet_frames)
from .paths import Path, Tokens
from .primitives import PeerError
from .session import Session


IP_MTU_DISCOVER, IP_PMTUDISC_PROBE = 10, 3  # of <linux/in.h>; the module socket has no names for them


def receive(sock, connections_wait_until):
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
        except OSError as error:
            if error.errno != errno.EMSGSIZE:  # a search for the greatest size went beyond it
                raise


def not_in_fragments(sock):
    """MTU-1: a datagram that is too large does not arrive, instead of arriving in parts."""
    if sock.family == socket.AF_INET and sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)


def _tick(connection):
    at = connection.next_timeout()
    if at is not None and at <= now_us():
        connection.handle_timeout(now_us())


class Server:
    """Connections by their id; first datagrams of others as sections 6.5 says."""

    def __init__(self, sock, card, bases=(), faults=frozenset(), seed=0, retry=False, repair=False, into=None):
        self.sock = sock
        self.into = into
        self.card, self.bases = card, bases
        self.faults = faults
        self.rng = random.Random(seed)
        self.retry, self.repair = retry, repair
        self.tokens = Tokens(self.rng.randbytes(32))
        self.connections, self.jobs = {}, {}

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
        if datagram[0] != PACKET or not self._begins(frames):
            return None
        validated = self._has_token(frames, address, now)
        if self.retry and not validated:
            self.sock.sendto(encode_packet(identity, None, self.tokens.make(address, now), RETRY), address)
            return None
        session = server_session(self.card, self.bases, self.faults, now, True, self.rng.getrandbits(64), self.into)
        made = DatagramConnection(session, identity, Path(address, validated), False, repair=self.repair)
        self.connections[identity], self.jobs[identity] = made, Keeper(session, self.into)
        return made

    @staticmethod
    def _begins(frames):
        """Whether the control stream begins here; frames that do not parse are for the connection to refuse."""
        try:
            return any(name == "CONTROL" and parse_body(name, body)[0] == 0 for name, _, body in parse_packet_frames(frames))
        except PeerError:
            return True

    def _has_token(self, frames, address, now):
        try:
            return any(name == "TOKEN" and self.tokens.holds(body, address, now)
                       for name, _, body in parse_packet_frames(frames))
        except PeerError:
            return False

    def turn(self):
        times = [at for at in (made.next_timeout() for made in self.connections.values()) if at is not None]
        for datagram, address in receive(self.sock, min(times, default=None)):
            self.handle(datagram, address, now_us())
        for identity, made in self.connections.items():
            _tick(made)
            self.jobs[identity].handle_events(now_us())
            _send_all(self.sock, made)
        now = now_us()
        gone = [identity for identity, made in self.connections.items()
                if made.gone_at() is not None and made.gone_at() <= now]
        for identity in gone:
            del self.connections[identity], self.jobs[identity]
        return bool(gone)


def serve(sock, card, once=False, **options):
    """Until the first connection has ended (once), or for ever."""
    sock.setblocking(False)
    server = Server(sock, card, **options)
    while not server.turn() or not once:
        pass


def run(sock, address, job, *what, seed=0, **options):
    """As tcp.run. The address is one that recvfrom would give."""
    sock.setblocking(False)
    session = Session(True, now_us(), seed=seed, datagrams=True)
    job = job(session, now_us(), *what, **options)
    connection = DatagramConnection(session, random.Random(seed).randbytes(8), Path(address, True), True)
    _send_all(sock, connection)
    while session.state != "closed":
        for datagram, sender in receive(sock, connection.next_timeout()):
            connection.handle_datagram(datagram, sender, now_us())
        _tick(connection)
        job.handle_events(now_us())
        _send_all(sock, connection)
    return job.failure
