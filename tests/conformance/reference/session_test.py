# SPDX-License-Identifier: MIT
"""Sections 10 and 11: a server and a client, talked to by hand on a stream."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from reference.card import make_card  # noqa: E402
from reference.frames import encode_frame  # noqa: E402
from reference.manifest import Table  # noqa: E402
from reference.messages import OBEYS_HELD, READS_PROGRESS, encode_message  # noqa: E402
from reference.pair import HELLO, Link, Stranger, message_frame  # noqa: E402
from reference.receiver import Receiver  # noqa: E402
from reference.session import LIMITS, Session, Settings  # noqa: E402
from reference.source import Source  # noqa: E402
from reference.transfer import STATES  # noqa: E402

CARD = make_card([500, 400, 300, 200, 100], levels=[0, 0, 1, 1, 2])
SMALL_CREDIT = {**LIMITS, "chunk_bytes": 500, "credit": 500}


def stranger(**options):
    return Stranger(CARD, **options).greet()


class Connection(unittest.TestCase):
    def test_both_greet_first_and_once(self):  # CON-1
        self.assertEqual(Stranger(CARD).say("PING", nonce=1).code, 4)
        self.assertEqual(stranger().say("HELLO", **HELLO).code, 4)
        self.assertEqual(Stranger(CARD).greet(magic="other").code, 1)
        self.assertEqual(Stranger(CARD).listen().names(), ["HELLO"])

    def test_versions_and_limits(self):  # CON-2, LIM-1
        self.assertEqual(Stranger(CARD).greet(versions=[2, 3]).code, 6)
        self.assertIsNone(Stranger(CARD).greet(versions=[1, 9]).code)
        self.assertEqual(Stranger(CARD).greet(limits={**LIMITS, "credit": 1}).code, 1)

    def test_a_greeting_goes_before_the_error(self):
        self.assertEqual(Stranger(CARD).say("PING", nonce=1).names(), ["HELLO", "ERROR"])

    def test_ping_is_answered(self):  # CON-5
        self.assertEqual(stranger().say("PING", nonce=7).last("PONG"), {"nonce": 7})

    def test_timeouts(self):  # CON-4
        self.assertEqual(Stranger(CARD).wait(9.9).code, None)
        self.assertEqual(Stranger(CARD).wait(10).code, 9)
        silent = Stranger(CARD).greet(idle_ms=6000).wait(1.9)
        self.assertNotIn("PING", silent.names())
        self.assertIn("PING", silent.wait(0.1).names())
        self.assertEqual(silent.wait(28).code, 8)

    def test_the_end(self):  # CON-6, STR-4
        ended = stranger().say("GOODBYE", code=0, reason="")
        count = len(ended.heard)
        self.assertEqual((ended.say("PING", nonce=1).code, len(ended.heard)), (0, count))
        lost = stranger()
        lost.connection.handle_end()
        self.assertEqual(lost.code, 10)

    def test_progress_goes_to_who_reads_it(self):  # STR-5
        for features, expected in ((1, False), (1 | READS_PROGRESS, True)):
            client = Stranger(None, session=Session(True, 0)).greet(features=features)
            client.connection.session.request("notes", 0)
            card = make_card([100_000])
            client.say("MANIFEST", transfer=0, root=card.table.root_bytes)
            client.say("PAGE", transfer=0, index=0, page=card.table.pages[0])
            client.give(0, 0, 0, card.payloads[0])
            self.assertEqual("PROGRESS" in client.names(), expected)


class Frames(unittest.TestCase):
    def test_unknown_types(self):  # FRM-1, FRM-2, FRM-3, VER-1
        self.assertEqual(stranger().feed(encode_frame(0x43, b"")).code, 5)
        self.assertEqual(stranger().feed(encode_frame(0x31, b"")).code, 5)
        self.assertEqual(stranger().feed(encode_frame(0x00, b"")).code, 5)
        self.assertIsNone(stranger().feed(encode_frame(0x5E, bytes(64 << 10))).code)
        self.assertEqual(stranger().feed(encode_frame(0x5E, bytes((64 << 10) + 1))[:20]).code, 3)
        self.assertEqual(stranger().feed(bytes.fromhex("1dbfffffff00000000")).code, 3)

    def test_checksum(self):  # STR-1
        frame = bytearray(message_frame("PING", nonce=1))
        frame[3] ^= 1
        self.assertEqual(stranger().feed(bytes(frame)).code, 2)

    def test_data_outside(self):  # FRM-4, STR-2
        for chunk, offset, data, code in ((5, 0, b"1", 1), (0, 500, b"1", 1), (0, 0, b"", 1), (0, 1, b"1", 1)):
            self.assertEqual(receiving().give(0, chunk, offset, data).code, code)
        begun = receiving().give(0, 0, 0, CARD.payloads[0][:10])
        self.assertEqual(begun.give(0, 1, 0, CARD.payloads[1]).code, 1)

    def test_long_forms(self):  # PRM-1
        self.assertEqual(stranger().feed(bytes.fromhex("401d 00 00000000")).code, 1)


def receiving(settings=None, **options):
    """A stranger who is the source of a client's transfer 0, up to the pages."""
    options.setdefault("document", "notes")
    client = Stranger(None, session=Session(True, 0, settings=settings)).greet()
    client.receiver = client.connection.session.request(options.pop("document"), 0, **options)
    client.listen()
    client.say("MANIFEST", transfer=0, root=CARD.table.root_bytes)
    return client.say("PAGE", transfer=0, index=0, page=CARD.table.pages[0])


