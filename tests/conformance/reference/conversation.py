# SPDX-License-Identifier: MIT
"""Conversation vectors: one side under test is fed what came, and must say what was said, in the same order."""

from itertools import groupby

from .card import read_card
from .datagram import DatagramConnection
from .edge import provider
from .frames import FrameReader, encode_frame, parse_data
from .messages import parse_message
from .packets import (PACKET, RETRY, VERSIONS, connection_of, encode_ack, encode_packet, parse_ack, parse_control,
                      parse_packet, parse_packet_frames)
from .paths import Path
from .primitives import PeerError
from .ranges import Reassembly
from .session import Session
from .stream import StreamConnection
from .udp import Server

IGNORED = {None, "PING", "PONG", "PROGRESS", "CREDIT"}
TELLING = {"REQUEST": ("transfer", "document", "card", "held", "partial")}  # of others, all but reasons
WHERE = "peer"
GRACE_US = 200_000  # after the last line: what is paced may still go


class Said:
    """What was sent, as comparable items: messages, DATA joined where it goes on, RESPONSE, kinds of datagrams."""

    def __init__(self, binding):
        self.items = []
        self.datagrams = binding == "datagram"
        self.reader = FrameReader("control" if self.datagrams else "stream")
        self.control = Reassembly(1 << 30)

    def add(self, data):
        if not self.datagrams:
            self._frames(data)
        elif data[0] in (RETRY, VERSIONS):
            self.items.append(("RETRY",) if data[0] == RETRY else ("VERSIONS", parse_packet(data)[2]))
        else:
            for name, _, body in parse_packet_frames(parse_packet(data)[2]):
                self._packet_frame(name, body)

    def _frames(self, data):
        for name, _, body in self.reader.feed(data):
            if name == "DATA":
                self.add_data(*parse_data(body))
            elif name not in IGNORED:
                self._message(name, body)

    def _packet_frame(self, name, body):
        if name == "CONTROL":
            self.control.add(*parse_control(body))
            self._frames(self.control.take())
        elif name == "DATA":
            self.add_data(*parse_data(body))
        elif name == "CLOSE":
            self._message(name, body)
        elif name == "RESPONSE":
            self.items.append((name, body))

    def _message(self, name, body):
        message = parse_message(name, body)
        message = {key: value for key, value in message.items()
                   if key not in ("unknown", "reason" if name != "SKIP" else "") and value
                   and key in TELLING.get(name, message)}
        self.items.append(("ERROR" if name == "CLOSE" else name, {} if name == "HELLO" else message))

    def add_data(self, transfer, chunk, offset, data):
        last = self.items[-1] if self.items else None
        if last and last[0] == "DATA" and last[1:3] == (transfer, chunk) and last[3] + len(last[4]) == offset:
            self.items[-1] = (*last[:4], last[4] + data)
        else:
            self.items.append(("DATA", transfer, chunk, offset, data))


class StreamSide:
    def __init__(self, session):
        self.connection = StreamConnection(session)

    @property
    def session(self):
        return self.connection.session

    def handle(self, data, now):
        self.connection.handle_bytes(data, now)

    def end(self):
        self.connection.handle_end()

    def drain(self, now):
        while data := self.connection.poll(now):
            yield data


class DatagramSide:
    """A client has its connection from the start, a server from the first datagram on."""

    def __init__(self, connection, server, tolerant):
        self.connection = connection
        self.server = server
        self.tolerant = tolerant
        self.unasked = []  # RETRY and VERSIONS

    def sendto(self, data, address):
        self.unasked.append(data)

    @property
    def session(self):
        return self.connection.session if self.connection else None

    def handle(self, data, now):
        if self.server:
            self.server.handle(self._bent(data), WHERE, now)
            self.connection = self.server.connections.get(connection_of(data), self.connection)
        else:
            self.connection.handle_datagram(self._bent(data), WHERE, now)
        if self.connection:
            self.connection.skip_one_in = 0

    def _bent(self, data):
        """Our numbers are not those of the conversation: acknowledges only what we sent, unless that is the point."""
        if not self.tolerant or not self.connection or data[0] != PACKET:
            return data
        try:
            connection, number, frames = parse_packet(data)
            parts = [_bent_frame(name, kind, body, self.connection.next_number)
                     for name, kind, body in parse_packet_frames(frames)]
        except PeerError:  # goes in as it is
            return data
        return encode_packet(connection, number, b"".join(parts))

    def drain(self, now):
        sent, self.unasked = self.unasked, []
        yield from sent
        while self.connection and (found := self.connection.poll(now)):
            yield found[0]


