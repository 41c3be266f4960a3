# SPDX-License-Identifier: MIT
"""The Wireshark dissector: every frame and message of SPEC.md, awkward segments, the conformance vectors, damage, and a real transfer.

Called with the folder of the programs."""

import contextlib
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from capture import CLIENT, PORT, ROOT, SERVER, Writer, dissect, field_rows, tshark
from wire_bytes import (MODEL, TYPES, acknowledgement, card, control, crc32c, data, frame, manifest, pack, packet, page_entry,
                        ranges, sha256, special, stream_frame, varint)

PROGRAMS = pathlib.Path(".")
LIMITS = {0: 1024000, 1: 1 << 20, 2: 1 << 25, 3: 1 << 40, 4: 16, 5: 1 << 26}
HELLO = {0: "kvferry", 1: [1], 2: 0b1011, 3: LIMITS, 4: [0, 1], 5: "tester", 6: 30000}
SEVERE = ["malformed", "checksum", "not_allowed", "critical", "misplaced", "limit"]  # kvferry.expert.X that nothing legal gets
CARD = sha256(b"card")
ROOT_BYTES, PAGES = manifest([b"payload"] * 3, k12={0: 0.5, 1: 0.9, 2: 100}, k13=CARD, k14=CARD, k15="a summary")
ID = 0x0123456789ABCDEF

# Name, body, what the Info column says of it, and some fields as tshark shows them.
MESSAGES = [
    ("HELLO", {**HELLO, 7: MODEL}, "HELLO", {
        "hello.magic": ["kvferry"], "hello.version": ["1"], "hello.features": ["0x000000000000000b"],
        "hello.features.repair": ["1"], "hello.features.bridges": ["0"], "hello.codec": ["0", "1"], "hello.agent": ["tester"],
        "hello.idle_timeout_ms": ["30000"], "limits.card_bytes": [str(1 << 40)], "limits.credit": [str(1 << 26)],
        "model.architecture": ["LlamaForCausalLM"], "model.rope_base": ["10000"], "model.element_type": ["0"]}),
    ("REQUEST", {0: 0, 1: "notes", 2: "int4", 3: [1, 300], 4: ranges([0, 1, 9]), 5: CARD, 6: 5000000, 7: 1 << 40, 8: 0.5,
                 9: varint(2) + varint(100), 10: CARD + sha256(b"b"), 11: True, 12: 7}, f'REQUEST 0 "notes" {CARD.hex()[:8]}', {
        "document": ["notes"], "request.preset": ["int4"], "request.question": ["1", "300"], "held": ["0-1, 9"],
        "held.count": ["3"], "request.deadline_us": ["5000000"], "request.byte_budget": [str(1 << 40)],
        "request.minimum_quality": ["0.5"], "partial.chunk": ["2"], "partial.bytes": ["100"], "manifest_first": ["1"],
        "request.urgency": ["7"]}),
    ("OFFER", {0: 1, 1: CARD, 2: "notes", 3: 10, 4: 20, 5: CARD}, 'OFFER 1 "notes"', {
        "offer.payload_bytes": ["10"], "offer.raw_bytes": ["20"]}),
    ("ACCEPT", {0: 1, 1: ranges([4]), 2: varint(0) + varint(7), 3: True}, "ACCEPT 1", {"held": ["4"], "partial.bytes": ["7"]}),
    ("MANIFEST", {0: 0, 1: ROOT_BYTES, 2: ranges([1])}, "MANIFEST 0", {
        "root.format": ["1"], "root.token_count": ["64"], "root.position_set": ["0-63", "0-1, 5, 9-10, 63"],
        "root.position_set.count": ["64", "6"], "root.layer_set": ["0", "0", "1", "1"], "root.codec": ["0"],
        "root.one_question": ["0"], "root.chunk_count": ["3"], "root.payload_bytes": ["21"], "divergence.kl": ["0.5"],
        "divergence.top1": ["0.9"], "divergence.tokens": ["100"], "root.summary": ["a summary"], "known": ["1"]}),
    ("PAGE", {0: 0, 1: 0, 2: PAGES[0]}, "PAGE 0 0", {
        "page.index": ["0"], "page.entry.number": ["0", "1", "2"], "page.entry.size": ["7"] * 3,
        "page.entry.layer_count": ["2"] * 3, "page.entry.row_count": ["64"] * 3, "page.entry.kind": ["2"] * 3,
        "page.entry.refines": ["0"] * 3, "page.entry.level": ["0"] * 3, "page.entry.importance": ["1", "0.5", "0.333333"]}),
    ("HAVE", {0: 0, 1: b""}, "HAVE 0", {"chunks": [""], "chunks.count": ["0"]}),
    ("RESEND", {0: 0, 1: ranges([3])}, "RESEND 0 3", {"chunks": ["3"]}),
    ("PREFER", {0: 0, 1: ranges([5, 6])}, "PREFER 0 5-6", {"chunks": ["5-6"]}),
    ("CREDIT", {0: 0, 1: 1 << 61}, f"CREDIT 0 {1 << 61}", {"credit": [str(1 << 61)]}),
    ("LEVEL", {0: 0, 1: 255}, "LEVEL 0 255", {"level": ["255"]}),
    ("SKIP", {0: 0, 1: ranges([2]), 2: 1}, "SKIP 0 2 deadline", {"skip.reason": ["1"]}),
    ("STOP", {0: 0, 1: 2}, "STOP 0 2", {"chunk_count": ["2"]}),
    ("END", {0: 0, 1: 3}, "END 0 3", {"chunk_count": ["3"]}),
    ("CONFIRM", {0: 0, 1: 3, 2: CARD}, "CONFIRM 0 3", {"chunk_count": ["3"]}),
    ("REJECT", {0: 0, 1: "no", 2: 6}, 'REJECT 0 damaged "no"', {"transfer_code": ["6"], "reason": ["no"]}),
    ("CANCEL", {0: 0, 1: "", 2: 9}, 'CANCEL 0 stalled ""', {"transfer_code": ["9"]}),
    ("REFUSE", {0: 2, 1: "no such document", 2: 1}, 'REFUSE 2 not here "no such document"', {"transfer": ["2"]}),
    ("PING", {0: 7}, "PING 7", {"nonce": ["7"]}),
    ("PONG", {0: 7, 130: [None, -3, {0: b"x"}]}, "PONG 7", {"nonce": ["7"], "reserved_key": ["130: [nil, -3, {0: 1 bytes}]"]}),
    ("GOODBYE", {0: 0, 1: "done"}, 'GOODBYE none "done"', {"connection_code": ["0"]}),
]
OF_STREAMS = [
    ("PROGRESS", {0: 65536, 1: 20000}, "PROGRESS 65536", {"progress.payload_bytes": ["65536"], "progress.interval_us": ["20000"]}),
]
AN_ERROR = ("ERROR", {0: 4, 1: "two HELLOs"}, 'ERROR unexpected "two HELLOs"', {"connection_code": ["4"]})


class DissectorTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.writer = Writer()

    def dissected(self, *arguments):
        file = self.folder / "x.pcap"
        self.writer.write(file)
        return dissect(file, *arguments)

    def assert_fields(self, got, fields):
        for name, values in fields.items():
            self.assertEqual(got.values("kvferry." + name), values, name)

    def assert_clean(self, packets):
        for number, got in enumerate(packets, 1):
            self.assertEqual(got.marks(), [], f"packet {number}: {got.info}")


class OverStreams(DissectorTest):
    def test_every_message_is_named_and_its_fields_are(self):
        # FRM, STR-1, section 7
        for name, body, _, _ in [*MESSAGES, *OF_STREAMS, AN_ERROR]:
            self.writer.tcp(stream_frame(name, pack(body)))
        packets = self.dissected()
        self.assert_clean(packets)
        for got, (name, _, info, fields) in zip(packets, [*MESSAGES, *OF_STREAMS, AN_ERROR]):
            self.assertEqual(got.info, info)
            self.assert_fields(got, {"frame.name": [name], "crc.status": ["1"], **fields})
            self.assertEqual(got.values("kvferry.unknown_key") + got.values("kvferry.wrong_type"), [])

    def test_data_is_told_apart_by_transfer_chunk_and_offset(self):
        self.writer.tcp(stream_frame("DATA", data(0, 3, 16384, bytes(16384))))
        got, = self.dissected()
        self.assertEqual(got.info, "DATA 0/3 @16384 +16384")
        self.assert_fields(got, {"transfer": ["0"], "data.chunk": ["3"], "data.offset": ["16384"], "data.length": ["16384"]})

    def test_a_greeting_is_known_on_any_port(self):
        addresses = {"source": (CLIENT, 40001), "target": (SERVER, 5555)}
        self.writer.tcp(stream_frame("HELLO", pack(HELLO)), **addresses)
        self.writer.tcp(stream_frame("PING", pack({0: 1})), **addresses)
        self.assertEqual([got.info for got in self.dissected()], ["HELLO", "PING 1"])

    def test_many_frames_of_one_segment_stand_in_order(self):
        self.writer.tcp(stream_frame("HELLO", pack(HELLO)) + b"".join(stream_frame("PING", pack({0: n})) for n in range(30)))
        got, = self.dissected()
        self.assertEqual(got.info, ", ".join(["HELLO"] + [f"PING {n}" for n in range(30)]))

    def test_segments_may_be_split_anywhere(self):
        frames = [stream_frame(name, pack(body)) for name, body, _, _ in MESSAGES]
        frames += [stream_frame("DATA", data(0, 0, 16384 * n, bytes(16384))) for n in range(3)]
        names = [name for name, _, _, _ in MESSAGES] + ["DATA"] * 3
        stream = b"".join(frames)
        for sizes in ([1], [3, 1, 4, 1, 5, 9, 2, 6], [1460], [16384 + 20], [len(frames[0]) + 1, 700], [65000]):
            with self.subTest(sizes=sizes):
                self.writer = Writer()
                short = stream if sizes[0] >= 1000 else b"".join(frames[:-3])
                self.writer.tcp_split(short, sizes)
                packets = self.dissected()
                self.assert_clean(packets)
                seen = [name for got in packets for name in got.values("kvferry.frame.name")]
                self.assertEqual(seen, names if short is stream else names[:-3])
                told = ", ".join(got.info for got in packets if got.values("kvferry.frame.name"))
                self.assertEqual(re.findall(r"\b[A-Z]{3,}\b", re.sub('"[^"]*"', "", told)), seen)

    def test_a_long_body_is_put_together(self):
        # Section 4: DATA of up to 1 MiB.
        body = data(0, 0, 0, bytes((1 << 20) - 3))
        self.writer.tcp(stream_frame("HELLO", pack(HELLO)))
        self.writer.tcp_split(stream_frame("DATA", body) + stream_frame("PING", pack({0: 1})), [1460])
        rows = field_rows(self.write(), ["kvferry.frame.name", "kvferry.data.length", "kvferry.crc.status"])
        rows = [row for row in rows if row[0]]
        self.assertEqual(rows[1:], [[["DATA", "PING"], [str((1 << 20) - 3)], ["1", "1"]]])

    def write(self):
        file = self.folder / "x.pcap"
        self.writer.write(file)
        return file

    def test_types_of_later_versions_are_skipped_or_marked(self):
        # FRM-1, FRM-2, VER-1
        self.writer.tcp(stream_frame(0x20 + 62, b"anything") + stream_frame(0x42, b"xyz") + stream_frame("PING", pack({0: 1})))
        self.writer.tcp(stream_frame(0x43, b""))
        self.writer.tcp(stream_frame("PROBE", b""))
        skipped, critical, misplaced = self.dissected()
        self.assertEqual(skipped.info, "reserved (ignored), unknown type 0x42 (skipped), PING 1")
        self.assertEqual(skipped.marks(), [])
        self.assertIn("unknown critical type 0x43 (FRM-1)", critical.marks())
        self.assertIn("PROBE has no place here (FRM-1)", misplaced.marks())

    def test_a_wrong_checksum_is_marked(self):
        # STR-1
        flipped = bytearray(stream_frame("PING", pack({0: 1})))
        flipped[-1] ^= 1
        self.writer.tcp(bytes(flipped))
        got, = self.dissected()
        self.assert_fields(got, {"crc.status": ["0"], "nonce": ["0"]})
        self.assertRegex(got.marks()[0], "CRC32C differs: 0x[0-9a-f]{8}, computed 0x[0-9a-f]{8}")

    def test_what_is_not_allowed_is_marked(self):
        cases = [  # PRM-1 to PRM-5, section 7
            ("PING", b"\x81\x00\xcc\x07", "shortest form"), ("PING", b"\x82\x00\x07\x00\x07", "keys are not ascending"),
            ("PING", b"\x81\x00\x07\x00", "bytes after the map"), ("PING", b"\x81\x00\xa17", "Nonce: text, not number"),
            ("PING", b"\x80", "Nonce: missing"), ("PING", b"\x91\x07", "not a map"), ("PING", b"\x81\x00\xd4\x00\x00", "extension"),
            ("PING", pack({0: 7, 1: [[[[[[]]]]]]}), "6 levels"), ("PING", b"\x81\x00\xa5", "text: 5 bytes, but 0"),
            ("PING", b"\xdf\xff\xff\xff\xff\x00", "more than bytes"), ("PING", b"\x81\x00\xdd\x7f\xff\xff\xff\x00", "more than bytes"),
            ("REFUSE", pack({0: 0, 1: "a\nb", 2: 0}), "control character"), ("REFUSE", pack({0: 0, 1: "a" * 1025, 2: 0}), "too long"),
            ("HAVE", pack({0: 0, 1: b"\x00\x01\x00\x01"}), "PRM-2"), ("HAVE", pack({0: 0, 1: b"\x00\x00"}), "PRM-2"),
            ("HAVE", pack({0: 0, 1: b"\x40\x01\x01"}), "gap: not in its shortest form"),
            ("HAVE", pack({0: 0, 1: b"\x00"}), "length: missing"), ("LEVEL", pack({0: 0, 1: 256}), "out of its limits"),
            ("HAVE", pack({0: 0, 1: b"\xff" * 16}), "beyond 2^62"), ("CONFIRM", pack({0: 0, 1: 1, 2: b"short"}), "not 32 bytes"),
            ("REQUEST", pack({0: 0, 1: "", 2: "", 3: [], 4: b"", 8: float("nan")}), "not finite"),
            ("HELLO", pack({**HELLO, 0: "other"}), 'not "kvferry"'), ("HELLO", pack({**HELLO, 1: 1}), "Version: number, not array"),
            ("HELLO", pack({**HELLO, 1: [2, 1]}), "not ascending"), ("HELLO", pack({**HELLO, 1: []}), "0 of them"),
            ("DATA", data(0, 0, 0, b""), "FRM-4"), ("PAGE", pack({0: 0, 1: 0, 2: PAGES[0] + b"x"}), "digest: 32 bytes, but 1"),
            ("PAGE", pack({0: 0, 1: 0, 2: page_entry(b"x", 0, 1, 0, 1, kind=3)}), "MAN-3"),
            ("MANIFEST", pack({0: 0, 1: ROOT_BYTES + b"x"}), "after the root"), ("MANIFEST", pack({0: 0, 1: b""}), "value: 1 bytes"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 16: 0})}), "MAN-1"),
        ]
        for name, body, _ in cases:
            self.writer.tcp(stream_frame(name, body))
        for got, (name, body, text) in zip(self.dissected(), cases, strict=True):
            self.assertIn(text, " · ".join(got.marks()), f"{name} {body.hex()}")

    def test_a_length_above_its_limit_is_marked_and_nothing_is_waited_for(self):
        # FRM-3
        self.writer.tcp(varint(TYPES["PING"]) + varint(65537) + bytes(100))
        self.writer.tcp(b"GET / HTTP/1.1\r\n\r\n", source=(CLIENT, 40001))
        self.writer.tcp(stream_frame("PING", pack({0: 1})), source=(CLIENT, 40001))
        long, http, after = self.dissected()
        self.assertIn("a body above its limit (FRM-3)", long.marks())
        self.assertTrue(http.marks())
        self.assertEqual(after.info, "PING 1")


