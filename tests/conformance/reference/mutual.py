# SPDX-License-Identifier: MIT
"""aioquic's connection with four things that it does not do by itself: a server that asks for a certificate (aioquic has a
switch, for its own tests), keys that are known beforehand (STR-6), windows that move with what was taken (SMS-4), and word of
what became of datagrams (SMS-11)."""

import ssl
from collections import deque

from aioquic import tls
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import MAX_STREAM_DATA_FRAME_CAPACITY, QuicConnection
from aioquic.quic.packet import QuicFrameType
from aioquic.quic.packet_builder import QuicDeliveryState

from .identity import key_text
from .streams import MOST_DATA_STREAMS

PROTOCOL = "kvferry/1"
ANY_DATAGRAM = 65535
DATAGRAMS_WAITING = 32
PACKET_HEAD = 1 + 20 + 4 + 16 + 3  # at most, with the tag, and what a DATAGRAM frame begins with
WINDOW = 2 << 20  # of a stream: more than the largest frame, which is taken when it is whole


class CertificateRequired(tls.Alert):
    description = tls.AlertDescription.certificate_required


def configuration(is_client, identity, window=WINDOW, protocol=PROTOCOL, **options):
    """No authority is asked; mutual connections judge keys. identity None: a client that shows no certificate."""
    return QuicConfiguration(is_client=is_client, alpn_protocols=[protocol], verify_mode=ssl.CERT_NONE,
                             certificate=identity and identity.certificate, private_key=identity and identity.key,
                             max_stream_data=window, max_data=2 * (1 + MOST_DATA_STREAMS) * window,
                             max_datagram_frame_size=ANY_DATAGRAM, **options)


class MutualConnection(QuicConnection):
    def __init__(self, peer_key, unread, asks=True, **options):
        """unread: how many bytes that came on a stream were not taken. asks: a server for a certificate."""
        super().__init__(**options)
        self.peer_key = peer_key
        self.unread = unread
        self.asks = asks
        self.fates = deque()  # (datagram, whether it arrived)

    def _initialize(self, peer_cid):
        super()._initialize(peer_cid)
        context = self.tls
        context._request_client_certificate = self.asks and not self._is_client
        checked, expect_finished = context._check_certificate_verify_signature, context._server_expect_finished

        def check(verify):
            checked(verify)
            if key_text(context._peer_certificate) != self.peer_key:
                raise tls.AlertBadCertificate("another key")

        def expect():
            if self.asks and context._peer_certificate is None:
                raise CertificateRequired("no certificate")
            expect_finished()
        context._check_certificate_verify_signature, context._server_expect_finished = check, expect

    @property
    def is_confirmed(self):
        """By a server: its client's certificate was judged. By a client: the server has said so."""
        return self._handshake_confirmed

    def data_streams(self):
        """How many the peer lets this side open, and section 5.2."""
        return min(MOST_DATA_STREAMS, self._remote_max_streams_uni)

    def unsent(self, stream_id):
        """(bytes given to a stream and not yet sent, bytes that the peer's window has left for more)."""
        stream = self._streams.get(stream_id)
        if stream is None:
            return 0, 1
        sender = stream.sender
        return sender._buffer_stop - sender.highest_offset, stream.max_stream_data_remote - sender._buffer_stop

    def all_acknowledged(self, stream_id):
        stream = self._streams.get(stream_id)
        return stream is None or stream.sender._buffer_start == stream.sender._buffer_stop

    def has_stream(self, stream_id):
        return stream_id in self._streams

    def datagram_room(self):
        """Of a datagram that may be sent now, or 0."""
        if not self._remote_max_datagram_frame_size or len(self._datagrams_pending) >= DATAGRAMS_WAITING:
            return 0
        return min(self._max_datagram_size - PACKET_HEAD, self._remote_max_datagram_frame_size - 3)

    def _write_datagram_frame(self, builder, data, frame_type):
        buffer = builder.start_frame(frame_type, capacity=3 + len(data), handler=self._on_datagram_delivery,
                                     handler_args=(data,))
        buffer.push_uint_var(len(data))
        buffer.push_bytes(data)
        return True

    def _on_datagram_delivery(self, delivery, data):
        self.fates.append((data, delivery == QuicDeliveryState.ACKED))

    def _write_stream_limits(self, builder, space, stream):
        """In steps of half a window."""
        window = self._local_max_stream_data_uni
        taken = stream.receiver.starting_offset() - self.unread(stream.stream_id)
        if stream.max_stream_data_local and taken + window >= stream.max_stream_data_local + window // 2:
            stream.max_stream_data_local = taken + window
        if stream.max_stream_data_local_sent != stream.max_stream_data_local:
            frame = builder.start_frame(QuicFrameType.MAX_STREAM_DATA, capacity=MAX_STREAM_DATA_FRAME_CAPACITY,
                                        handler=self._on_max_stream_data_delivery, handler_args=(stream,))
            frame.push_uint_var(stream.stream_id)
            frame.push_uint_var(stream.max_stream_data_local)
            stream.max_stream_data_local_sent = stream.max_stream_data_local
