# SPDX-License-Identifier: MIT
"""Primitives, vectors, the specification's examples, and conversations that are played back."""

import pathlib
import random
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from reference import vectors  # noqa: E402
from reference.card import read_card  # noqa: E402
from reference.canonical import spans_of  # noqa: E402
from reference.messages import encode_message, parse_message  # noqa: E402
from reference.packets import encode_ack, parse_ack, parse_packet  # noqa: E402
from reference.pair import Link  # noqa: E402
from reference.primitives import PeerError, Reader, crc32c, varint  # noqa: E402
from reference.ranges import Reassembly, RangeSet, encode_ranges, parse_ranges  # noqa: E402
from reference.repair import Repair, encode_repair, make_repair, parse_repair, solve  # noqa: E402
from reference.vectors import Vector  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]


class Primitives(unittest.TestCase):
    def refused(self, parse, *data):
        for one in data:
            with self.assertRaises(PeerError, msg=one):
                parse(bytes.fromhex(one) if isinstance(one, str) else one)

    def test_varints_of_rfc_9000(self):  # PRM-1
        for text, value in (("c2197c5eff14e88c", 151288809941952652), ("9d7f3e7d", 494878333), ("7bbd", 15293), ("25", 37)):
            self.assertEqual(Reader(bytes.fromhex(text)).varint(), value)
            self.assertEqual(varint(value).hex(), text)
        self.refused(lambda data: Reader(data).varint(), "4025", "8000003f", "c00000003fffffff", "40", "")

    def test_ranges(self):  # PRM-2
        self.assertEqual(parse_ranges(bytes.fromhex("00020701")), [(0, 2), (9, 10)])
        self.assertEqual(encode_ranges([(0, 2), (9, 10)]).hex(), "00020701")
        self.refused(parse_ranges, "0000", "00010001", "00010100", "00", "0140", "02ffffffffffffffff", "00010141")

    def test_canonical_maps(self):  # PRM-3, PRM-4, PRM-5
        def ping(data):
            return parse_message("PING", data)

        self.refused(ping, "8100cc07", "8100a137", "810007 00", "82000700 07", "8201c00007", "80", "9107", "81ff07",
                     "8100cb0000000000000000", "82000701d40100", "82000701919191919191c0", "82000701d0c0",
                     "82000701d1ff80", "82000701c1", "de00010007", "82000701da0001 41", "8100ff", "82000701c4",
                     "8100c0", "8100c3")
        self.assertEqual(ping(bytes.fromhex("820007019191919191c0"))["nonce"], 7)
        self.assertEqual(ping(bytes.fromhex("82000701ca7fc00000"))["nonce"], 7)
        self.assertEqual(spans_of(bytes.fromhex("81cc8007")), [(128, b"\7")])
        for reason in ("a\n", "\x7f", "x" * 1025):
            self.refused(lambda body: parse_message("GOODBYE", body), encode_message("GOODBYE", code=0, reason=reason))

    def test_crc32c(self):
        self.assertEqual(crc32c(b"123456789"), (0xE3069283).to_bytes(4, "little"))
        self.assertEqual(crc32c(bytes(32)), (0x8A9136AA).to_bytes(4, "little"))  # RFC 3720, B.4

    def test_sets_of_ranges(self):
        rng = random.Random(1)
        here, plain = RangeSet(), set()
        for _ in range(300):
            begin = rng.randrange(200)
            end = begin + rng.randrange(1, 9)
            if rng.random() < 0.3:
                here.remove(begin, end)
                plain -= set(range(begin, end))
            else:
                here.add(begin, end)
                plain |= set(range(begin, end))
            self.assertEqual({number for low, high in here.ranges() for number in range(low, high)}, plain)
            gaps = {number for low, high in here.missing(50, 150) for number in range(low, high)}
            self.assertEqual(gaps, set(range(50, 150)) - plain)

    def test_reassembly_is_bounded(self):  # PKT-6, PKT-8
        pieces = Reassembly(100, most_gaps=2)
        self.assertFalse(pieces.add(99, b"ab"))
        self.assertTrue(pieces.add(10, b"a") and pieces.add(20, b"b") and pieces.add(30, b"c"))
        self.assertFalse(pieces.add(40, b"d"))
        self.assertTrue(pieces.add(0, bytes(10)) and pieces.add(31, b"e"))
        self.assertEqual(pieces.take(), bytes(10) + b"a")

    def test_acks(self):  # ACK-2
        self.assertEqual(parse_ack(bytes.fromhex("0b47d00200020102")), ([(0, 3), (5, 8), (9, 12)], 2000))
        self.assertEqual(encode_ack([(0, 3), (5, 8), (9, 12)], 2000).hex(), "0b47d00200020102")
        self.refused(parse_ack, "0200", "020005", encode_ack([(2 * at, 2 * at + 1) for at in range(65)], 0))

    def test_repair(self):  # RPR-1
        rng = random.Random(2)
        packets = [(number, rng.randbytes(rng.randrange(1, 60))) for number in (5, 6, 9, 10, 200)]
        repairs = [parse_repair(encode_repair(repair)) for repair in make_repair(packets, 3)]
        for lost in ((5,), (6, 200), (5, 9, 10)):
            here = {number: frames for number, frames in packets if number not in lost}
            gone = {number: frames for number, frames in packets if number in lost}
            self.assertEqual(solve(repairs[-len(lost):], here), gone)
        self.assertEqual(solve(repairs[:2], dict(packets[3:])), {})
        self.assertEqual(parse_repair(encode_repair(Repair((0, 256), 0, 1, b"abc"))).numbers, (0, 256))
        self.refused(parse_repair, encode_repair(Repair((0, 257), 0, 1, b"abc")))
        self.refused(parse_repair, "0502000101010102", "05020001000101", "05020101000101020304")

    def test_packets_are_checked(self):  # PKT-1
        with self.assertRaises(PeerError):
            parse_packet(bytes.fromhex("a1efcdab8967452301 4046 e737000f 3501"))


