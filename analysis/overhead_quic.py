# SPDX-License-Identifier: MIT
"""QUIC's part of the closed form (RFC 9000), as ngtcp2 does it."""

from math import ceil

import overhead_sizes as size
from overhead_terms import ACK_EVERY, IP4, UDP, Ends, Stream

QUIC_INITIAL = 1200            # RFC 9000 14.1: datagrams with Initial packets are padded
QUIC_INITIALS = 3              # the client's two flights, the server's one; Ed25519 certificates fit into it
QUIC_PROBES = (1454 - 48, 1492 - 48)  # ngtcp2's steps above 1200 of the search for the path's size (RFC 8899), 48 for IPv6 and UDP
QUIC_HEAD = 1 + 12 + 2         # RFC 9000 17.3: flags, our connection ids, packet number
QUIC_TAG = 16                  # RFC 9001 5.3
QUIC_STREAM = 1 + 1 + 4 + 2    # STREAM: type, id, offset, length (19.8)
QUIC_ACK = 1 + 2 + 2 + 1 + 2   # ACK: type, largest, delay, count, first range (19.3)
QUIC_RANGES = 32               # ngtcp2's most
QUIC_IDS = 7 * (1 + 1 + 1 + 1 + 12 + 16)  # NEW_CONNECTION_ID (19.15), each way: ngtcp2 fills the peer's store
DATA_STREAMS = 8               # ConnectionConfig::data_streams
AFTER = 2 + 1 + size.CHECKSUM + 1


def quic(card, link, ends=Ends()):
    stream = Stream(card, ends, link)
    wire, down = stream.wire, stream.down
    wire.framing += AFTER * min(DATA_STREAMS, card.chunks)
    headers = link.link_header + IP4 + UDP
    largest = min(link.mtu - IP4 - UDP, QUIC_PROBES[-1])
    probes = [probe for probe in QUIC_PROBES if probe <= largest]
    head = QUIC_HEAD + QUIC_TAG
    room = largest - head - QUIC_STREAM
    data = ceil(down / room)
    lost = data * link.loss / (1 - link.loss)
    acks = data / ACK_EVERY + lost / 2
    ack = QUIC_ACK + quic_gaps(link.loss, data) * (2 + (1 - link.loss) ** 64)  # a run of more than 64 takes two bytes
    handshake = QUIC_INITIALS * QUIC_INITIAL + 2 * (sum(probes) + QUIC_IDS)
    packets = data + lost + stream.progresses + acks
    small = 8  # HANDSHAKE_DONE, acknowledgements of the handshake and of the probes, HELLO each way, CONFIRM, CONNECTION_CLOSE
    wire.lower_layers = (packets + small) * (headers + head) + (data + stream.progresses + lost) * QUIC_STREAM + (acks + small) * ack
    wire.lower_layers += handshake + (QUIC_INITIALS + 2 * len(probes)) * headers
    wire.retransmitted = lost * room
    return wire


def quic_gaps(loss, data):
    """Gaps in the mean ACK. A reader that hardly asks for acknowledgement itself never learns which ranges it may forget (RFC 9000
    13.2.4), so they pile up, to the 32 ranges that ngtcp2 sends."""
    most, whole = QUIC_RANGES - 1, loss * data
    return whole / 2 if whole <= most else most - most ** 2 / (2 * whole)