class SourceSide(unittest.TestCase):
    def test_sends_manifest_pages_and_chunks_in_order(self):  # TRF-4, MAN-4
        asked = stranger().ask()
        self.assertEqual(asked.names(), ["HELLO", "MANIFEST", "PAGE"] + ["DATA"] * 5)
        self.assertEqual([data[1] for name, data in asked.heard if name == "DATA"], [0, 1, 2, 3, 4])
        self.assertEqual(asked.say("CONFIRM", transfer=0, count=5, card=CARD.digest).code, None)
        self.assertEqual(asked.say("CONFIRM", transfer=0, count=5, card=CARD.digest).code, None)  # TRF-1: ended

    def test_numbers(self):  # TRF-1
        self.assertEqual(stranger().ask(transfer=2).code, 4)
        self.assertEqual(stranger().ask(transfer=1).code, 4)
        self.assertEqual(stranger().say("STOP", transfer=0, count=0).code, 4)
        self.assertEqual(stranger().ask().ask().code, 4)

    def test_busy(self):  # TRF-2
        asked = Stranger(CARD)
        asked.connection.session.settings.limits["transfers"] = 1
        asked.greet().ask().ask(transfer=2)
        self.assertEqual((asked.last("REFUSE")["transfer"], asked.last("REFUSE")["code"]), (2, 7))

    def test_held_and_partial_are_spared(self):  # TRF-7, TRF-20
        asked = stranger().ask(card=CARD.digest, held=[(0, 2), (4, 9)], partial=[(2, 100)])
        self.assertEqual(asked.chunks(), {2: 200, 3: 200})
        self.assertEqual(stranger().ask(held=[(0, 1)]).code, 1)

    def test_known_by_a_base(self):  # TRF-7
        base = make_card([500, 400], seed=1)
        asked = stranger(bases=[base]).ask(bases=base.digest)
        shared = [chunk for chunk in range(2) if base.payloads[chunk] == CARD.payloads[chunk]]
        self.assertEqual(asked.last("MANIFEST")["known"], [(0, 2)])
        self.assertEqual((shared, sorted(asked.chunks())), ([0, 1], [2, 3, 4]))
        self.assertIn(1, asked.say("RESEND", transfer=0, chunks=[(1, 2)]).chunks())  # TRF-8

    def test_manifest_first_waits(self):  # TRF-4
        asked = stranger().ask(manifest_first=True)
        self.assertEqual(asked.chunks(), {})
        self.assertEqual(sorted(asked.say("HAVE", transfer=0, chunks=[(1, 4)]).chunks()), [0, 4])

    def test_credit(self):  # TRF-9
        asked = Stranger(CARD).greet(limits=SMALL_CREDIT).ask()
        self.assertEqual(asked.chunks(), {0: 500})
        self.assertEqual(sorted(asked.say("CREDIT", transfer=0, credit=899).chunks()), [0])
        self.assertEqual(sorted(asked.say("CREDIT", transfer=0, credit=1000).chunks()), [0, 1])
        self.assertEqual(asked.say("CREDIT", transfer=0, credit=999).code, 1)

    def test_level_and_prefer(self):  # TRF-10, TRF-11
        asked = Stranger(CARD).greet(limits=SMALL_CREDIT).ask()
        asked.say("PREFER", transfer=0, chunks=[(3, 4)])
        asked.say("LEVEL", transfer=0, level=1)
        self.assertEqual(asked.last("SKIP"), {"transfer": 0, "chunks": [(4, 5)], "reason": 0})
        asked.say("CREDIT", transfer=0, credit=1 << 20)
        self.assertEqual(list(asked.chunks()), [0, 3, 1, 2])

    def test_budget(self):  # TRF-13
        asked = stranger().ask(budget=1000)
        self.assertEqual((list(asked.chunks()), asked.last("SKIP")["chunks"]), ([0, 1, 4], [(2, 4)]))
        self.assertEqual(asked.last("SKIP")["reason"], 2)

    def test_deadline(self):  # TRF-14
        asked = Stranger(CARD).greet(limits=SMALL_CREDIT).ask(deadline_us=1_000_000).wait(0.9)
        self.assertIsNone(asked.last("SKIP"))
        self.assertEqual(asked.wait(0.1).last("SKIP"), {"transfer": 0, "chunks": [(1, 5)], "reason": 1})
        self.assertEqual(list(asked.say("CREDIT", transfer=0, credit=1 << 20).chunks()), [0])

    def test_stop(self):  # TRF-17
        asked = Stranger(CARD).greet(limits=SMALL_CREDIT).ask().say("STOP", transfer=0, count=1)
        self.assertEqual(asked.last("END"), {"transfer": 0, "count": 1})
        self.assertEqual(asked.say("CREDIT", transfer=0, credit=1 << 20).code, 4)  # TRF-3

    def test_resend(self):  # TRF-8
        asked = stranger().ask().say("RESEND", transfer=0, chunks=[(1, 2)])
        self.assertEqual(asked.chunks()[1], 800)

    def test_another_card_confirmed(self):  # TRF-16
        self.assertEqual(stranger().ask().say("CONFIRM", transfer=0, count=5, card=bytes(32)).code, 4)

    def test_refusals(self):  # TRF-6
        other = {**CARD.table.root["model"], "layers": 5}
        for hello, request, code in (({}, {"card": bytes(32)}, 1), ({"limits": {**LIMITS, "chunks": 4}}, {}, 2),
                                     ({"limits": {**LIMITS, "chunk_bytes": 499}}, {}, 2), ({"codecs": [1]}, {}, 4),
                                     ({"model": other}, {}, 3), ({"model": other, "features": 4}, {}, None),
                                     ({}, {"quality": 0.5}, 5)):
            refused = Stranger(CARD).greet(**hello).ask(**request).last("REFUSE")
            self.assertEqual(refused and refused["code"], code, (hello, request))

    def test_stalls(self):  # TRF-19
        asked = Stranger(CARD)
        asked.connection.session.settings.idle_ms = 0
        asked.greet().ask().wait(60)
        self.assertEqual(asked.last("CANCEL")["code"], 9)

    def test_urgency(self):  # TRF-10
        asked = Stranger(CARD).greet(limits=SMALL_CREDIT)
        for number, urgency in ((0, 3), (2, 1)):
            asked.ask(transfer=number, urgency=urgency)
        asked.heard.clear()
        asked.connection.handle_bytes(message_frame("CREDIT", transfer=0, credit=900)
                                      + message_frame("CREDIT", transfer=2, credit=900), 0)
        self.assertEqual([data[0] for name, data in asked.listen().heard if name == "DATA"], [2, 0])