IN_PACKETS = [
    ("PADDING", bytes(20), "PADDING", {"frame.length": ["20"]}),
    ("DATA", data(1, 2, 1000, b"abc"), "DATA 1/2 @1000 +3", {"data.offset": ["1000"], "data.bytes": ["61:62:63"]}),
    ("ACK", acknowledgement([0, 1, 2, 5, 6, 7, 9, 10, 11], 2000), "ACK 9-11, 5-7, 0-2", {
        "ack.largest": ["11"], "ack.delay_us": ["2000"], "ack.range": ["2", "2", "2"], "ack.gap": ["0", "1"],
        "ack.numbers": ["9-11, 5-7, 0-2"], "ack.count": ["9"]}),
    ("PROBE", b"", "PROBE", {}),
    ("CLOSE", pack({0: 0, 1: "bye"}), 'CLOSE none "bye"', {"connection_code": ["0"], "reason": ["bye"]}),
    ("TOKEN", b"secret", "TOKEN", {"token": ["73:65:63:72:65:74"]}),
    ("CHALLENGE", bytes(range(8)), "CHALLENGE", {"challenge": ["00:01:02:03:04:05:06:07"]}),
    ("RESPONSE", bytes(range(8)), "RESPONSE", {"response": ["00:01:02:03:04:05:06:07"]}),
    ("REPAIR", varint(70) + varint(4) + b"\x00\x02\x01\x01" + b"\x01\x03" + b"symbol", "REPAIR 70-71, 73 [1/3]", {
        "repair.first": ["70"], "repair.covered": ["70-71, 73"], "repair.count": ["3"], "repair.symbol_index": ["1"],
        "repair.symbols": ["3"], "repair.symbol": ["73:79:6d:62:6f:6c"]}),
    ("RECOVERED", acknowledgement([72], 0), "RECOVERED 72", {"ack.numbers": ["72"]}),
    (0x42, b"later", "unknown type 0x42 (skipped)", {}),
    (0x20 + 62 * 3, b"", "reserved (ignored)", {}),
]


