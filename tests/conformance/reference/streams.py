# SPDX-License-Identifier: MIT
"""Sections 5.2 and 5.3: a session over a control stream and data streams beside it. Streams have numbers: 0, and from 1 on;
what is no stream, DATAGRAMS."""

from .dropping import DATAGRAMS
from .frames import TYPES, FrameReader, encode_data, encode_frame, parse_after, parse_data
from .messages import parse_message
from .primitives import LIMIT, PeerError, malformed, varint
from .stream import DATA_BYTES

MOST_DATA_STREAMS = 16
DATA_NEEDS = {"MANIFEST", "PAGE", "SKIP"}  # SMS-3


class DataStream:
    """One of the peer's: what came and may not be taken yet stays in the reader's buffer."""

    def __init__(self, faults):
        self.reader = FrameReader("data-stream", faults)
        self.after = 0  # so many frames of the control stream come before what follows


class StreamsConnection:
    """Bytes of a stream in by handle_*, (stream, bytes) out by poll; drain poll after every call."""

    def __init__(self, session):
        self.session = session
        self.control = FrameReader("control-stream", session.faults)
        self.heard = 0  # frames of the peer's control stream
        self.data = {}  # number: DataStream
        self.said = 0  # frames of our control stream
        self.needs = {}  # transfer: so many of them, before its DATA
        self.after = {}  # our data streams: the last AFTER

    def handle_bytes(self, stream, data, now):
        try:
            if stream > MOST_DATA_STREAMS:
                raise PeerError(LIMIT, f"data stream {stream}")  # SMS-1
            if stream:
                self._take_data(stream, data, now)
            else:
                self._take_control(data, now)
        except PeerError as error:
            self.session.end(error.code, error.reason)

    def handle_datagram(self, data, now):
        try:
            self.session.handle_data(data, now, DATAGRAMS)
        except PeerError as error:
            self.session.end(error.code, error.reason)

    def handle_fate(self, datagram, arrived):
        """What has become of one that poll gave out (SMS-11)."""
        number, chunk, _, data = parse_data(datagram)
        source = self.session.transfers.get(number)
        if source is not None:
            source.datagram_fate(chunk, len(data), arrived)

    def _take_control(self, data, now):
        for name, _, body in self.control.feed(data):
            self.heard += 1
            self.session.handle_message(name, body, now)
            if self._has_ended():
                return
        for stream in list(self.data):
            self._take_data(stream, b"", now)

    def _take_data(self, stream, data, now):
        """SMS-4: as far as the control stream has come."""
        part = self.data.setdefault(stream, DataStream(self.session.faults))
        part.reader.buffer += data
        if part.after > self.heard:
            return
        for name, _, body in part.reader.feed(b""):
            if name == "DATA":
                self.session.handle_data(body, now, stream)
            elif name == "AFTER":
                part.after = self._after_that(part, parse_after(body))
            if part.after > self.heard or self._has_ended():
                return

    @staticmethod
    def _after_that(part, count):
        if count <= part.after:
            raise malformed("an AFTER that counts no more than the one before")  # SMS-3
        return count

    def _has_ended(self):
        return self.session.state in ("closing", "closed")

    def unread(self, stream):
        """Bytes that came and were not taken: they count against the stream's window (SMS-4)."""
        reader = self.data[stream].reader if stream in self.data else self.control if stream == 0 else None
        return len(reader.buffer) if reader else 0

    def handle_end(self):
        """SMS-7, of any stream."""
        self.session.stream_ended()

    def next_timeout(self):
        return self.session.next_timeout()

    def handle_timeout(self, now):
        self.session.handle_timeout(now)

    def poll(self, now, data_streams, control=True, datagram_room=0):
        """(stream, bytes), or None. data_streams are those that take bytes now; control: whether that one does;
        datagram_room: the bytes of a datagram, if they may be sent."""
        found = None
        takers = (*data_streams, DATAGRAMS) if datagram_room else data_streams
        if not self.session.out and takers:
            found = self.session.next_data(now, DATA_BYTES, takers, datagram_room)
        if found:
            *frame, stream = found
            if stream == DATAGRAMS:
                return stream, encode_data(*frame)
            return stream, self._after(stream, frame[0]) + encode_frame(TYPES["DATA"], encode_data(*frame))
        said = self._say() if self.session.out and control else None
        if not self.session.out:
            self.session.flushed()
        return said

    def _say(self):
        kind, body = self.session.out.popleft()
        self.said += 1
        if kind in DATA_NEEDS:
            self.needs[parse_message(kind, body)["transfer"]] = self.said
        return 0, encode_frame(TYPES.get(kind, kind), body)

    def _after(self, stream, transfer):
        """AFTER, where DATA of the transfer needs more than the last one on that stream says (SMS-3)."""
        needs = self.needs[transfer]
        if needs <= self.after.get(stream, 0):
            return b""
        self.after[stream] = needs
        return encode_frame(TYPES["AFTER"], varint(needs))
