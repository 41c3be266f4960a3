# SPDX-License-Identifier: MIT
"""Damage that no sender made, and the conformance vectors: nothing crashes the dissector, nothing legal is marked."""

import random

from capture import CLIENT, PORT, ROOT, DissectorTest
from wire_bytes import TYPES, acknowledgement, control, frame, pack, packet, stream_frame
from wireshark_samples import ID, IN_PACKETS, MESSAGES


def damaged(rng, original):
    """A copy with some bytes changed, put in or left out."""
    out = bytearray(original)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out))
        choice = rng.randrange(4)
        if choice == 0:
            out[at] = rng.choice((0, 1, 0x40, 0x7F, 0x80, 0xC0, 0xDD, 0xDF, 0xFF, rng.randrange(256)))
        elif choice == 1:
            out[at] ^= 1 << rng.randrange(8)
        elif choice == 2:
            del out[at:at + rng.randint(1, 4)]
        else:
            out[at:at] = rng.randbytes(rng.randint(1, 4))
        if not out:
            out = bytearray(b"\x00")
    return bytes(out)


class Damage(DissectorTest):
    SEED = 20240229

    def assert_no_crash(self):
        for number, got in enumerate(self.dissected(), 1):
            self.assertEqual(got.crashes(), [], f"seed {self.SEED}, packet {number}")

    def test_damaged_bodies_with_good_checksums_never_crash_the_dissector(self):
        rng = random.Random(self.SEED)
        for turn in range(400):
            name, body, _, _ = rng.choice(MESSAGES)
            broken = damaged(rng, pack(body))
            self.writer.tcp(stream_frame(name, broken), source=(CLIENT, 10000 + turn))
            name, body, _, _ = rng.choice(IN_PACKETS)
            body = damaged(rng, body or b"\0")
            self.writer.udp(packet(ID + turn, turn, frame(name, body), control(0, frame("PING", broken))))
        self.assert_no_crash()

    def test_damaged_segments_and_datagrams_never_crash_the_dissector(self):
        rng = random.Random(self.SEED)
        for turn in range(300):
            name, body, _, _ = rng.choice(MESSAGES)
            self.writer.tcp(damaged(rng, stream_frame(name, pack(body))), source=(CLIENT, 10000 + turn % 50))
            inner = frame("ACK", acknowledgement([1, 2, 5], 9)) + control(rng.randrange(60), frame(name, pack(body)))
            inner = damaged(rng, inner)
            self.writer.udp(packet(ID + turn % 7, turn, inner))
            self.writer.udp(damaged(rng, packet(ID, turn, inner)))
        self.assert_no_crash()


def vectors():
    """(name, kind, expect, bytes) of tests/conformance."""
    for file in sorted((ROOT / "tests/conformance").glob("*.vec")):
        head, hexadecimal = file.read_text().split("hex:\n", 1)
        lines = dict(line.split(": ", 1) for line in head.splitlines())
        yield file.stem, lines["kind"], lines["expect"], bytes.fromhex(hexadecimal)


class Vectors(DissectorTest):
    """The conformance vectors: what they accept has no marks, what they reject does no harm."""

    def test_streams_packets_and_messages(self):
        cases = []
        for name, kind, expect, content in vectors():
            server = f"10.1.{len(cases) // 200}.{len(cases) % 200 + 1}", PORT
            if kind == "stream" and content:
                self.writer.tcp(content, target=server)
            elif kind == "packet" and content:
                self.writer.udp(content, target=server)
            elif kind.startswith("message ") and kind[8:] in TYPES:
                name_of_type = kind[8:]
                if name_of_type == "CLOSE":
                    self.writer.udp(packet(ID, 0, frame("CLOSE", content)), target=server)
                else:
                    self.writer.tcp(stream_frame(name_of_type, content), target=server)
            elif kind == "page":
                self.writer.tcp(stream_frame("PAGE", pack({0: 0, 1: 0, 2: content})), target=server)
            else:
                continue
            cases.append((name, expect))
        self.assertTrue(cases)
        for got, (name, expect) in zip(self.dissected(), cases, strict=True):
            with self.subTest(vector=name):
                self.assertEqual(got.crashes(), [])
                if expect.startswith("accept"):
                    self.assertEqual(got.marks(), [])