def _bent_frame(name, kind, body, next_number):
    if name != "ACK":
        return encode_frame(kind, body, checksum=False)
    ranges, delay = parse_ack(body)
    ranges = [(begin, min(end, next_number)) for begin, end in ranges if begin < next_number]
    return encode_frame(kind, encode_ack(ranges, delay), checksum=False) if ranges else b""


def _side(vector):
    is_client = vector.header["role"] == "client"
    datagrams = vector.header["binding"] == "datagram"
    tolerant = vector.expect != "closed 7"
    card = None if is_client else read_card(vector.card)
    if datagrams and not is_client:
        side = DatagramSide(None, None, tolerant)
        side.server = Server(side, card)
        return side
    session = Session(is_client, 0, provide=None if is_client else provider(card), datagrams=datagrams)
    if not datagrams:
        return StreamSide(session)
    connection = DatagramConnection(session, bytes.fromhex(vector.header["connection"]), Path(WHERE, True), True)
    connection.skip_one_in = 0
    return DatagramSide(connection, None, tolerant)


class Replay:
    def __init__(self, vector):
        self.vector = vector
        self.side = _side(vector)
        self.said = Said(vector.header["binding"])
        self.expected = Said(vector.header["binding"])
        self.receiver = self.side.session.request("notes", 0) if vector.header["role"] == "client" else None
        self.now = 0
        self._drain()

    def run(self):
        for line in self.vector.script:
            self._advance(int(line[0]) * 1000)
            what, data = line[1], bytes.fromhex(line[2]) if len(line) > 2 else b""
            if what == "in":
                self.side.handle(data, self.now)
            elif what == "out":
                self.expected.add(data)
            elif what == "end":
                self.side.end()
            self._timer()
            self._drain()
        self._advance(self.now + GRACE_US)

    def _advance(self, until):
        """Runs the timers that are due before."""
        while self.side.session and self.side.session.state != "closed":
            at = self.side.connection.next_timeout()
            if at is None or at >= until:
                break
            self.now = max(self.now, at)
            self._timer()
            self._drain()
        self.now = until

    def _timer(self):
        if self.side.session:
            at = self.side.connection.next_timeout()
            if at is not None and at <= self.now:
                self.side.connection.handle_timeout(self.now)

    def _drain(self):
        """A client confirms when nothing is missing, and says GOODBYE."""
        for data in self.side.drain(self.now):
            self.said.add(data)
        events = self.side.session.events if self.side.session else ()
        while events:
            event = events.popleft()
            if self.receiver and event[0] == "complete":
                self.receiver.confirm()
                self.side.session.end(0, "done")
        for data in self.side.drain(self.now):
            self.said.add(data)

    @property
    def code(self):
        return self.side.session.code if self.side.session else None


def _settled(items):
    """DATA of different transfers may alternate in any way (STR-3): of a run, by transfer, and joined again."""
    said = Said("stream")
    for is_data, run in groupby(items, key=lambda item: item[0] == "DATA"):
        if is_data:
            for item in sorted(run, key=lambda item: item[1]):
                said.add_data(*item[1:])
        else:
            said.items += run
    return said.items


def complaint(vector):
    """What is wrong with our part in a conversation, or None."""
    replay = Replay(vector)
    replay.run()
    said = iter(_settled(replay.said.items))
    for item in _settled(replay.expected.items):
        if item not in said:  # goes on behind the one that it found
            return f"did not say {item[0]} {item[1:]}; said {' '.join(name for name, *_ in replay.said.items)}"
    expected = None if vector.expect == "accept" else int(vector.expect.split()[1])
    return None if replay.code == expected else f"ended with code {replay.code}, expected {expected}"
