# SPDX-License-Identifier: MIT
"""What HTTP/2 and AVP need for the same payload, in closed form, over the same TCP or TLS: framing is frame heads, signalling
everything else that they say. Neither checks what it carries, resumes, or names parts; nothing here was measured."""

import json
from math import ceil

from overhead_tcp import RECORD, RECORD_BODY, TIMESTAMPS, TLS_HANDSHAKE, TLS_SEGMENTS, over_tcp
from overhead_terms import IP4, TCP, Wire

# HTTP/2: RFC 9113
FRAME_HEAD = 9                 # 4.1
FRAME_BODY = 16_384            # 4.2: SETTINGS_MAX_FRAME_SIZE, its initial value
PREFACE = 24                   # 3.4
SETTINGS = FRAME_HEAD + 3 * 6  # 6.5, each way; three parameters are assumed
SETTINGS_ACK = FRAME_HEAD
WINDOW_UPDATE = FRAME_HEAD + 4  # 6.9
WINDOW = 65_535                # 6.9.2: the initial one; a receiver gives back half of it at a time, for stream and connection
GOAWAY = FRAME_HEAD + 8        # 6.8
SMALL_SEGMENTS = 4             # preface and SETTINGS each way, acknowledgements of SETTINGS, HEADERS, GOAWAY: those not of the bulk


def indexed():
    """A header field that is in HPACK's static table (RFC 7541 6.1)."""
    return 1


def literal(value, name=None):
    """A literal one (6.2): its name from the static table, or spelt. No Huffman coding."""
    return 1 + (0 if name is None else 1 + len(name)) + 1 + len(value)


def http2_connection():
    return PREFACE + 2 * SETTINGS + 2 * SETTINGS_ACK + GOAWAY


def http2_body(length):
    """Heads of DATA frames; WINDOW_UPDATEs, in bytes and in number."""
    updates = length // (WINDOW // 2)
    return ceil(length / FRAME_BODY) * FRAME_HEAD, 2 * updates * WINDOW_UPDATE, updates


def carried(payload, framing, signalling, updates, link, tls, kernel):
    """Over TCP, or TLS with certificates on both sides as ours has."""
    wire = Wire(payload=payload, framing=framing, signalling=signalling)
    down = payload + framing
    over_tcp(wire, down, updates, link, kernel)
    if tls:
        records = ceil(down / RECORD_BODY) + SMALL_SEGMENTS * 2 + updates
        wire.lower_layers += TLS_HANDSHAKE + records * RECORD + TLS_SEGMENTS * (link.link_header + IP4 + TCP + TIMESTAMPS)
    return wire


def http2(card, link, tls=False, kernel="ns3"):
    """GET of one resource."""
    request = FRAME_HEAD + indexed() * 2 + literal("/card") + literal("192.0.2.1:8080")
    response = FRAME_HEAD + indexed() + literal("application/octet-stream") + literal(str(card.payload))
    framing, window, updates = http2_body(card.payload)
    return carried(card.payload, framing, http2_connection() + request + response + window, updates, link, tls, kernel)


# AVP: version 0.4 of its specification, binary format and HTTP/2 binding
AVP_HEAD = 12                  # magic, version, flags, two lengths
AVP_KV_HEAD = 17               # layers, KV heads, head size, tokens, element type
AVP_IDENTITY = {"model_family": "llama", "model_id": "meta-llama/Llama-3.1-8B", "model_hash": "sha256:" + 64 * "0", "hidden_dim": 4096,
                "num_layers": 32, "num_kv_heads": 8, "head_dim": 128, "tokenizer_hash": "sha256:" + 64 * "0"}
AVP_HELLO = {"agent_id": "agent-a-123", "avp_version": "0.6.0", "identity": AVP_IDENTITY}  # POST /avp/v2/handshake, JSON
AVP_ANSWER = {"success": True, "agent_id": "agent-b-456", "session_id": "sess-0123456789ab", "identity": AVP_IDENTITY}
AVP_HEADERS = (("avp-version", "0.4"), ("avp-agent-id", "agent-a-123"))


def protobuf_text(length):
    return 1 + 1 + length


def avp_metadata(card):
    """The fields of a KV cache that differ from their defaults: three identifiers of 16 bytes, the model's name of 32, hidden
    size, layers, kinds, a shape of five numbers, compression, mode."""
    return 3 * protobuf_text(16) + protobuf_text(32) + 3 + 2 + 2 + 2 + (2 + 5 * 2) + 2 + protobuf_text(4)


def avp(card, link, tls=False, kernel="ns3"):
    """The cache as one message, pushed by POST after the handshake's POST. The payload is the card's: AVP has no chunks."""
    extra = sum(literal(value, name) for name, value in AVP_HEADERS)
    post = FRAME_HEAD + indexed() * 2 + literal("192.0.2.1:8080") + literal("application/avp+binary") + literal("/avp/v2/transmit") + extra
    answer = FRAME_HEAD + indexed() + literal("application/json")
    body = AVP_HEAD + avp_metadata(card) + AVP_KV_HEAD
    framing, window, updates = http2_body(card.payload + body)
    spoken = sum(len(json.dumps(said)) for said in (AVP_HELLO, AVP_ANSWER, {"success": True}))
    greeting = 2 * (post + answer) + spoken + 3 * FRAME_HEAD
    return carried(card.payload, framing, http2_connection() + greeting + body + window, updates, link, tls, kernel)


def over_tls(form):
    return lambda card, link, kernel="ns3": form(card, link, True, kernel)


MODELS = {"http2": http2, "http2+tls": over_tls(http2), "avp": avp, "avp+tls": over_tls(avp)}
