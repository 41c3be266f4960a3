# SPDX-License-Identifier: MIT
"""Section 6: a server talked to by hand in packets, and two sides over a lossy link."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from reference.card import make_card  # noqa: E402
from reference.datagram import DatagramConnection  # noqa: E402
from reference.edge import Fetch  # noqa: E402
from reference.messages import encode_message  # noqa: E402
from reference.packets import (RETRY, VERSIONS, encode_ack, encode_packet, encode_packet_frame, parse_ack,  # noqa: E402
                               parse_packet, parse_packet_frames)
from reference.pair import HELLO, Link, PacketStranger, message_frame  # noqa: E402
from reference.paths import Path  # noqa: E402
from reference.primitives import varint  # noqa: E402
from reference.recovery import Sent  # noqa: E402
from reference.repair import encode_repair, make_repair  # noqa: E402
from reference.session import Session  # noqa: E402

CARD = make_card([500, 400, 300])
LARGE = make_card([40_000] * 5)


class First(unittest.TestCase):
    def test_small_first_datagrams_are_not_answered(self):  # ADR-1, PKT-1
        self.assertIsNone(PacketStranger(CARD).greet(size=1199).connection)
        damaged = bytearray(encode_packet(b"stranger", 0, bytes(1200)))
        damaged[-1] ^= 1
        self.assertIsNone(PacketStranger(CARD).feed(bytes(damaged)).connection)
        self.assertIsNone(PacketStranger(CARD).frames(("CONTROL", varint(9) + b"later"), size=1200).connection)
        self.assertIsNotNone(PacketStranger(CARD).greet().connection)

    def test_three_times_what_came(self):  # ADR-2, ADR-3
        asked = PacketStranger(LARGE).greet().wait(5)
        self.assertLessEqual(asked.heard_bytes, 3 * asked.sent_bytes)
        self.assertIn("CHALLENGE", asked.names())
        asked.frames(("RESPONSE", bytes(8)))
        self.assertLessEqual(asked.heard_bytes, 3 * asked.sent_bytes)
        asked.frames(("RESPONSE", asked.of("CHALLENGE")[-1])).wait(1)
        self.assertGreater(asked.heard_bytes, 3 * asked.sent_bytes)

    def test_challenges_are_given_up_after_twenty(self):  # ADR-3
        asked = PacketStranger(CARD).greet()
        for _ in range(15):
            asked.wait(2).frames(("PROBE", b""))
        self.assertEqual(asked.names().count("CHALLENGE"), 20)
        self.assertEqual(asked.code, 9)

    def test_a_challenge_is_answered_where_it_came_from(self):  # ADR-3
        asked = PacketStranger(CARD).greet().frames(("CHALLENGE", b"12345678"), address="there")
        self.assertIn(("RESPONSE", b"12345678", "there"), asked.heard)

    def test_retry(self):  # ADR-4
        asked = PacketStranger(CARD, retry=True).greet()
        self.assertIsNone(asked.connection)
        token = parse_packet(asked.unasked[0])[2]
        hello = varint(0) + message_frame("HELLO", False, **HELLO)
        asked.frames(("TOKEN", token), ("CONTROL", hello), size=1200)
        self.assertTrue(asked.connection.path.validated)
        other = PacketStranger(CARD, retry=True)
        self.assertIsNone(other.frames(("TOKEN", token), ("CONTROL", hello), size=1200, address="there").connection)

    def test_versions(self):  # ADR-7
        asked = PacketStranger(CARD).feed(bytes([0xA2]) + b"stranger" + bytes(1191))
        self.assertEqual(parse_packet(asked.unasked[0])[2], b"\xa1")
        self.assertEqual(PacketStranger(CARD).feed(bytes([0xA2]) + b"stranger" + bytes(1190)).unasked, [])


class Client(unittest.TestCase):
    def made(self):
        return DatagramConnection(Session(True, 0, datagrams=True), b"12345678", Path("server", True), True)

    def test_pads_until_it_has_heard(self):  # ADR-1
        for document in ("", "notes" * 30, "x" * 900, "y" * 1024):
            client = self.made()
            client.session.request(document, 0)
            while sent := client.poll(client.recovery.send_at):
                self.assertEqual(len(sent[0]), 1200)

    def test_every_padding_can_be_made(self):  # MTU-1
        for size in range(1080, 1180):
            client = self.made()
            client.session.out.clear()
            client.session.out.append((0x5E, bytes(size - 20)))
            self.assertEqual(len(client.poll(0)[0]), 1200, size)

    def test_asks_until_it_has_shown_its_address(self):  # ADR-8
        asked = Link(CARD, datagrams=True)
        asked.client.session.request("notes", 0)
        asked.run(lambda: asked.client.session.peer)
        client = asked.client
        client.has_answered, client.responses, client.path.address = False, [], "server"
        client.recovery.sent.clear()
        client.recovery.in_flight = 0
        self.assertIsNotNone(client.next_timeout())
        client.handle_timeout(client.recovery.probe_at(always=True))
        self.assertEqual(len(client.poll(client.recovery.asked_at)[0]), 1200)
        client.on_acknowledged([Sent(0, 0, 0, True, contents=[("response", b"", None)])])
        self.assertIsNone(client.recovery.probe_at(always=not client.is_proven()) if not client.recovery.in_flight else None)

    def test_follows_one_retry(self):  # ADR-4
        client = self.made()
        client.poll(0)
        client.handle_datagram(encode_packet(b"12345678", None, b"token", RETRY), "server", 1)
        client.handle_datagram(encode_packet(b"12345678", None, b"other", RETRY), "server", 2)
        frames = list(parse_packet_frames(parse_packet(client.poll(20_000)[0])[2]))
        self.assertIn(("TOKEN", 0x39, b"token"), frames)
        self.assertIn("CONTROL", [name for name, *_ in frames])

    def test_versions(self):  # ADR-7, ADR-6
        client = self.made()
        client.handle_datagram(encode_packet(b"12345678", None, b"\xa2\xa1", VERSIONS), "server", 1)
        client.handle_datagram(encode_packet(b"12345678", None, b"\xa2", VERSIONS), "elsewhere", 1)
        self.assertIsNone(client.session.code)
        client.handle_datagram(encode_packet(b"12345678", None, b"\xa2", VERSIONS), "server", 1)
        self.assertEqual(client.session.code, 6)


class Packets(unittest.TestCase):
    def test_numbers_rise_with_gaps(self):  # PKT-3, PKT-4
        link = Link(LARGE, datagrams=True)
        link.client.session.request("notes", 0)
        link.run(lambda: link.server.next_number > 150)
        self.assertGreater(len(link.server.skipped), 0)

    def test_acknowledges(self):  # ACK-1
        asked = PacketStranger(CARD).greet()
        asked.heard.clear()
        self.assertNotIn("ACK", asked.frames(("PROBE", b"")).names())
        self.assertIn("ACK", asked.frames(("PROBE", b"")).names())
        asked.heard.clear()
        self.assertIn("ACK", asked.frames(("PROBE", b"")).wait(0.025).names())
        asked.heard.clear()
        asked.number += 1
        self.assertIn("ACK", asked.frames(("PROBE", b"")).names())
        self.assertEqual(parse_ack(encode_ack(*parse_ack(encode_ack([(0, 2), (5, 9)], 7)))), ([(0, 2), (5, 9)], 7))

    def test_acks_of_what_was_not_sent(self):  # PKT-4, ACK-2
        asked = PacketStranger(CARD).greet()
        self.assertEqual(asked.frames(("ACK", encode_ack([(0, 1000)], 0))).code, 7)
        asked = PacketStranger(CARD).greet()
        self.assertEqual(asked.frames(("ACK", encode_ack([(0, 1)], 3601 * 10**6))).code, 1)

    def test_repeated_packets_are_ignored(self):  # PKT-5
        asked = PacketStranger(CARD)
        asked.greet().number = 1
        asked.say(("PING", dict(nonce=5))).number = 1
        asked.offset = 0
        self.assertIsNone(asked.say(("HELLO", HELLO)).code)

    def test_frames_that_have_no_place(self):  # FRM-1, PKT
        for kind, code in ((0x01, 5), (0x43, 5), (0x45, 5), (0x42, None), (0x02, None)):
            asked = PacketStranger(CARD).greet()
            frames = varint(kind) + varint(1) + b"x"
            asked.feed(encode_packet(b"stranger", 9, frames))
            self.assertEqual(asked.code, code)
        asked = PacketStranger(CARD).greet()
        self.assertEqual(asked.feed(encode_packet(b"stranger", 9, b"\x35\x05x")).code, 1)

    def test_bounds_on_what_is_kept(self):  # PKT-6
        asked = PacketStranger(CARD).greet()
        asked.frames(("CONTROL", varint(3 << 20) + b"far"))
        self.assertTrue(asked.connection.received.is_new(asked.number - 1))

    def test_control_in_any_order(self):
        asked = PacketStranger(CARD).greet()
        ping = message_frame("PING", False, nonce=9)
        asked.frames(("CONTROL", varint(asked.offset + 2) + ping[2:]))
        self.assertNotIn(b"\x81\x00\x09", b"".join(asked.of("CONTROL")[-1][1:]))
        asked.frames(("CONTROL", varint(asked.offset) + ping[:2])).wait(0.1)
        self.assertTrue(any(part[1].endswith(b"\x81\x00\x09") for part in asked.of("CONTROL")))

    def test_the_end_is_answered_one_for_one(self):  # CON-6
        asked = PacketStranger(CARD).greet().say(("GOODBYE", dict(code=0, reason="")))
        self.assertEqual(asked.names()[-2:], ["ACK", "CLOSE"])
        count = asked.names().count("CLOSE")
        asked.frames(("PROBE", b"")).frames(("ACK", encode_ack([(0, 1)], 0)))
        self.assertEqual(asked.names().count("CLOSE"), count + 1)

    def test_a_server_follows_the_client(self):  # ADR-6
        asked = PacketStranger(LARGE).greet()
        asked.frames(("RESPONSE", asked.of("CHALLENGE")[-1]))
        asked.wait(0.1).heard.clear()
        asked.frames(("PROBE", b""), address="there", size=1200).wait(0.2)
        self.assertEqual({address for _, _, address in asked.heard}, {"there"})
        self.assertIn("CHALLENGE", asked.names())
        asked.wait(29)
        self.assertEqual(asked.heard[-1][2], "here")


class Sizes(unittest.TestCase):
    def found(self, most):
        link = Link(make_card([100_000] * 5), datagrams=True)
        link.most_size = most
        link.server.recovery.threshold = 20_000  # so that it takes some round trips
        receiver = link.client.session.request("notes", 0)
        self.assertTrue(link.run(lambda: receiver.state == "verified"))
        return link.server

    def test_greater_ones_are_found(self):  # MTU-1
        self.assertEqual(self.found(1452).sizes.size, 1452)
        self.assertEqual(self.found(1200).sizes.size, 1200)
        self.assertTrue(1350 < self.found(1400).sizes.size <= 1400)

    def test_the_search_costs_no_window(self):  # MTU-1
        self.assertEqual(self.found(1200).recovery.reduced_at, -1)


class Loss(unittest.TestCase):
    def fetched(self, **options):
        link = Link(LARGE, datagrams=True, **options)
        receiver = link.client.session.request("notes", 0)
        self.assertTrue(link.run(lambda: receiver.state == "verified"), f"seed {options}")
        receiver.confirm()
        link.client.session.end(0, "done")
        self.assertTrue(link.run(lambda: link.server.session.state == link.client.session.state == "closed"))
        self.assertEqual((link.server.session.code, link.client.session.code), (0, 0))
        return link

    def test_transfers_whatever_is_lost(self):  # LOS-1, PKT-3
        for seed in range(6):
            self.fetched(loss=0.1, seed=seed)
        self.fetched(loss=0.25, seed=7)

    def test_repair(self):  # RPR-2, CNG-2
        link = self.fetched(loss=0.08, seed=3, repair=True)
        self.assertGreater(len(link.client.repairs.frames), 0)

    def test_repair_is_named_and_not_acknowledged(self):  # RPR-1, RPR-2
        asked = PacketStranger(CARD).greet()
        lost = encode_packet_frame("CONTROL", varint(asked.offset) + message_frame("PING", False, nonce=9))
        first = encode_packet_frame("PROBE", b"")
        asked.feed(encode_packet(b"stranger", 1, first))
        repair = make_repair([(1, first), (2, lost)], 1)[0]
        asked.feed(encode_packet(b"stranger", 3, encode_packet_frame("REPAIR", encode_repair(repair)))).wait(0.1)
        self.assertEqual(asked.of("RECOVERED"), [([(2, 3)], 0)])
        self.assertFalse(any(low <= 2 < high for low, high in asked.of("ACK")[-1][0]))
        self.assertTrue(any(part[1].endswith(b"\x81\x00\x09") for part in asked.of("CONTROL")))

    def test_losses_shrink_the_window(self):  # CNG-1
        link = Link(LARGE, datagrams=True)
        link.client.session.request("notes", 0)
        link.run(lambda: len(link.server.recovery.sent) > 5 and link.server.path.validated)
        recovery = link.server.recovery
        before, newest = recovery.window, max(recovery.sent)
        recovery.on_ack([(newest, newest + 1)], 0, link.now + 10_000)
        self.assertLess(recovery.window, before)

    def test_small_datagrams_after_three_timeouts(self):  # MTU-2
        link = Link(LARGE, datagrams=True)
        link.client.session.request("notes", 0)
        link.run(lambda: link.server.heard and link.server.path.validated)
        link.loss = 1.0
        link.run(lambda: link.server.recovery.timeouts >= 4)
        self.assertEqual(link.server.sizes.size, 512)
        link.server.probes = 1
        self.assertLessEqual(len(link.server.poll(link.now)[0]), 512)

    def test_a_failing_fetch_says_why(self):
        link = Link(CARD, datagrams=True)
        job = Fetch(link.client.session, 0, "notes", "/nowhere", card=bytes(32))
        link.run(lambda: link.client.session.events)
        job.handle_events(link.now)
        self.assertEqual(job.failure, "another card")
        self.assertIn(b"code", encode_message("CLOSE", code=0, reason="code"))


if __name__ == "__main__":
    unittest.main()