class OverDatagrams(DissectorTest):
    def test_every_frame_of_packets_is_named_and_its_fields_are(self):
        for number, (name, body, _, _) in enumerate(IN_PACKETS):
            self.writer.udp(packet(ID, number, frame(name, body)))
        packets = self.dissected()
        self.assert_clean(packets)
        for number, (got, (_, _, info, fields)) in enumerate(zip(packets, IN_PACKETS)):
            self.assertEqual(got.info, info)
            self.assert_fields(got, {"packet.number": [str(number)], "connection_id": [f"0x{ID:016x}"],
                                     "packet.kind": ["0xa1"], "crc.status": ["1"], **fields})

    def test_a_packet_of_the_document_is_known_on_any_port(self):
        # PKT-1
        example = bytes.fromhex("a1 ef cd ab 89 67 45 23 01 40 46 e7 37 00 0f 35 00")
        self.writer.udp(example, (CLIENT, 1000), (SERVER, 2000))
        got, = self.dissected()
        self.assertEqual((got.info, got.values("kvferry.packet.number")), ("PROBE", ["70"]))

    def test_retry_versions_and_other_kinds(self):
        # ADR-4, ADR-7
        self.writer.udp_back(special(0xA3, ID, b"token"))
        self.writer.udp_back(special(0xA0, ID, b"\xa1\xa2"))
        self.writer.udp(b"\xa2" + bytes(1199))
        self.writer.udp_back(special(0xA3, ID, b""))
        retry, versions, other, empty = self.dissected()
        self.assertEqual((retry.info, retry.values("kvferry.token"), retry.marks()), ("RETRY", ["74:6f:6b:65:6e"], []))
        self.assertEqual((versions.info, versions.values("kvferry.versions.kind")), ("VERSIONS", ["0xa1", "0xa2"]))
        self.assertEqual((versions.marks(), other.marks(), other.info), ([], [], "kind 0xa2"))
        self.assertIn("a token of 0 bytes", empty.marks())

    def test_messages_of_the_control_stream_are_dissected(self):
        messages = [frame(name, pack(body)) for name, body, _, _ in [*MESSAGES, AN_ERROR]]
        offset = 0
        for number, message in enumerate(messages):
            self.writer.udp(packet(ID, number, control(offset, message), frame("PADDING", bytes(3))))
            offset += len(message)
        packets = self.dissected()
        self.assert_clean(packets)
        for got, (name, _, info, fields) in zip(packets, [*MESSAGES, AN_ERROR], strict=True):
            self.assertEqual(got.info, info + ", PADDING")
            self.assertEqual(got.values("kvferry.frame.name"), ["CONTROL", name, "PADDING"])
            self.assert_fields(got, fields)

    def test_messages_across_packets_are_put_together_in_every_pass(self):
        stream = b"".join(frame(name, pack(body)) for name, body, _, _ in MESSAGES)
        pieces = [(at, stream[at:at + 150]) for at in range(0, len(stream), 150)]
        pieces[3:5] = [pieces[4], pieces[3], pieces[4]]  # late, and again
        pieces.insert(7, (pieces[6][0] + 50, stream[pieces[6][0] + 50:pieces[6][0] + 250]))  # cut in another way
        for number, (offset, piece) in enumerate(pieces):
            self.writer.udp(packet(ID, number, control(offset, piece)))
        once, twice = self.dissected(), self.dissected("-2")
        for packets in (once, twice):
            self.assert_clean(packets)
            names = [n for got in packets for n in got.values("kvferry.frame.name") if n != "CONTROL"]
            self.assertEqual(names, [name for name, _, _, _ in MESSAGES])
            self.assertEqual(packets[3].info, "CONTROL @600 +150 (waits for bytes before it)")
            self.assertEqual(packets[5].info, "CONTROL @600 +150 (seen before)")
        self.assertEqual([got.info for got in once], [got.info for got in twice])
        self.assertEqual(twice[3].values("kvferry.control.dissected_in"), ["5"])
        late_fields = [got.values("kvferry.root.summary") for got in twice if got.values("kvferry.root.summary")]
        self.assertEqual(late_fields, [["a summary"]])

    def test_a_manifest_of_many_packets_is_put_together(self):
        payloads = [bytes([n % 256]) * 3 for n in range(2000)]
        root, pages = manifest(payloads)
        stream = b"".join(frame(*m) for m in [("HELLO", pack(HELLO)), ("MANIFEST", pack({0: 0, 1: root}))] +
                          [("PAGE", pack({0: 0, 1: i, 2: page})) for i, page in enumerate(pages)])
        for number, at in enumerate(range(0, len(stream), 1100)):
            self.writer.udp_back(packet(ID, number, control(at, stream[at:at + 1100])))
        packets = self.dissected()
        self.assert_clean(packets)
        entries = sum(len(got.values("kvferry.page.entry.digest")) for got in packets)
        self.assertEqual(entries, 2000)

    def test_the_two_directions_and_other_connections_are_kept_apart(self):
        hello, ping = frame("HELLO", pack(HELLO)), frame("PING", pack({0: 5}))
        self.writer.udp(packet(ID, 0, control(0, hello[:20])))
        self.writer.udp_back(packet(ID, 0, control(0, hello)))
        self.writer.udp(packet(ID + 1, 0, control(0, hello)))
        self.writer.udp(packet(ID, 1, control(20, hello[20:] + ping)), source=("10.9.9.9", 40002))  # ADR-6: from a new address
        packets = self.dissected()
        self.assert_clean(packets)
        self.assertEqual([got.info for got in packets],
                         ["CONTROL @0 +20 (part of a message)", "HELLO", "HELLO", "HELLO, PING 5"])

    def test_a_capture_that_begins_late_finds_its_way(self):
        ping = frame("PING", pack({0: 5}))
        self.writer.udp(packet(ID, 5000, control(70000, b"\x07rest of something")))
        self.writer.udp(packet(ID, 5001, control(70018, ping)))
        self.writer.udp(packet(ID, 5002, control(70018 + len(ping), ping)))
        self.assertEqual([got.info for got in self.dissected()],
                         ["CONTROL @70000 +18 (waits for bytes before it)", "PING 5", "PING 5"])

    def test_bytes_that_never_come_are_given_up(self):
        # RPR-2: what a REPAIR gave the receiver is not sent again.
        hello, ping = frame("HELLO", pack(HELLO)), frame("PING", pack({0: 5}))
        self.writer.udp(packet(ID, 0, control(0, hello)))
        self.writer.udp(packet(ID, 2, control(len(hello) + 50, ping)))
        self.writer.time_s += 20
        self.writer.udp(packet(ID, 3, control(len(hello) + 50 + len(ping), ping)))
        packets = self.dissected()
        self.assert_clean(packets)
        self.assertEqual(packets[2].info, "PING 5, PING 5")
        self.assertIn(f"bytes {len(hello)} to {len(hello) + 49} are not in the capture", packets[2].values("kvferry.control.note"))

    def test_damaged_packets_are_marked_and_do_not_reach_the_control_stream(self):
        # PKT-1
        good = packet(ID, 0, control(0, frame("HELLO", pack(HELLO))))
        self.writer.udp(good[:-1] + bytes([good[-1] ^ 1]))
        self.writer.udp(good)
        damaged, whole = self.dissected()
        self.assertIn("CRC32C differs", damaged.marks()[0])
        self.assertEqual((whole.info, whole.marks()), ("HELLO", []))

    def test_a_packet_that_the_capture_cut_is_no_malformed_one(self):
        self.writer.udp(packet(ID, 0, frame("PROBE", b""), frame("PADDING", bytes(500))), cut_to=100)
        got, = self.dissected()
        self.assert_fields(got, {"crc.status": ["2"], "frame.name": ["PROBE", "PADDING"]})
        self.assertEqual(got.marks(), [])

    def test_what_is_not_allowed_is_marked(self):
        cases = [
            (frame("HELLO", pack(HELLO)), "no place here (FRM-1)"), (frame(0x43, b""), "FRM-1"),
            (b"\x0d\x05abc", "a body of 5 bytes, but 3 are left"), (b"\x40", "type: 2 bytes"), (b"\x35\x40\x00", "shortest form"),
            (frame("ACK", varint(5) + varint(0) + varint(6)), "below packet number 0"),
            (frame("ACK", varint(5) + varint(0) + varint(1) + varint(3) + varint(0)), "below packet number 0"),
            (frame("ACK", acknowledgement(range(0, 140, 2), 0)), "ACK-2"), (frame("ACK", varint(5) + varint(3600000001) + b"\0"), "ACK-2"),
            (frame("RECOVERED", acknowledgement([1], 5)), "delay that is not 0"), (frame("TOKEN", bytes(65)), "token of 65 bytes"),
            (frame("CHALLENGE", bytes(7)), "7 bytes, not 8"), (frame("REPAIR", varint(1) + varint(2) + b"\x01\x01\x00\x01abc"), "RPR-1"),
            (frame("REPAIR", varint(1) + varint(2) + b"\x00\x01\x01\x01abc"), "RPR-1"), (frame("REPAIR", varint(1) + varint(9)), "but 0 are left"),
            (control(0, b"\x35\x00"), "no place here"), (control(0, varint(TYPES["PING"]) + varint(100000)), "no message begins here"),
            (control(0, frame("DATA", data(0, 0, 0, b"x"))), "no place here"), (frame("CONTROL", b""), "offset: missing"),
            (frame("PROGRESS", pack({0: 1, 1: 1})), "no place here"),
        ]
        for number, (body, _) in enumerate(cases):
            self.writer.udp(packet(ID + number, 0, body))
        for got, (body, text) in zip(self.dissected(), cases, strict=True):
            self.assertIn(text, " · ".join(got.marks()), body.hex())


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
            self.writer.udp(packet(ID + turn, turn, frame(name, damaged(rng, body or b"\0")), control(0, frame("PING", broken))))
        self.assert_no_crash()

    def test_damaged_segments_and_datagrams_never_crash_the_dissector(self):
        rng = random.Random(self.SEED)
        for turn in range(300):
            name, body, _, _ = rng.choice(MESSAGES)
            self.writer.tcp(damaged(rng, stream_frame(name, pack(body))), source=(CLIENT, 10000 + turn % 50))
            inner = damaged(rng, frame("ACK", acknowledgement([1, 2, 5], 9)) + control(rng.randrange(60), frame(name, pack(body))))
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


