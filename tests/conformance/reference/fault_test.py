# SPDX-License-Identifier: MIT
"""Each deliberate fault is seen from outside, and without it nothing is."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from reference.card import make_card  # noqa: E402
from reference.faults import FAULTS  # noqa: E402
from reference.frames import encode_frame  # noqa: E402
from reference.manifest import sha256  # noqa: E402
from reference.messages import encode_message  # noqa: E402
from reference.packets import encode_ack, encode_packet, encode_packet_frame  # noqa: E402
from reference.pair import HELLO, PacketStranger, Stranger, message_frame  # noqa: E402
from reference.primitives import crc32c  # noqa: E402
from reference.session import LIMITS  # noqa: E402

CARD = make_card([500, 400, 300], levels=[0, 1, 2])
LARGE = make_card([40_000] * 5)
ONE_AT_A_TIME = {"limits": {**LIMITS, "chunk_bytes": 500, "credit": 500}}


def by_stream(fault, card=CARD, **hello):
    return Stranger(card, fault).greet(**hello)


def damaged(fault):
    frame = bytearray(message_frame("PING", nonce=1))
    frame[2] ^= 1
    return by_stream(fault).feed(bytes(frame)).code != 2


def long_varint(fault):
    head, body = b"\x40\x1d\x03", encode_message("PING", nonce=1)
    return by_stream(fault).feed(head + crc32c(head, body) + body).code != 1


def with_pages_late(fault):
    names = by_stream(fault).ask().names()
    return names.index("DATA") < names.index("PAGE")


def with_wrong_bytes(fault):
    first = next(data for name, data in by_stream(fault).ask().heard if name == "DATA")
    return sha256(first[3]) != CARD.table.entries[0].digest


def interleaved(fault):
    order = [data[1] for name, data in by_stream(fault).ask().heard if name == "DATA"]
    return order != sorted(order)


def unseen(fault):
    asked = PacketStranger(CARD, fault).greet()
    return any(ranges[-1][1] > asked.number for ranges, _ in asked.of("ACK"))


def amplified(fault):
    asked = PacketStranger(LARGE, fault).greet().wait(2)
    return asked.heard_bytes > 3 * asked.sent_bytes


def numbered_twice(fault):
    asked = PacketStranger(CARD, fault).greet()
    asked.frames(("RESPONSE", asked.of("CHALLENGE")[-1]))
    for _ in range(30):
        asked.say(("PING", dict(nonce=1)))
        asked.wait(0.1)
    return len(set(asked.numbers)) < len(asked.numbers)


SEEN = {
    "wrong-nonce": lambda fault: by_stream(fault).say("PING", nonce=6).last("PONG") != {"nonce": 6},
    "bad-checksum": damaged,
    "long-varints": long_varint,
    "reserved-fatal": lambda fault: by_stream(fault).feed(encode_frame(0x5E, b"x")).code is not None,
    "critical-skipped": lambda fault: by_stream(fault).feed(encode_frame(0x45, b"x")).code != 5,
    "two-hellos": lambda fault: by_stream(fault).say("HELLO", **HELLO).code != 4,
    "any-transfer": lambda fault: by_stream(fault).ask(transfer=6).code != 4,
    "any-digest": lambda fault: by_stream(fault).ask().say("CONFIRM", transfer=0, count=3, card=bytes(32)).code != 4,
    "sends-held": lambda fault: 0 in by_stream(fault).ask(card=CARD.digest, held=[(0, 1)]).chunks(),
    "ignores-credit": lambda fault: len(by_stream(fault, **ONE_AT_A_TIME).ask().chunks()) > 1,
    "ignores-level": lambda fault: 2 in by_stream(fault, **ONE_AT_A_TIME).ask().say("LEVEL", transfer=0, level=1)
                                       .say("CREDIT", transfer=0, credit=5000).chunks(),
    "over-budget": lambda fault: sum(by_stream(fault).ask(budget=600).chunks().values()) > 600,
    "ignores-stop": lambda fault: "END" not in by_stream(fault).ask().say("STOP", transfer=0, count=0).names(),
    "data-before-pages": with_pages_late,
    "chunks-interleaved": interleaved,
    "wrong-bytes": with_wrong_bytes,
    "small-first": lambda fault: PacketStranger(CARD, fault).greet(size=1199).connection is not None,
    "amplifies": amplified,
    "acks-unsent": lambda fault: PacketStranger(CARD, fault).greet().frames(("ACK", encode_ack([(0, 999)], 0))).code != 7,
    "acks-unseen": unseen,
    "number-twice": numbered_twice,
}


class Faults(unittest.TestCase):
    def test_each_is_seen(self):
        for name in FAULTS:
            with self.subTest(name):
                self.assertTrue(SEEN[name]([name]))
                self.assertFalse(SEEN[name]([]))

    def test_they_break_long_varints_in_packets_too(self):  # PRM-1
        long = b"\x40\x35\x00" + encode_packet_frame("PROBE", b"")
        for fault, code in (([], 1), (["long-varints"], None)):
            asked = PacketStranger(CARD, fault).greet()
            self.assertEqual(asked.feed(encode_packet(b"stranger", 5, long)).code, code)


if __name__ == "__main__":
    unittest.main()
