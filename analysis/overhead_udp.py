# SPDX-License-Identifier: MIT
"""The datagram binding's part of the closed form: SPEC.md, section 6, and repair packets."""

from dataclasses import dataclass
from functools import cached_property

import overhead_sizes as size
from overhead_terms import ACK_EVERY, IP4, UDP, Card, Ends, Link, Wire, messages

DATAGRAM_BASE = 1200           # ADR-1, MTU-1
INITIAL_WINDOW = 10            # packets (CongestionOptions)
DATA_HEAD_ROOM = 1 + 2 + 12    # datagram_frames.cc: room that is kept for a DATA frame's head
PROBE_EVERY_ACKS = 33          # datagram_output.cc, kBareAcks: so often a bare ACK asks for acknowledgement
SKIP_FIRST, SKIP_LAST = 64, 4096  # PKT-4: one number in so many is skipped; doubles with every skip
MAX_RANGES = 64                # ACK-2


def udp(card, link, ends=Ends()):
    return Datagrams(card, link, ends).wire


def mean_varint(end):
    """Of numbers spread evenly from 0 to below `end`."""
    steps = ((1, 0, 1 << 6), (2, 1 << 6, 1 << 14), (4, 1 << 14, 1 << 30))
    return sum(width * (min(end, above) - begin) for width, begin, above in steps if end > begin) / end


@dataclass
class Datagrams:
    """Section 6."""

    card: Card
    link: Link
    ends: Ends

    @property
    def headers(self):
        return self.link.link_header + IP4 + UDP

    @property
    def largest(self):
        return self.link.mtu - IP4 - UDP

    def packet_head(self, packet_number):  # section 6.1
        return 1 + 8 + size.varint(packet_number) + size.CHECKSUM

    def payload_of(self, datagram, packet_number):
        return datagram - self.packet_head(packet_number + 1) - DATA_HEAD_ROOM

    @cached_property
    def data_packets(self):
        """Until the server's probe of the path's size was acknowledged, a round trip's worth of packets is small: an
        initial window, which doubles (CNG-1)."""
        small = INITIAL_WINDOW if self.largest > DATAGRAM_BASE else 0
        small_payload = self.payload_of(min(DATAGRAM_BASE, self.largest), 32) * small
        if self.card.payload <= small_payload:
            return self.card.payload / self.payload_of(DATAGRAM_BASE, 16)
        return small + (self.card.payload - small_payload) / self.payload_of(self.largest, 100)

    @property
    def mean_number(self):
        return self.data_packets / 2

    @cached_property
    def framing_of_data(self):
        """Heads of the packets with DATA and of the frames in them: one a packet, and one more where a chunk ends within it."""
        full = self.payload_of(self.largest, 100)
        frames = 0
        for chunk in range(self.card.chunks):
            here = self.card.chunk_size(chunk)
            place = 1 + size.varint(chunk) + mean_varint(here)
            frames += (here / full + 1) * (1 + size.varint(min(here, full)) + place)
        return frames + self.data_packets * self.packet_head(self.mean_number)

    @cached_property
    def gap_density(self):
        """Missing packet numbers, of each: lost ones, and skipped ones, whose distance doubles."""
        skipped = 0
        at, one_in = SKIP_FIRST, SKIP_FIRST
        while at < self.data_packets:
            skipped += 1
            one_in = min(2 * one_in, SKIP_LAST)
            at += one_in
        return self.link.loss + skipped / max(self.data_packets, 1)

    @cached_property
    def ack_frame(self):
        """An ACK's frame in the middle of the transfer (6.2). Ranges pile up until an ACK that named them is known to have
        arrived: bare ACKs ask for that one time in PROBE_EVERY_ACKS, and the answer takes a round trip."""
        packets_per_s = self.link.rate_mbps * 1e6 / 8 / (self.largest + self.headers)
        remembered = ACK_EVERY * PROBE_EVERY_ACKS * (0.5 + self.link.loss) + self.link.rtt_s * packets_per_s
        remembered = min(remembered, self.data_packets / 2)
        loss = self.gap_density
        gaps = min(MAX_RANGES - 1, remembered * loss * (1 - loss))
        long_run = (1 - loss) ** 64  # a run of more than 64 packets takes two bytes
        ranges = size.varint(min(remembered, 1 / loss if loss else remembered)) + gaps * (1 + 1 + long_run)
        delay = 1
        body = size.varint(self.mean_number) + delay + ranges
        return 1 + size.varint(body) + body

    @cached_property
    def acks(self):
        """Bare ones; a lost packet brings half an ACK more, at once (ACK-1)."""
        return self.data_packets / ACK_EVERY + self.lost / 2

    @property
    def lost(self):
        return self.data_packets * self.link.loss / (1 - self.link.loss)

    @cached_property
    def wire(self):
        card = self.card
        client, server, grease = messages(card, self.ends, 0)
        control = sum(map(size.control_frame, client + server)) + grease * size.control_frame(size.GREASE_BODY + 1)
        path = 2 * (2 + 8)  # CHALLENGE, RESPONSE
        probes = self.largest * 2 if self.largest > DATAGRAM_BASE else 0  # each side one, acknowledged (MTU-1)
        first = sum(map(size.control_frame, client[:2]))
        padding = DATAGRAM_BASE - first - (2 + 1) - 14
        control_heads = 6 * (1 + 2 + 2)                     # CONTROL frames: type, length, offset
        small = 4                                           # packets with CONTROL alone: HELLO each way, RESPONSE, CONFIRM
        framing = self.framing_of_data + probes + padding + control_heads + small * self.packet_head(20)
        bare = self.acks + 2  # of the probes
        riding = 4 * (2 + 5)  # ACKs in packets that carry something else, of the handshake
        acks = bare * (self.packet_head(self.mean_number / ACK_EVERY) + self.ack_frame) + riding
        again = self.lost * self.payload_of(self.largest, 100)
        framing += self.lost * (self.packet_head(self.mean_number) + 8)
        packets = self.data_packets + bare + small + 1 + (2 if probes else 0) + self.lost
        return Wire(payload=card.payload, framing=framing, signalling=control + path, acks=acks, retransmitted=again,
                    lower_layers=packets * self.headers)


def repair(card, link, sources, symbols):
    """Bytes that `symbols` repair packets for every `sources` full packets with DATA add: REPAIR frames with their packets' heads
    as `fec`, and the headers below them."""
    datagrams = Datagrams(card, link, Ends())
    packets = datagrams.data_packets / sources * symbols
    frame = 1 + 2 + 4 + 1 + 2 + 1 + 1  # type, length, first number, n, one range, j, r
    symbol = 2 + datagrams.largest - datagrams.packet_head(100) - frame - 2
    return Wire(fec=packets * (datagrams.packet_head(100) + frame + symbol), lower_layers=packets * datagrams.headers)