class ReceiverSide(unittest.TestCase):
    def test_takes_a_card_and_confirms(self):  # TRF-9, TRF-15, TRF-16
        client = receiving(Settings(limits=dict(SMALL_CREDIT)))
        for chunk, payload in enumerate(CARD.payloads):
            client.give(0, chunk, 0, payload)
        self.assertEqual(client.last("CREDIT")["credit"], 500 + 1500)
        client.receiver.confirm()
        self.assertEqual(client.listen().last("CONFIRM"), {"transfer": 0, "count": 5, "card": CARD.digest})

    def test_more_than_the_credit(self):  # TRF-9
        client = receiving()
        client.receiver.credit = 499
        self.assertEqual(client.give(0, 0, 0, CARD.payloads[0][:1]).code, 3)

    def test_a_damaged_chunk_is_asked_for_twice(self):  # TRF-8
        client = receiving()
        for _ in range(2):
            client.give(0, 0, 0, bytes(500))
        self.assertEqual(client.names().count("RESEND"), 2)
        client.give(0, 0, 0, bytes(500))
        self.assertEqual(client.last("REJECT")["code"], 6)

    def test_skipped_is_not_missing(self):  # TRF-12, TRF-15
        client = receiving().give(0, 0, 0, CARD.payloads[0])
        client.say("SKIP", transfer=0, chunks=[(0, 5)], reason=3)
        self.assertEqual(client.receiver.state, "verified")
        self.assertEqual(list(client.receiver.payloads), [0])

    def test_stop(self):  # TRF-17, TRF-16
        client = receiving().give(0, 0, 0, CARD.payloads[0])
        client.receiver.stop()
        self.assertEqual(client.listen().last("STOP")["count"], 1)
        client.give(0, 1, 0, CARD.payloads[1]).say("END", transfer=0, count=2)
        client.receiver.confirm()
        self.assertEqual(client.listen().last("CONFIRM")["count"], 2)

    def test_manifest_first_names_what_a_base_has(self):  # TRF-7
        base = make_card([500, 400], seed=1)
        client = receiving(bases=[base], manifest_first=True)
        self.assertEqual(client.last("HAVE")["chunks"], [(0, 2)])
        self.assertEqual(client.give(0, 0, 0, CARD.payloads[0]).code, None)  # repeated

    def test_what_does_not_fit_is_rejected(self):  # TRF-5
        delta = make_card([10], base=bytes(32))
        for settings, card, options, code in (
                (Settings(limits={**LIMITS, "chunks": 4}), CARD, {}, 2),
                (Settings(limits={**LIMITS, "root_bytes": 9}), CARD, {}, 2),
                (Settings(codecs=(1,)), CARD, {}, 4), (Settings(), CARD, {"card": bytes(32)}, 6), (Settings(), delta, {}, 8),
                (Settings(model={**CARD.table.root["model"], "layers": 5}), CARD, {}, 3)):
            client = Stranger(None, session=Session(True, 0, settings=settings)).greet()
            client.connection.session.request("notes", 0, **options)
            client.say("MANIFEST", transfer=0, root=card.table.root_bytes)
            self.assertEqual(client.last("REJECT")["code"], code)
        client = Stranger(None, session=Session(True, 0)).greet()
        client.connection.session.request("notes", 0)
        client.say("MANIFEST", transfer=0, root=CARD.table.root_bytes)
        self.assertEqual(client.say("PAGE", transfer=0, index=0, page=bytes(200)).last("REJECT")["code"], 6)

    def test_resumes(self):  # TRF-20, section 11.4
        first = receiving().give(0, 0, 0, CARD.payloads[0])
        first.give(0, 1, 0, CARD.payloads[1][:150])
        have, prefixes = first.receiver.kept()
        link = Link(CARD)
        client = link.client.session
        receiver = client.request("notes", 0, have=have, prefixes=prefixes, card=CARD.digest, held=[(0, 1)],
                                  partial=[(1, 150)])
        self.assertTrue(link.run(lambda: receiver.state == "verified"))
        self.assertEqual(list(receiver.payloads.values()).count(CARD.payloads[1]), 1)
        self.assertEqual(client.payload_bytes, sum(map(len, CARD.payloads[1:])) - 150)

    def test_offers(self):  # section 11, OFFER
        client = Stranger(None, session=Session(True, 0)).greet()
        offer = dict(transfer=1, card=CARD.digest, document="notes", payload_bytes=1500, raw_bytes=6000)
        client.say("OFFER", **offer)
        receiver = client.connection.session.transfers[1]
        receiver.accept(held=[(1, 5)])
        client.listen().say("MANIFEST", transfer=1, root=CARD.table.root_bytes)
        client.say("PAGE", transfer=1, index=0, page=CARD.table.pages[0])
        self.assertIn("RESEND", client.names())  # what it named is not here
        offering = Stranger(None, session=Session(False, 0)).greet()
        offering.connection.session.offer(CARD, "notes", 0)
        offering.listen().say("ACCEPT", transfer=1, held=[(0, 4)])
        self.assertEqual(list(offering.chunks()), [4])


