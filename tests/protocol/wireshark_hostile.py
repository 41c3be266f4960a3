# SPDX-License-Identifier: MIT
"""Damage that no sender made, and the conformance vectors: nothing crashes the dissector, nothing legal is marked."""

import random
import re

from capture import CLIENT, PORT, ROOT, SERVER, DissectorTest
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


def vectors(conversations):
    """(name, lines, content) of tests/conformance: the header, and the bytes, or the script of a conversation."""
    for file in sorted((ROOT / "tests/conformance").glob("*.vec")):
        head, content = re.split(r"^(?:hex|script):\n", file.read_text(), maxsplit=1, flags=re.MULTILINE)
        lines = dict(re.fullmatch(r"(\w+): ?(.*)", line).groups() for line in head.splitlines())
        if (lines["kind"] == "conversation") == conversations:
            yield file.stem, lines, content if conversations else bytes.fromhex(content)


# How a vector of this kind gets onto the wire.
WRAPPED = {
    "stream": ("tcp", lambda content: content),
    "page": ("tcp", lambda content: stream_frame("PAGE", pack({0: 0, 1: 0, 2: content}))),
    "packet": ("udp", lambda content: content),
    "retry": ("udp", lambda content: content),
    "versions": ("udp", lambda content: content),
    "ack": ("udp", lambda content: packet(ID, 0, frame("ACK", content))),
    "repair": ("udp", lambda content: packet(ID, 0, frame("REPAIR", content))),
    "message CLOSE": ("udp", lambda content: packet(ID, 0, frame("CLOSE", content))),
}


def wrapped(kind, content):
    """("tcp" or "udp", bytes), or nothing for kinds that are not of the wire."""
    if kind in WRAPPED:
        transport, wrap = WRAPPED[kind]
        return transport, wrap(content)
    name = kind.removeprefix("message ")
    return ("tcp", stream_frame(name, content)) if name in TYPES else None


class Vectors(DissectorTest):
    """The conformance vectors: what they accept has no marks, what they reject has some, and nothing crashes."""

    def test_bytes(self):
        cases = []
        for name, lines, content in vectors(conversations=False):
            kind = lines["kind"]
            if content and wrapped(kind, content):
                transport, onto_wire = wrapped(kind, content)
                server = f"10.1.{len(cases) // 200}.{len(cases) % 200 + 1}", PORT
                getattr(self.writer, transport)(onto_wire, target=server)
                cases.append((name, kind, lines["expect"]))
        self.assertTrue(cases)
        for got, (name, kind, expect) in zip(self.dissected(), cases, strict=True):
            with self.subTest(vector=name):
                self.assertEqual(got.crashes(), [])
                if expect.startswith("accept"):
                    self.assertEqual(got.marks(), [])
                elif kind != "stream":  # where what came before can be what is wrong
                    self.assertNotEqual(got.marks(), [])

    def test_conversations(self):
        cases = []
        for number, (name, lines, script) in enumerate(vectors(conversations=True)):
            tested, peer = (SERVER, PORT), (f"10.2.0.{number + 1}", 40000)
            if lines["role"] == "client":
                tested, peer = (peer[0], 40000), (SERVER, PORT)
            send = self.writer.tcp if lines["binding"] == "stream" else self.writer.udp
            for line in script.splitlines():
                _, what, *content = line.split(maxsplit=2)
                if what in ("in", "out") and content:
                    source, target = (peer, tested) if what == "in" else (tested, peer)
                    send(bytes.fromhex(content[0]), source=source, target=target)
                    cases.append((name, what, lines["expect"]))
        packets = self.dissected()
        for got, (name, what, expect) in zip(packets, cases, strict=True):
            with self.subTest(vector=name):
                self.assertEqual(got.crashes(), [])
                if what == "out" or expect == "accept":
                    self.assertEqual([mark for mark in got.marks() if "CRC32C" not in mark], [], got.info)
