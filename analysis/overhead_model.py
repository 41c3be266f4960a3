# SPDX-License-Identifier: MIT
"""Bytes per transfer in closed form: payload, framing, signalling, acknowledgements, retransmissions, repair and headers of
the layers below, for a card over tcp, tls, udp or quic.

Derived from protocol/SPEC.md and the RFCs named below; nothing is fitted to a measurement. What a specification leaves
to the implementation is a constant here with its origin beside it. Random quantities have their means: losses are independent."""

from dataclasses import asdict, dataclass
from functools import cached_property
from math import ceil, exp, log

import overhead_sizes as size

CLASSES = ("payload", "framing", "signalling", "acks", "retransmitted", "fec", "lower_layers")


@dataclass
class Wire:
    """Bytes of both directions by class, named as in results.jsonl."""

    payload: float = 0
    framing: float = 0
    signalling: float = 0
    acks: float = 0
    retransmitted: float = 0
    fec: float = 0
    lower_layers: float = 0

    @property
    def total(self):
        return sum(asdict(self).values())


@dataclass(frozen=True)
class Card:
    """A card as `kvferry-lab overhead` makes them."""

    payload: int
    chunk: int           # bytes of each chunk but the last
    architecture: str = "LlamaForCausalLM"
    layers: int = 32
    kv_heads: int = 8
    head_size: int = 128
    tokens: int = 4096
    rows: int = 64
    preset: str = "opaque"

    @property
    def raw(self):
        return self.tokens * self.layers * self.kv_heads * self.head_size * 4

    @property
    def chunks(self):
        return ceil(self.payload / self.chunk)

    @property
    def pages(self):
        return ceil(self.chunks / size.PAGE_ENTRIES)

    def chunk_size(self, index):
        return min(self.chunk, self.payload - index * self.chunk)

    @property
    def manifest_bodies(self):
        """MANIFEST and each PAGE."""
        return [size.manifest(size.root(self)), *(size.page(i, size.page_entries(self, i)) for i in range(self.pages))]


@dataclass(frozen=True)
class Link:
    rate_mbps: float
    rtt_s: float
    loss: float           # of each packet, in each direction
    mtu: int = 1500       # IP packets
    link_header: int = 2  # PPP's protocol field, of ns-3's link; 0 on loopback


@dataclass(frozen=True)
class Ends:
    """What both sides say of themselves in HELLO, and the name that is asked for."""

    agent: str = "kvferry-sim"
    document: str = "card"
    idle_timeout_ms: int = 120_000
    # protocol/wire/limits.h
    limits: tuple = (1000 << 10, 1 << 20, 16 << 20, 1 << 40, 16, 64 << 20, 256 << 10)


# Of the implementation ---------------------------------------------------------------------------------------------------

DATA_BODY = 16 * 1024          # payload of a DATA frame on streams (STR-3; ConnectionConfig::max_data_bytes)
PROGRESS_EVERY = 64 * 1024     # STR-5
CREDIT_PART = 8                # session_data.cc: CREDIT when this part of the initial credit has come back
IP4, UDP, TCP = 20, 8, 20      # RFC 791, 768, 9293
TIMESTAMPS = 12                # RFC 7323, padded; both kernels send them
SYN_OPTIONS = {"ns3": 16, "linux": 20}  # of a SYN: RFC 7323, 2018; Linux adds MSS, ns-3 3.37 does not
ACK_EVERY = 2                  # full packets: RFC 9293 3.8.6.3; ACK-1; ngtcp2 (RFC 9000 13.2.2)
# Segments but those of the bulk: 3 to connect, HELLO each way, PING and PONG, the reader's answer to them, CONFIRM with GOODBYE,
# and FIN with its acknowledgement both ways (RFC 9293 3.5, 3.6); ns-3 3.37 acknowledges the last data by itself, late.
ONCE = {"linux": 3 + 2 + 1 + 1 + 1 + 4, "ns3": 3 + 2 + 1 + 1 + 1 + 5}
TCP_INITIAL_WINDOW = 10        # segments: RFC 6928
QUICK_ACKS = 16                # Linux acknowledges each of the first segments at once (TCP_MAX_QUICKACKS)
DUPLICATES = 3                 # acknowledgements that say of a segment that it is lost: RFC 6675's DupThresh
BETA = 0.7                     # of CUBIC: RFC 9438 4.6
SACK_FIRST = 12                # two no-operations, kind, length, one block of 8 (RFC 2018)
DATAGRAM_BASE = 1200           # ADR-1, MTU-1
INITIAL_WINDOW = 10            # packets (CongestionOptions)
DATA_HEAD_ROOM = 1 + 2 + 12    # datagram_frames.cc: room that is kept for a DATA frame's head
PROBE_EVERY_ACKS = 33          # datagram_output.cc, kBareAcks: so often a bare ACK asks for acknowledgement
SKIP_FIRST, SKIP_LAST = 64, 4096  # PKT-4: one number in so many is skipped; doubles with every skip
MAX_RANGES = 64                # ACK-2
MAX_ACK_DELAY_S = 0.025        # ACK-1


