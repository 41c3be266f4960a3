# SPDX-License-Identifier: MIT
"""UDP sockets around StreamsConnection over aioquic."""

import random

from aioquic.buffer import Buffer
from aioquic.quic import events
from aioquic.quic.packet import QuicPacketType, encode_quic_retry, pull_quic_header
from aioquic.quic.retry import QuicRetryTokenHandler

from .dropping import DATAGRAMS
from .edge import Keeper, now_us, seconds_until, server_session
from .messages import TAKES_DATAGRAMS
from .mutual import WINDOW, MutualConnection, configuration
from .primitives import END_OF_STREAM, HANDSHAKE, IDLE
from .session import Session, Settings
from .streams import StreamsConnection
from .udp import receive

LEAST_FIRST = 1200
STREAM_UNSENT = 32 << 10  # given to one stream and not sent, before it takes no more
ALL_UNSENT = 128 << 10
FLUSH_US = 3 * 10**6


def seconds():
    return now_us() / 1e6


class Peer:
    """A QUIC connection, the kvferry connection on its streams, and who handles events."""

    def __init__(self, quic, session, job):
        self.quic = quic
        self.session = session
        self.connection = StreamsConnection(session)
        self.job = job
        quic.unread = lambda stream_id: self.connection.unread(self._number(stream_id))
        self.flush_until = None
        self.closing = False  # QUIC, by this side
        self.over = False
        self.heard_bytes = self.said_bytes = 0  # of streams
        self.datagrams_heard = self.datagrams_said = 0

    @staticmethod
    def _number(stream_id):
        return 0 if stream_id == 0 else stream_id // 4 + 1 if stream_id & 2 else None

    def _stream_id(self, number):
        return 0 if number == 0 else 4 * (number - 1) + (2 if self.session.is_client else 3)

    def handle(self, datagram, address):
        self.quic.receive_datagram(datagram, address, seconds())

    def take_events(self):
        while event := self.quic.next_event():
            if isinstance(event, events.StreamDataReceived):
                self._take_bytes(event)
            elif isinstance(event, events.DatagramFrameReceived):
                self.datagrams_heard += 1
                self.connection.handle_datagram(event.data, now_us())
            elif isinstance(event, (events.StreamReset, events.StopSendingReceived)):
                self.connection.handle_end()
            elif isinstance(event, events.ConnectionTerminated):
                self._take_end(event)
        while self.quic.fates:
            self.connection.handle_fate(*self.quic.fates.popleft())

    def _take_bytes(self, event):
        number = self._number(event.stream_id)
        self.heard_bytes += len(event.data)
        if number is None:
            return  # a bidirectional stream that has no part in this
        self.connection.handle_bytes(number, event.data, now_us())
        if event.end_stream:
            self.connection.handle_end()

    def _take_end(self, event):
        """SMS-7: an application error is what the frame would have been."""
        self.over = True
        if event.frame_type is None:
            self.session.closed(event.error_code)
        elif event.reason_phrase == "Idle timeout":
            self.session.closed(IDLE)
        else:
            self.session.closed(HANDSHAKE if 0x100 <= event.error_code < 0x200 else END_OF_STREAM)

    def tick(self):
        at = self.quic.get_timer()
        if at is not None and at <= seconds():
            self.quic.handle_timer(seconds())
        self.take_events()
        at = self.connection.next_timeout()
        if at is not None and at <= now_us():
            self.connection.handle_timeout(now_us())
        self.job.handle_events(now_us())

    def fill(self):
        """What the streams take; QUIC is closed once the last frame was acknowledged."""
        if self.over or not self.quic.is_confirmed or not (self.session.is_client or self.quic.has_stream(0)):
            return
        while out := self.connection.poll(now_us(), *self._takers(), datagram_room=self.quic.datagram_room()):
            if out[0] == DATAGRAMS:
                self.datagrams_said += 1
                self.quic.send_datagram_frame(out[1])
                continue
            self.said_bytes += len(out[1])
            self.quic.send_stream_data(self._stream_id(out[0]), out[1])
        if self.session.state == "closed":
            self._close()

    def _takers(self):
        numbers = range(1, self.quic.data_streams() + 1)
        waiting = {number: self.quic.unsent(self._stream_id(number)) for number in numbers}
        if sum(unsent for unsent, _ in waiting.values()) >= ALL_UNSENT:
            return (), True
        return tuple(number for number, (unsent, left) in waiting.items() if unsent < STREAM_UNSENT and left > 0), True

    def _close(self):
        self.flush_until = self.flush_until or now_us() + FLUSH_US
        if self.quic.all_acknowledged(0) or now_us() >= self.flush_until:
            self.closing = True
            self.quic.close(error_code=self.session.said_code or 0, reason_phrase=self.session.said_reason)

    def send(self, sock):
        self.fill()
        for datagram, address in self.quic.datagrams_to_send(seconds()):
            try:
                sock.sendto(datagram, address)
            except (BlockingIOError, ConnectionRefusedError):
                pass  # as lost
        self.take_events()

    def next_timeout(self):
        times = [self.connection.next_timeout(), None if self.closing else self.flush_until]
        quic_at = self.quic.get_timer()
        times.append(None if quic_at is None else int(quic_at * 1e6) + 1)
        return min((at for at in times if at is not None), default=None)


