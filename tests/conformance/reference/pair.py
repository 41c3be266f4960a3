# SPDX-License-Identifier: MIT
"""For tests: a stranger who says anything to a server, and two sides over a virtual link."""

import random

from .datagram import DatagramConnection
from .edge import provider, server_session
from .frames import TYPES, FrameReader, encode_data, encode_frame, parse_data
from .messages import encode_message, parse_message
from .packets import encode_packet, encode_packet_frame, parse_body, parse_packet, parse_packet_frames
from .paths import Path
from .primitives import varint
from .session import LIMITS, Session
from .stream import StreamConnection
from .udp import Server

HELLO = dict(magic="kvferry", versions=[1], features=1, limits=LIMITS, codecs=[], agent="", idle_ms=0)
REQUEST = dict(transfer=0, document="notes", preset="", question=[], held=[])


def message_frame(name, checksum=True, **values):
    return encode_frame(TYPES[name], encode_message(name, **values), checksum)


class Stranger:
    """Talks to one side on a stream by hand."""

    def __init__(self, card, faults=(), bases=(), session=None):
        self.connection = StreamConnection(session or server_session(card, bases, frozenset(faults), 0, False, 1))
        self.reader = FrameReader("stream")
        self.heard = []  # (name, message), or ("DATA", (transfer, chunk, offset, bytes))
        self.now = 0

    def feed(self, data):
        self.connection.handle_bytes(data, self.now)
        return self.listen()

    def listen(self):
        while data := self.connection.poll(self.now):
            for name, _, body in self.reader.feed(data):
                if name:
                    self.heard.append((name, parse_data(body) if name == "DATA" else parse_message(name, body)))
        return self

    def say(self, name, **values):
        return self.feed(message_frame(name, **values))

    def greet(self, **changes):
        return self.say("HELLO", **{**HELLO, **changes})

    def ask(self, **changes):
        return self.say("REQUEST", **{**REQUEST, **changes})

    def give(self, transfer, chunk, offset, data):
        return self.feed(encode_frame(TYPES["DATA"], encode_data(transfer, chunk, offset, data)))

    def wait(self, seconds):
        """Runs the timers that are due."""
        until = self.now + int(seconds * 1e6)
        while (at := self.connection.next_timeout()) is not None and at <= until:
            self.now = max(self.now, at)
            self.connection.handle_timeout(self.now)
            self.listen()
        self.now = until
        return self

    def names(self):
        return [name for name, _ in self.heard]

    def last(self, name):
        return next((message for kind, message in reversed(self.heard) if kind == name), None)

    def chunks(self):
        """Bytes of DATA by chunk."""
        found = {}
        for name, data in self.heard:
            if name == "DATA":
                found[data[1]] = found.get(data[1], 0) + len(data[3])
        return found

    @property
    def code(self):
        return self.connection.session.code


class PacketStranger:
    """The same by datagrams, to a server."""

    def __init__(self, card, faults=(), **options):
        self.server = Server(self, card, faults=frozenset(faults), **options)
        self.sent_bytes = self.heard_bytes = self.offset = self.number = 0
        self.unasked, self.heard, self.numbers = [], [], []
        self.now = 0
        self.id = b"stranger"

    def sendto(self, data, address):
        self.unasked.append(data)

    @property
    def connection(self):
        return self.server.connections.get(self.id)

    @property
    def code(self):
        return self.connection.session.code

    def feed(self, datagram, address="here"):
        self.sent_bytes += len(datagram)
        self.server.handle(datagram, address, self.now)
        return self.listen()

    def listen(self):
        while self.connection and (found := self.connection.poll(self.now)):
            self.heard_bytes += len(found[0])
            _, number, frames = parse_packet(found[0])
            self.numbers.append(number)
            self.heard += [(name, parse_body(name, body), found[1]) for name, _, body in parse_packet_frames(frames)]
        return self

    def frames(self, *frames, size=0, address="here"):
        body = b"".join(encode_packet_frame(name, data) for name, data in frames)
        if size:
            body += encode_packet_frame("PADDING", bytes(size - len(body) - 17))
        self.number += 1
        return self.feed(encode_packet(self.id, self.number - 1, body), address)

    def say(self, *messages, size=0, **options):
        """(name, values) by the control stream."""
        data = b"".join(message_frame(name, False, **values) for name, values in messages)
        self.offset += len(data)
        return self.frames(("CONTROL", varint(self.offset - len(data)) + data), size=size, **options)

    def greet(self, size=1200, **options):
        return self.say(("HELLO", HELLO), ("REQUEST", REQUEST), size=size, **options)

    def wait(self, seconds):
        until = self.now + int(seconds * 1e6)
        for _ in range(10000):
            at = self.connection.next_timeout()
            if at is None or at > until:
                break
            self.now = max(self.now, at)
            self.connection.handle_timeout(self.now)
            self.listen()
        self.now = until
        return self

    def names(self):
        return [name for name, *_ in self.heard]

    def of(self, name):
        return [value for kind, value, _ in self.heard if kind == name]


class Link:
    """A client and a server, bytes or datagrams late by delay_us, a share of datagrams lost."""

    def __init__(self, card, datagrams=False, delay_us=5000, loss=0.0, seed=1, bases=(), settings=None, faults=(),
                 repair=False):
        self.rng = random.Random(seed)
        self.delay_us, self.loss = delay_us, loss
        self.now = 0
        self.most_size = 1 << 16  # of a datagram that comes through
        self.queue = []
        client = Session(True, 0, settings=settings, seed=seed, datagrams=datagrams)
        server = Session(False, 0, provide=provider(card, bases), seed=seed + 1, datagrams=datagrams,
                         faults=frozenset(faults))
        if datagrams:
            self.client = DatagramConnection(client, b"12345678", Path("server", True), True)
            self.server = DatagramConnection(server, b"12345678", Path("client", False), False, repair=repair)
        else:
            self.client, self.server = StreamConnection(client), StreamConnection(server)
        self.datagrams = datagrams

    def run(self, until, most=200_000):
        """Until the condition holds; whether it did."""
        for _ in range(most):
            if until():
                return True
            self._send()
            times = [self.client.next_timeout(), self.server.next_timeout(), self.queue[0][0] if self.queue else None]
            times = [at for at in times if at is not None]
            if not times:
                return until()
            self.now = max(self.now, min(times))
            self._deliver()
            for side in (self.client, self.server):
                if side.next_timeout() is not None and side.next_timeout() <= self.now:
                    side.handle_timeout(self.now)
        return False

    def _send(self):
        for side, other, name in ((self.client, self.server, "client"), (self.server, self.client, "server")):
            while sent := side.poll(self.now):
                if not self.datagrams or (self.rng.random() >= self.loss and len(sent[0]) <= self.most_size):
                    self.queue.append((self.now + self.delay_us, other, sent, name))

    def _deliver(self):
        while self.queue and self.queue[0][0] <= self.now:
            _, other, sent, name = self.queue.pop(0)
            if self.datagrams:
                other.handle_datagram(sent[0], name, self.now)
            else:
                other.handle_bytes(sent, self.now)
