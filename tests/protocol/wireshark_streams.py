# SPDX-License-Identifier: MIT
"""The stream binding: every message, segments split anywhere, what a peer has to reject."""

import re

from capture import CLIENT, SERVER, DissectorTest, Writer, field_rows
from wire_bytes import MODEL, TYPES, curve, data, pack, page_entry, stream_frame, varint
from wireshark_samples import AN_ERROR, HELLO, MESSAGES, OF_STREAMS, PAGES, ROOT_BYTES


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
        pings = [stream_frame("PING", pack({0: n})) for n in range(30)]
        self.writer.tcp(stream_frame("HELLO", pack(HELLO)) + b"".join(pings))
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
        rows = field_rows(self.written(), ["kvferry.frame.name", "kvferry.data.length", "kvferry.crc.status"])
        rows = [row for row in rows if row[0]]
        self.assertEqual(rows[1:], [[["DATA", "PING"], [str((1 << 20) - 3)], ["1", "1"]]])

    def test_ports_are_preferences(self):
        split = {"source": (CLIENT, 40001), "target": (SERVER, 5555)}
        self.writer.tcp_split(stream_frame("PING", pack({0: 1})), [1], **split)
        self.assertEqual(self.dissected("-o", "kvferry.tcp_ports:5000-6000")[-1].info, "PING 1")
        self.assertEqual(self.dissected("-d", "tcp.port==5555,kvferry")[-1].info, "PING 1")
        self.assertNotIn("PING", self.dissected()[-1].info)

    def test_without_reassembly_what_is_not_there_is_told(self):
        ping = stream_frame("PING", pack({0: 1}))
        self.writer.tcp(ping + ping[:5])
        got, = self.dissected("-o", "tcp.desegment_tcp_streams:FALSE")
        self.assertEqual((got.info, got.marks()), ("PING 1", []))
        self.assertEqual(got.values("kvferry.undecoded"), [ping[:5].hex(":")])

    def test_types_of_later_versions_are_skipped_or_marked(self):
        # FRM-1, FRM-2, VER-1
        ping = stream_frame("PING", pack({0: 1}))
        self.writer.tcp(stream_frame(0x20 + 62, b"anything") + stream_frame(0x42, b"xyz") + ping)
        self.writer.tcp(stream_frame(0x45, b""))
        self.writer.tcp(stream_frame("PROBE", b""))
        self.writer.tcp(stream_frame("AFTER", b"\1"))
        skipped, critical, misplaced, after = self.dissected()
        self.assertEqual(skipped.info, "reserved (ignored), unknown type 0x42 (skipped), PING 1")
        self.assertEqual(skipped.marks(), [])
        self.assertIn("unknown critical type 0x45 (FRM-1)", critical.marks())
        self.assertIn("PROBE has no place here (FRM-1)", misplaced.marks())
        self.assertIn("AFTER has no place here (FRM-1)", after.marks())

    def test_a_wrong_checksum_is_marked(self):
        # STR-1
        flipped = bytearray(stream_frame("PING", pack({0: 1})))
        flipped[-1] ^= 1
        self.writer.tcp(bytes(flipped))
        got, = self.dissected()
        self.assert_fields(got, {"crc.status": ["0"], "nonce": ["0"]})
        self.assertRegex(got.marks()[0], "CRC32C differs: 0x[0-9a-f]{8}, computed 0x[0-9a-f]{8}")

    def test_what_is_not_allowed_is_marked(self):
        bare = {0: 0, 1: "", 2: "", 3: [], 4: b""}
        tables = page_entry(b"x", 0, 1, 0, 1, kind=3)
        cases = [  # PRM-1 to PRM-5, section 7
            ("PING", b"\x81\x00\xcc\x07", "shortest form"),
            ("PING", b"\x82\x00\x07\x00\x07", "keys are not ascending"),
            ("PING", b"\x82\x00\x07\xa1a\x07", "not an unsigned integer"),
            ("PING", b"\x81\x00\x07\x00", "bytes after the map"),
            ("PING", b"\x81\x00\xa17", "Nonce: text, not number"),
            ("PING", b"\x80", "Nonce: missing"),
            ("PING", b"\x91\x07", "not a map"),
            ("PING", b"\x81\x00\xd4\x00\x00", "extension"),
            ("PING", pack({0: 7, 1: [[[[[[]]]]]]}), "6 levels"),
            ("PING", b"\x81\x00\xa5", "text: 5 bytes, but 0"),
            ("PING", b"\xdf\xff\xff\xff\xff\x00", "more than bytes"),
            ("PING", b"\x81\x00\xdd\x7f\xff\xff\xff\x00", "more than bytes"),
            ("REFUSE", pack({0: 0, 1: "a\nb", 2: 0}), "control character"),
            ("REFUSE", pack({0: 0, 1: "a" * 1025, 2: 0}), "too long"),
            ("HAVE", pack({0: 0, 1: b"\x00\x01\x00\x01"}), "PRM-2"),
            ("HAVE", pack({0: 0, 1: b"\x00\x00"}), "PRM-2"),
            ("HAVE", pack({0: 0, 1: b"\x40\x01\x01"}), "gap: not in its shortest form"),
            ("HAVE", pack({0: 0, 1: b"\x00"}), "length: missing"),
            ("HAVE", pack({0: 0, 1: b"\xff" * 16}), "beyond 2^62"),
            ("LEVEL", pack({0: 0, 1: 256}), "out of its limits"),
            ("CONFIRM", pack({0: 0, 1: 1, 2: b"short"}), "not 32 bytes"),
            ("REQUEST", pack({**bare, 8: float("nan")}), "not finite"),
            ("REQUEST", pack({**bare, 9: varint(2) + varint(1) + varint(1) + varint(1)}), "not ascending"),
            ("REQUEST", pack({**bare, 11: False}), "not true"),
            ("REQUEST", pack({**bare, 12: 3}), "Urgency: its usual value"),
            ("REQUEST", pack({**bare, 10: b""}), "Base: its usual value"),
            ("HELLO", pack({**HELLO, 0: "other"}), 'not "kvferry"'),
            ("HELLO", pack({**HELLO, 1: 1}), "Version: number, not array"),
            ("HELLO", pack({**HELLO, 1: [2, 1]}), "not ascending"),
            ("HELLO", pack({**HELLO, 1: []}), "0 of them"),
            ("HELLO", pack({**HELLO, 7: {**MODEL, 9: 0}}), "does not have (PRM-5)"),
            ("DATA", data(0, 0, 0, b""), "FRM-4"),
            ("PAGE", pack({0: 0, 1: 0, 2: PAGES[0] + b"x"}), "digest: 32 bytes, but 1"),
            ("PAGE", pack({0: 0, 1: 0, 2: tables}), "MAN-3"),
            ("MANIFEST", pack({0: 0, 1: ROOT_BYTES + b"x"}), "after the root"),
            ("MANIFEST", pack({0: 0, 1: b""}), "value: 1 bytes"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 17: 0})}), "MAN-1"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 16: b""})}), "Quality curve: its usual value"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 16: curve((1, 1, 0.5))[:-1]})}), "top-1 agreement: 4 bytes, but 3"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 16: curve((1, 1, 0.5), (0, 1, 0.5))})}), "do not ascend (MAN-5)"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 16: curve((1, float("inf"), 0.5))})}), "KL divergence: out of"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 16: curve((1, -0.0, 0.5))})}), "KL divergence: out of"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 16: curve((1, 1, float("nan")))})}), "top-1 agreement: out of"),
            ("MANIFEST", pack({0: 0, 1: pack({0: 1, 16: curve(*[(1, 1, 0.5)] * 65)})}), "Quality curve: 65 of them"),
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