class States(unittest.TestCase):
    """Every frame in every state; what the table does not list ends the connection (TRF-3)."""

    SAMPLES = {"MANIFEST": dict(root=CARD.table.root_bytes), "PAGE": dict(index=0, page=CARD.table.pages[0]),
               "HAVE": dict(chunks=[]), "RESEND": dict(chunks=[]), "PREFER": dict(chunks=[]), "CREDIT": dict(credit=1 << 30),
               "LEVEL": dict(level=9), "SKIP": dict(chunks=[], reason=0), "STOP": dict(count=0), "END": dict(count=0),
               "CONFIRM": dict(count=5, card=CARD.digest), "ACCEPT": dict(held=[]),
               **{name: dict(reason="", code=0) for name in ("REJECT", "CANCEL", "REFUSE")}}

    def in_state(self, state):
        """A stranger whose transfer 0 is in that state."""
        one = Stranger(CARD).greet()
        session = one.connection.session
        if state in ("asked", "considering", "receiving", "stopping", "verified"):
            session.transfers[0] = Receiver(session, 0, state, 0, {})
            if state not in ("asked", "considering"):
                table = session.transfers[0].table = Table(CARD.table.root_bytes)
                table.add_page(0, CARD.table.pages[0])
        else:
            session.transfers[0] = Source(session, 0, state, 0, CARD, {})
        session.next_peer = 2
        return one

    def test_the_whole_table(self):
        for state, taken in STATES.items():
            for name, values in self.SAMPLES.items():
                if (state, name) == ("asked", "PAGE"):
                    continue  # before its MANIFEST
                one = self.in_state(state).say(name, transfer=0, **values)
                self.assertEqual(one.code, None if name in taken else 4, (state, name))
            one = self.in_state(state).give(0, 0, 0, CARD.payloads[0])
            self.assertEqual(one.code, None if "DATA" in taken else 4, (state, "DATA"))


class Settled(unittest.TestCase):
    def test_hello_says_something_meaningless(self):  # VER-1
        hello = Stranger(CARD).listen().last("HELLO")
        self.assertTrue(hello["features"] >> 32)
        self.assertTrue(128 <= hello["unknown"][0][0] < 144)
        self.assertTrue(hello["features"] & OBEYS_HELD)

    def test_greater_keys_are_ignored(self):  # PRM-5
        body = encode_message("PING", nonce=3, unknown=[(200, b"\x81\x00\xc0")])
        self.assertEqual(stranger().feed(encode_frame(0x1D, body)).last("PONG"), {"nonce": 3})


if __name__ == "__main__":
    unittest.main()
