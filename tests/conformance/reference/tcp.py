# SPDX-License-Identifier: MIT
"""TCP sockets around StreamConnection."""

import selectors
import socket

from .edge import Keeper, now_us, seconds_until, server_session
from .session import Session
from .stream import StreamConnection


class Peer:
    """A socket that does not block, its connection, what is still to be written, and who handles events."""

    def __init__(self, sock, connection, job):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.connection = connection
        self.job = job
        self.unsent = b""
        self.done = False

    def read(self):
        try:
            data = self.sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.connection.handle_bytes(data, now_us())
        else:
            self.connection.handle_end()

    def write(self):
        """Until the socket takes no more; done once nothing is left to be said."""
        try:
            while True:
                self.unsent = self.unsent or self.connection.poll(now_us())
                if not self.unsent:
                    break
                self.unsent = self.unsent[self.sock.send(self.unsent):]
        except BlockingIOError:
            return
        except OSError:
            self.connection.handle_end()
        self.done = self.connection.session.state == "closed"

    def tick(self):
        at = self.connection.next_timeout()
        if at is not None and at <= now_us():
            self.connection.handle_timeout(now_us())
        self.job.handle_events(now_us())

    def close(self):
        """Reads what still comes, for a moment: a reset would take what was written from the peer."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(0.2)
            while self.sock.recv(1 << 16):
                pass
        except OSError:
            pass
        self.sock.close()


def _turn(selector, peers, listener=None):
    """Waits for sockets and timers once; the sockets that can be accepted from."""
    for peer in peers:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.unsent else 0)
        selector.modify(peer.sock, events, peer)
    times = [at for at in (peer.connection.next_timeout() for peer in peers) if at is not None]
    ready = selector.select(seconds_until(min(times, default=None)))
    for key, events in ready:
        if key.data and events & selectors.EVENT_READ:
            key.data.read()
    for peer in peers:
        peer.tick()
        peer.write()
    return any(key.fileobj is listener for key, _ in ready)


def serve(listener, card, bases=(), faults=frozenset(), once=False, seed=0, into=None):
    """Until the first connection has ended (once), or for ever."""
    selector, peers = selectors.DefaultSelector(), []
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ)
    while True:
        if _turn(selector, peers, listener):
            seed += 1
            sock = listener.accept()[0]
            session = server_session(card, bases, faults, now_us(), False, seed, into)
            peers.append(Peer(sock, StreamConnection(session), Keeper(session, into)))
            selector.register(sock, selectors.EVENT_READ, peers[-1])
            peers[-1].write()
        for peer in [peer for peer in peers if peer.done]:
            selector.unregister(peer.sock)
            peers.remove(peer)
            peer.close()
            if once:
                return


def run(address, job, *what, seed=0, **options):
    """A client's connection with a Fetch or a Push; what is wrong, or None."""
    sock = socket.create_connection(address, timeout=10)
    session = Session(True, now_us(), seed=seed)
    peer = Peer(sock, StreamConnection(session), job(session, now_us(), *what, **options))
    selector = selectors.DefaultSelector()
    selector.register(sock, selectors.EVENT_READ, peer)
    peer.write()
    while not peer.done:
        _turn(selector, [peer])
    peer.close()
    return peer.job.failure
