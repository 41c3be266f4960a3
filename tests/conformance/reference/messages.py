# SPDX-License-Identifier: MIT
"""Section 7 as a table: what each message holds."""

from .canonical import (Field, blob, boolean, chunks, digest, nested, number, numbers, pack_map, parse_map, partial, real,
                        text)
from .primitives import VARINT_LIMIT, malformed

LIMIT_NAMES = ("root_bytes", "chunks", "chunk_bytes", "card_bytes", "transfers", "credit", "eager_bytes")
LIMITS = [Field(key, name, number()) for key, name in enumerate(LIMIT_NAMES[:6])]
LIMITS.append(Field(6, "eager_bytes", number(), True, 0))
MODEL = [Field(0, "architecture", text(128)), Field(1, "layers", number(1025, 1)), Field(2, "kv_heads", number(1025, 1)),
         Field(3, "head_size", number(4097, 1)), Field(4, "rope_base", real(0)), Field(5, "k_after_rope", boolean()),
         Field(6, "element", number(3)), Field(7, "tokenizer", digest), Field(8, "weights", digest)]
USUAL_URGENCY = 3
OBEYS_HELD, READS_PROGRESS, BRIDGES_MODELS, READS_REPAIR, TAKES_DATAGRAMS = 1, 2, 4, 8, 16  # features

_TRANSFER = Field(0, "transfer", number(VARINT_LIMIT))
_ENDING = [_TRANSFER, Field(1, "reason", text()), Field(2, "code", number())]
_CHUNKS = [_TRANSFER, Field(1, "chunks", chunks)]
_COUNT = [_TRANSFER, Field(1, "count", number())]
_LAST = [Field(0, "code", number()), Field(1, "reason", text())]
_NONCE = [Field(0, "nonce", number())]

MESSAGES = {
    "HELLO": [Field(0, "magic", text()), Field(1, "versions", numbers(16, 1, ascending=True)),
              Field(2, "features", number()), Field(3, "limits", nested(LIMITS)),
              Field(4, "codecs", numbers(64)), Field(5, "agent", text(128)),
              Field(6, "idle_ms", number()), Field(7, "model", nested(MODEL, True), True)],
    "REQUEST": [_TRANSFER, Field(1, "document", text()), Field(2, "preset", text()), Field(3, "question", numbers(8192)),
                Field(4, "held", chunks), Field(5, "card", digest, True), Field(6, "deadline_us", number(1 << 52), True),
                Field(7, "budget", number(), True), Field(8, "quality", real(0, 1), True),
                Field(9, "partial", partial, True, []), Field(10, "bases", blob(16 * 32, 32), True, b""),
                Field(11, "manifest_first", boolean(True), True, False), Field(12, "urgency", number(8), True, USUAL_URGENCY),
                Field(13, "droppable_from", number(256), True), Field(14, "after", digest, True)],
    "OFFER": [_TRANSFER, Field(1, "card", digest), Field(2, "document", text()),
              Field(3, "payload_bytes", number()), Field(4, "raw_bytes", number()), Field(5, "base", digest, True),
              Field(6, "eager", boolean(True), True, False)],
    "ACCEPT": [_TRANSFER, Field(1, "held", chunks), Field(2, "partial", partial, True, []),
               Field(3, "manifest_first", boolean(True), True, False), Field(4, "droppable_from", number(256), True)],
    "MANIFEST": [_TRANSFER, Field(1, "root", blob()), Field(2, "known", chunks, True, [])],
    "PAGE": [_TRANSFER, Field(1, "index", number()), Field(2, "page", blob())],
    "HAVE": _CHUNKS, "RESEND": _CHUNKS, "PREFER": _CHUNKS,
    "CREDIT": [_TRANSFER, Field(1, "credit", number())],
    "LEVEL": [_TRANSFER, Field(1, "level", number(256))],
    "SKIP": [*_CHUNKS, Field(2, "reason", number(5))],
    "STOP": _COUNT, "END": _COUNT,
    "CONFIRM": [*_COUNT, Field(2, "card", digest)],
    "REJECT": _ENDING, "CANCEL": _ENDING, "REFUSE": _ENDING,
    "PING": _NONCE, "PONG": _NONCE,
    "PROGRESS": [Field(0, "bytes", number()), Field(1, "since_us", number())],
    "ERROR": _LAST, "GOODBYE": _LAST, "CLOSE": _LAST,
}


def parse_message(name, body):
    message = parse_map(MESSAGES[name], body)
    if name == "HELLO" and message["magic"] != "kvferry":
        raise malformed("another magic")  # CON-1
    if name == "HELLO" and message["limits"]["credit"] < message["limits"]["chunk_bytes"]:
        raise malformed("limit 5 below limit 2")  # LIM-1
    if name == "REQUEST" and "card" not in message and (message["held"] or "partial" in message):
        raise malformed("held or partial chunks of no card")
    return message


def encode_message(name, **values):
    return pack_map(MESSAGES[name], values)