# What is said on every binding ---------------------------------------------------------------------------------------------


def data_heads(card, frame_head):
    """Heads of all DATA frames when each has up to DATA_BODY bytes of one chunk; and how many there are."""
    total = frames = 0
    for chunk in range(card.chunks):
        for offset in range(0, card.chunk_size(chunk), DATA_BODY):
            place = size.data_place(chunk, offset)
            body = place + min(DATA_BODY, card.chunk_size(chunk) - offset)
            total += frame_head(body) - body + place
            frames += 1
    return total, frames


def credits(card, ends):
    return card.payload // (ends.limits[5] // CREDIT_PART)


def messages(card, ends, progresses):
    """Bodies of all messages of a transfer but PROGRESS: of the client, of the server; and how much grease comes with them and
    with `progresses`, in frames."""
    hello = size.hello(ends.agent, ends.limits, ends.idle_timeout_ms)
    credit = [size.message(1, size.number(ends.limits[5]))] * credits(card, ends)
    pings = [size.message(1)] * 2 if progresses else []  # PING and PONG: streams have no round trip of their own
    client = [hello, size.request(ends.document), *pings, *credit, size.confirm(card.chunks), size.goodbye()]
    server = [hello, *pings, *card.manifest_bodies]
    followed = len(client) - 3 + progresses + len(server) - 1  # not GOODBYE, nor what comes before the peer's HELLO
    return client, server, followed / size.GREASE_ONE_IN


# Streams -------------------------------------------------------------------------------------------------------------------


@dataclass
class Stream:
    """What the stream binding (5.1) writes, whatever carries it."""

    card: Card
    ends: Ends
    link: Link

    @cached_property
    def progresses(self):
        """One for every 64 KiB that whole DATA frames bring, and one for the rest."""
        return ceil(self.card.payload / PROGRESS_EVERY)

    @cached_property
    def wire(self):
        card = self.card
        client, server, grease = messages(card, self.ends, self.progresses)
        framing, self.data_frames = data_heads(card, size.stream_frame)
        interval_us = PROGRESS_EVERY * 8 / self.link.rate_mbps
        progress = sum(size.stream_frame(size.progress(min((i + 1) * PROGRESS_EVERY, card.payload), interval_us))
                       for i in range(self.progresses))
        greased = grease * size.stream_frame(size.GREASE_BODY + 1)  # a type of two bytes
        return Wire(payload=card.payload, framing=framing, acks=progress,
                    signalling=sum(map(size.stream_frame, client + server)) + greased)

    @property
    def down(self):
        """Bytes of the stream towards the reader after the server's HELLO."""
        return self.card.payload + self.wire.framing + sum(map(size.stream_frame, self.card.manifest_bodies))


def bandwidth_delay(link, packet):
    """Packets that fill the path."""
    return link.rate_mbps * 1e6 / 8 * link.rtt_s / packet + 1


def window_at_loss(loss, path):
    """Segments in flight in the long run: RFC 9438's Reno-friendly region is Reno's (Mathis et al. 1997), within the path's."""
    return min(path, (1.5 / loss) ** 0.5) if loss > 0 else path


def repeated_at_the_end(data, loss, path):
    """Segments that RFC 6675 sends again although nothing says that they are lost: NextSeg() rule (3), where a loss is repaired
    and there is nothing new to send, so that it falls upon whatever is in flight at the transfer's end.

    The window there: slow start ends with the data (half of it in flight), with the first loss (1/loss), or by HyStart++ (RFC
    9406), which notices a queue of an eighth of a round trip within the next doubling (the mean of 9/8 and 9/4 on a logarithmic
    scale). Each loss event after that leaves 0.7 of it (RFC 9438); losses within one window are one event. Of a segment lost d from
    the end d - 3 are repeated, so a window w brings loss w²/2 of them."""
    if loss == 0:
        return 0
    first = min(data / 2, 1 / loss, 1.125 / log(2) * path)
    events = loss * data / (1 + loss * first)
    square = max(0, first - DUPLICATES) ** 2 * exp(-events * (1 - BETA ** 2)) + window_at_loss(loss, path) ** 2
    return min(loss * square / 2, square ** 0.5)


