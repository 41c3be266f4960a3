# SPDX-License-Identifier: MIT
"""The datagram binding: every frame of packets, the control stream in pieces, what a peer has to reject."""

from capture import CLIENT, SERVER, DissectorTest
from wire_bytes import TYPES, acknowledgement, control, data, frame, manifest, pack, packet, special, varint
from wireshark_samples import AN_ERROR, HELLO, ID, IN_PACKETS, MESSAGES


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

    def test_packets_that_left_together_are_taken_apart(self):
        # A capture on the sending machine shows them as one datagram.
        packets = [packet(ID, number, frame("PADDING", bytes(60))) for number in range(64, 67)]
        packets.append(packet(ID, 67, frame("PROBE", b"")))
        self.writer.udp(b"".join(packets), (CLIENT, 1000), (SERVER, 2000))
        got, = self.dissected()
        self.assertEqual(got.values("kvferry.packet.number"), ["64", "65", "66", "67"])
        self.assertEqual(got.values("kvferry.frame.name"), ["PADDING"] * 3 + ["PROBE"])
        self.assertEqual((got.values("kvferry.crc.status"), got.marks()), (["1"] * 4, []))

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
        moved = ("10.9.9.9", 40002)  # ADR-6
        self.writer.udp(packet(ID, 1, control(20, hello[20:] + ping)), source=moved)
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
        note = f"bytes {len(hello)} to {len(hello) + 49} are not in the capture"
        self.assertIn(note, packets[2].values("kvferry.control.note"))

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
        cases = [  # FRM-1, PRM-1, section 6
            (frame("HELLO", pack(HELLO)), "no place here (FRM-1)"),
            (frame("PROGRESS", pack({0: 1, 1: 1})), "no place here (FRM-1)"),
            (frame(0x45, b""), "unknown critical type 0x45 (FRM-1)"),
            (frame("AFTER", b"\1"), "AFTER has no place here (FRM-1)"),
            (b"\x0d\x05abc", "a body of 5 bytes, but 3 are left"),
            (b"\x40", "type: 2 bytes"),
            (b"\x35\x40\x00", "shortest form"),
            (frame("ACK", varint(5) + varint(0) + varint(6)), "a range below packet number 0"),
            (frame("ACK", varint(5) + varint(0) + varint(1) + varint(3) + varint(0)), "a gap below packet number 0"),
            (frame("ACK", acknowledgement(range(0, 140, 2), 0)), "ACK-2"),
            (frame("ACK", varint(5) + varint(3600000001) + varint(0)), "ACK-2"),
            (frame("RECOVERED", acknowledgement([1], 5)), "delay that is not 0"),
            (frame("TOKEN", bytes(65)), "token of 65 bytes"),
            (frame("CHALLENGE", bytes(7)), "7 bytes, not 8"),
            (frame("REPAIR", varint(1) + varint(2) + b"\x01\x01\x00\x01abc"), "do not begin with the first (RPR-1)"),
            (frame("REPAIR", varint(1) + varint(2) + b"\x00\x01\x01\x01abc"), "no such repair symbol (RPR-1)"),
            (frame("REPAIR", varint(1) + varint(2) + b"\x00\x01\x00\x01ab"), "a symbol of 2 bytes (RPR-1)"),
            (frame("REPAIR", varint(1) + varint(5) + b"\x00\x01\x41\x00\x01\x00\x01abc"), "a block that is too wide (RPR-1)"),
            (frame("REPAIR", varint(1) + varint(9)), "covered numbers: 9 bytes, but 0"),
            (frame("CONTROL", b""), "offset: missing"),
            (control(0, frame("PROBE", b"")), "no place here (FRM-1)"),
            (control(0, frame("DATA", data(0, 0, 0, b"x"))), "no place here (FRM-1)"),
            (control(0, varint(TYPES["PING"]) + varint(100000)), "no message begins here"),
        ]
        for number, (body, _) in enumerate(cases):
            self.writer.udp(packet(ID + number, 0, body))
        for got, (body, text) in zip(self.dissected(), cases, strict=True):
            self.assertIn(text, " · ".join(got.marks()), body.hex())
