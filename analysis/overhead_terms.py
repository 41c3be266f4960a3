# SPDX-License-Identifier: MIT
"""What the closed forms of every transport have in common: what is asked for, over what, and what both sides say."""

from dataclasses import asdict, dataclass
from functools import cached_property
from math import ceil

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


# Of the implementation, each with its origin

DATA_BODY = 16 * 1024          # payload of a DATA frame on streams (STR-3; ConnectionConfig::max_data_bytes)
PROGRESS_EVERY = 64 * 1024     # STR-5
CREDIT_PART = 8                # session_data.cc: CREDIT when this part of the initial credit has come back
IP4, UDP, TCP = 20, 8, 20      # RFC 791, 768, 9293
ACK_EVERY = 2                  # full packets: RFC 9293 3.8.6.3; ACK-1; ngtcp2 (RFC 9000 13.2.2)


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