def tcp(card, link, ends=Ends(), kernel="ns3"):
    stream = Stream(card, ends, link)
    return over_tcp(stream.wire, stream.down, stream.progresses - 1, link, kernel)


def over_tcp(wire, down, up_segments, link, kernel):
    """Adds headers and repetitions of a stream whose bulk is `down` bytes. up_segments: small ones of the reader's during it."""
    head = link.link_header + IP4 + TCP + TIMESTAMPS
    segment = link.mtu - IP4 - TCP - TIMESTAMPS
    path = bandwidth_delay(link, segment + head)
    data = ceil(down / segment)
    lost = data * link.loss / (1 - link.loss)
    again = lost + (repeated_at_the_end(data, link.loss, path) if kernel == "ns3" else 0)
    alone = data <= TCP_INITIAL_WINDOW  # PONG comes when nothing is left to carry its acknowledgement
    acks = data / ACK_EVERY
    if kernel == "linux":
        acks += min(data, QUICK_ACKS) * (1 - 1 / ACK_EVERY) + 2  # HELLO and PONG, too
    packets = ONCE[kernel] + alone + data + acks + up_segments + again
    # While a loss is not repaired every segment is acknowledged at once, with what came behind it (RFC 5681 4.2, RFC 2018).
    at_once = lost * window_at_loss(link.loss, path) + 2 * (again - lost)
    wire.lower_layers += packets * head + 2 * (SYN_OPTIONS[kernel] - TIMESTAMPS)
    wire.lower_layers += at_once * ((1 - 1 / ACK_EVERY) * head + SACK_FIRST)
    wire.retransmitted = again * min(segment, down)
    return wire


# TLS 1.3 (RFC 8446), both sides with an Ed25519 certificate -----------------------------------------------------------------

RECORD = 5 + 1 + 16            # head, content type, tag (5.2)
RECORD_BODY = 16384            # tls_session.cc; the most there can be (5.1)
CERTIFICATE = 215              # as `kvferry keygen` writes it, DER
CLIENT_HELLO = 230             # OpenSSL 3.0's, with one ALPN name of 9 bytes and no session
SERVER_HELLO = 122
CHANGE_CIPHER = 6              # each way: D.4, which OpenSSL does
ENCRYPTED_EXTENSIONS, CERTIFICATE_REQUEST = 22, 60
CERTIFICATE_MESSAGE = 4 + 1 + 3 + 3 + CERTIFICATE + 2
CERTIFICATE_VERIFY = 4 + 2 + 2 + 64
FINISHED = 4 + 48              # SHA-384
TLS_HANDSHAKE = (5 + CLIENT_HELLO + 5 + SERVER_HELLO + 2 * CHANGE_CIPHER + ENCRYPTED_EXTENSIONS + CERTIFICATE_REQUEST
                 + 2 * (CERTIFICATE_MESSAGE + CERTIFICATE_VERIFY + FINISHED) + (2 + 2 * 3) * RECORD)
TLS_SEGMENTS = 3               # client's hello, server's flight, client's flight
TLS_SMALL_RECORDS = 8          # HELLO, PING, PONG each way, REQUEST, CONFIRM


def tls(card, link, ends=Ends(), kernel="linux"):
    stream = Stream(card, ends, link)
    wire = over_tcp(stream.wire, stream.down, stream.progresses - 1, link, kernel)
    records = ceil(stream.down / RECORD_BODY) + TLS_SMALL_RECORDS + stream.progresses
    wire.lower_layers += TLS_HANDSHAKE + records * RECORD + TLS_SEGMENTS * (link.link_header + IP4 + TCP + TIMESTAMPS)
    return wire


# Datagrams -----------------------------------------------------------------------------------------------------------------


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


# QUIC ----------------------------------------------------------------------------------------------------------------------

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


MODELS = {"tcp": tcp, "tls": tls, "udp": udp, "quic": quic}


# Repair (6.7) --------------------------------------------------------------------------------------------------------------


def repair(card, link, sources, symbols):
    """Bytes that `symbols` repair packets for every `sources` full packets with DATA add: REPAIR frames with their packets' heads
    as `fec`, and the headers below them."""
    datagrams = Datagrams(card, link, Ends())
    packets = datagrams.data_packets / sources * symbols
    frame = 1 + 2 + 4 + 1 + 2 + 1 + 1  # type, length, first number, n, one range, j, r
    symbol = 2 + datagrams.largest - datagrams.packet_head(100) - frame - 2
    return Wire(fec=packets * (datagrams.packet_head(100) + frame + symbol), lower_layers=packets * datagrams.headers)