@contextlib.contextmanager
def running(*command, **more):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def read_until(process, pattern, timeout_s=20):
    """The first match in what the process prints."""
    text, deadline = "", time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 0.2)[0]:
            piece = os.read(process.stdout.fileno(), 4096).decode()
            text += piece
            found = re.search(pattern, text)
            if found:
                return found
            if not piece:
                break
    raise AssertionError(f"no {pattern!r} in {text!r}")


class RealTransfers(DissectorTest):
    """The programs' own bytes, from the loopback interface."""

    def setUp(self):
        super().setUp()
        self.program = PROGRAMS / "kvferry"
        if not self.program.exists():
            self.skipTest(f"no {self.program}")
        if os.geteuid() != 0 or not shutil.which("dumpcap"):
            self.skipTest("captures need root and dumpcap")
        tried = subprocess.run(["dumpcap", "-i", "lo", "-a", "duration:1", "-w", str(self.folder / "tried.pcapng")],
                               capture_output=True, text=True, timeout=60)
        if tried.returncode:
            self.skipTest("no capture on lo: " + tried.stderr.strip().splitlines()[-1])

    def captured_transfer(self, payloads, *transport):
        """The pcap of one fetch of this card."""
        held = self.folder / "sample.card"
        held.write_bytes(card(payloads))
        (self.folder / "in").mkdir(exist_ok=True)
        pcap = self.folder / "real.pcapng"
        with running(self.program, "serve", held, "--listen", "127.0.0.1:0", "--insecure", *transport) as server:
            address = read_until(server, r"127\.0\.0\.1:(\d+)")
            with running("dumpcap", "-q", "-i", "lo", "-B", "64", "-f", f"port {address[1]}", "-w", pcap) as dumpcap:
                read_until(dumpcap, "File: ")
                fetched = subprocess.run([self.program, "fetch", address[0], "--document", "sample", "--into", self.folder / "in",
                                          "--insecure", *transport], capture_output=True, text=True, timeout=120)
                self.assertEqual(fetched.returncode, 0, fetched.stderr)
                time.sleep(1)  # the kernel hands packets on in blocks
        return pcap, address[1]

    def check(self, payloads, port, pcap, transport):
        ports = ["-d", f"{transport}.port=={port},kvferry"]
        fields = ["kvferry.frame.name", "kvferry.data.chunk", "kvferry.data.offset", "kvferry.data.length", "kvferry.crc.status"]
        rows = field_rows(pcap, fields, *ports)
        names = {name for row in rows for name in row[0]}
        self.assertLessEqual({"HELLO", "REQUEST", "MANIFEST", "PAGE", "DATA", "CONFIRM"}, names)
        self.assertLessEqual(names - set(TYPES), {"reserved (ignored)"})
        covered = {(chunk, offset, length) for row in rows for chunk, offset, length in zip(*row[1:4])}
        self.assertEqual(self.payload_bytes(covered), [len(payload) for payload in payloads])
        self.assertEqual({status for row in rows for status in row[4]}, {"1"})
        severe = " || ".join("kvferry.expert." + name for name in SEVERE)
        wrong = tshark(pcap, *ports, "-Y", f"{severe} || _ws.malformed || _ws.lua.error || kvferry.unknown_key || kvferry.wrong_type")
        self.assertEqual(wrong, "")
        return rows

    def payload_bytes(self, covered):
        """How many bytes of each chunk there are, each counted once."""
        sizes = {}
        for chunk, offset, length in sorted((tuple(map(int, piece)) for piece in covered)):
            end = sizes.get(chunk, 0)
            self.assertLessEqual(offset, end, f"a gap in chunk {chunk}")
            sizes[chunk] = max(end, offset + length)
        return [sizes[chunk] for chunk in sorted(sizes)]

    def transports(self):
        help_text = subprocess.run([self.program, "serve", "--help"], capture_output=True, text=True, timeout=60).stdout
        if "--transport" not in help_text:
            return {"tcp": []}
        return {"tcp": ["--transport", "tcp"], "udp": ["--transport", "udp"]}

    def test_a_small_card_and_one_of_two_megabytes_leave_nothing_unnamed(self):
        rng = random.Random(1)
        for transport, arguments in self.transports().items():
            for sizes in ([1, 20, 300], [700000, 16384, 16385, 1, 1200000]):
                with self.subTest(transport=transport, sizes=sizes):
                    payloads = [rng.randbytes(size) for size in sizes]
                    pcap, port = self.captured_transfer(payloads, *arguments)
                    self.check(payloads, port, pcap, transport)


def main():
    global PROGRAMS
    PROGRAMS = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