class Server:
    """Connections by the ids that they have given out."""

    def __init__(self, sock, card, identity, peer_key, bases=(), faults=frozenset(), seed=0, retry=False, into=None,
                 window=WINDOW, asks=True):
        self.sock, self.card, self.bases, self.faults, self.into = sock, card, bases, faults, into
        self.configuration = configuration(False, identity, window)
        self.peer_key, self.asks = peer_key, asks
        self.rng = random.Random(seed)
        self.retry = QuicRetryTokenHandler() if retry else None
        self.peers, self.routes = [], {}

    def handle(self, datagram, address):
        try:
            header = pull_quic_header(Buffer(data=datagram), host_cid_length=self.configuration.connection_id_length)
        except ValueError:
            return
        peer = self.routes.get(header.destination_cid)
        if peer is None and header.packet_type == QuicPacketType.INITIAL and len(datagram) >= LEAST_FIRST:
            peer = self._first(header, address)
        if peer:
            peer.handle(datagram, address)
            self._note_ids(peer)

    def _first(self, header, address):
        original, after_retry = header.destination_cid, None
        if self.retry:
            if not header.token:
                self._answer_by_retry(header, address)
                return None
            after_retry = header.destination_cid
            try:
                original = self.retry.validate_token(address=address, destination_cid=after_retry, token=header.token,
                                                     now=seconds())
            except ValueError:
                return None
        session = server_session(self.card, self.bases, self.faults, now_us(), False, self.rng.getrandbits(64), self.into,
                                 TAKES_DATAGRAMS)
        quic = MutualConnection(self.peer_key, None, self.asks, configuration=self.configuration,
                                original_destination_connection_id=original, retry_source_connection_id=after_retry)
        self.peers.append(Peer(quic, session, Keeper(session, self.into)))
        self.routes[header.destination_cid] = self.routes[quic.host_cid] = self.peers[-1]
        return self.peers[-1]

    def _answer_by_retry(self, header, address):
        own = self.rng.randbytes(8)
        token = self.retry.create_token(address=address, original_destination_connection_id=header.destination_cid,
                                        retry_source_connection_id=own, now=seconds())
        self.sock.sendto(encode_quic_retry(version=header.version, source_cid=own, destination_cid=header.source_cid,
                                           original_destination_cid=header.destination_cid, retry_token=token), address)

    def _note_ids(self, peer):
        for host in peer.quic._host_cids:
            self.routes[host.cid] = peer

    def turn(self):
        times = [at for at in (peer.next_timeout() for peer in self.peers) if at is not None]
        for datagram, address in receive(self.sock, min(times, default=None)):
            self.handle(datagram, address)
        for peer in self.peers:
            peer.tick()
            peer.send(self.sock)
            self._note_ids(peer)
        gone = [peer for peer in self.peers if peer.over]
        for peer in gone:
            self.peers.remove(peer)
            self.routes = {identity: other for identity, other in self.routes.items() if other is not peer}
        return gone


def serve(sock, card, once=False, **options):
    """Until the first connection has ended (once), which is returned, or for ever."""
    sock.setblocking(False)
    server = Server(sock, card, **options)
    while True:
        gone = server.turn()
        if gone and once:
            return gone[0]


def connect(sock, address, identity, peer_key, job, *what, seed=0, window=WINDOW, each_turn=None, **options):
    """A client's Peer, once its connection has ended. each_turn is called with it, again and again."""
    sock.setblocking(False)
    session = Session(True, now_us(), Settings(features=Settings.features | TAKES_DATAGRAMS), seed=seed)
    quic = MutualConnection(peer_key, None, configuration=configuration(True, identity, window))
    peer = Peer(quic, session, job(session, now_us(), *what, **options))
    quic.connect(address, seconds())
    while not peer.over:
        peer.send(sock)
        for datagram, sender in receive(sock, peer.next_timeout()):
            peer.handle(datagram, sender)
        peer.tick()
        if each_turn:
            each_turn(peer)
    return peer


def run(sock, address, identity, peer_key, job, *what, **options):
    """As udp.run; what is wrong, or None."""
    return connect(sock, address, identity, peer_key, job, *what, **options).job.failure