class Vectors(unittest.TestCase):
    def test_every_file(self):
        for path in sorted(HERE.parent.glob("*.vec")):
            with self.subTest(path.stem):
                self.assertIsNone(vectors.complaint(vectors.read_vector(path), HERE.parent))

    def test_the_examples_of_the_specification(self):
        text = (ROOT / "protocol/SPEC.md").read_text()
        examples = re.findall(r"```example ([^\n]+)\n(.*?)```", text, re.S)
        self.assertGreaterEqual(len(examples), 8)
        for kind, digits in examples:
            data = bytes.fromhex(digits)
            self.assertEqual(vectors.replay(kind, data), data, kind)


class Conversations(unittest.TestCase):
    """What two of us said, replayed with either of us."""

    def recorded(self, datagrams):
        card = read_card(vectors.read_vector(HERE.parent / "card.vec").data)
        link = Link(card, datagrams)
        said = []
        for side, name in ((link.client, "client"), (link.server, "server")):
            def poll(now, ask=side.poll, name=name):
                sent = ask(now)
                if sent:
                    said.append((name, now, sent[0] if datagrams else sent))
                return sent
            side.poll = poll
        receiver = link.client.session.request("notes", 0)
        link.run(lambda: receiver.state == "verified")
        receiver.confirm()
        link.client.session.end(0, "done")
        link.run(lambda: link.server.session.state == "closed")
        return said

    def test_replayed(self):
        for datagrams in (False, True):
            said = self.recorded(datagrams)
            for role in ("client", "server"):
                script = [[str((now + (0 if name == role else 5000)) // 1000), "out" if name == role else "in", data.hex()]
                          for name, now, data in said]
                script.sort(key=lambda line: int(line[0]))
                header = {"role": role, "binding": "datagram" if datagrams else "stream", "connection": b"12345678".hex()}
                vector = Vector("recorded", "conversation", "closed 0", header=header, script=script)
                self.assertIsNone(vectors.complaint(vector, HERE.parent), (role, datagrams))
                vector.expect = "closed 4"
                self.assertIsNotNone(vectors.complaint(vector, HERE.parent))


if __name__ == "__main__":
    unittest.main()
