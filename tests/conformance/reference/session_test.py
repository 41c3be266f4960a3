# SPDX-License-Identifier: MIT
"""Sections 10 and 11: a server and a client, talked to by hand on a stream."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from reference.card import make_card  # noqa: E402
from reference.frames import encode_frame  # noqa: E402
from reference.manifest import Table  # noqa: E402
from reference.messages import OBEYS_HELD, READS_PROGRESS, encode_message, parse_message  # noqa: E402
from reference.pair import HELLO, Link, Stranger, message_frame  # noqa: E402
from reference.primitives import PeerError  # noqa: E402
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
        self.assertEqual(Stranger(CARD).say("ERROR", code=6, reason="").code, 6)
        self.assertEqual(Stranger(CARD).say("GOODBYE", code=0, reason="").code, 4)
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
        self.assertEqual(stranger().feed(encode_frame(0x45, b"")).code, 5)
        self.assertEqual(stranger().feed(encode_frame(0x31, b"")).code, 5)
        for greeted in (stranger(), Stranger(CARD)):  # before HELLO too
            self.assertIsNone(greeted.feed(encode_frame(0x00, b"")).feed(encode_frame(0x5E, bytes(64 << 10))).code)
        self.assertEqual(Stranger(CARD).feed(encode_frame(0x45, b"")).code, 5)
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
    def test_partial_has_to_fit(self):  # REQUEST key 9
        for partial in ([(0, 500)], [(5, 1)]):
            self.assertEqual(stranger().ask(card=CARD.digest, partial=partial).code, 1)

    def test_a_delta_is_given_to_who_named_its_base(self):  # TRF-6
        base = make_card([500, 400])
        delta = make_card([500, 400, 9], base=base.digest)
        for bases, code in ((None, 8), (CARD.digest, 8), (base.digest, None)):
            refused = Stranger(delta).greet().ask(card=delta.digest, bases=bases).last("REFUSE")
            self.assertEqual(refused and refused["code"], code)

    def test_what_is_skipped_costs_no_credit(self):  # TRF-9
        asked = Stranger(CARD).greet(limits=SMALL_CREDIT).ask(budget=700)
        self.assertEqual(list(asked.chunks()), [0])
        self.assertEqual(asked.last("SKIP")["chunks"], [(1, 3)])
        asked.say("CREDIT", transfer=0, credit=500 + 700 + 500)
        self.assertEqual(sorted(asked.chunks()), [0, 3])
        credit = asked.connection.session.transfers[0].credit
        self.assertEqual((credit.begun_bytes, credit.total), (500 + 400 + 300 + 200 + 100, 1700 + 100))

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
        self.assertEqual(asked.say("RESEND", transfer=0, chunks=[(0, 1)]).chunks(), {0: 1000, 1: 400})
        self.assertEqual(asked.say("CREDIT", transfer=0, credit=999).code, 1)

    def test_level_and_prefer(self):  # TRF-10, TRF-11
        asked = Stranger(CARD).greet(limits=SMALL_CREDIT).ask()
        asked.say("PREFER", transfer=0, chunks=[(3, 4)])
        asked.say("LEVEL", transfer=0, level=1)
        self.assertIsNone(asked.last("SKIP"))  # it has not come to them
        asked.say("CREDIT", transfer=0, credit=1 << 20)
        self.assertEqual(list(asked.chunks()), [0, 3, 1, 2])
        self.assertEqual(asked.last("SKIP"), {"transfer": 0, "chunks": [(4, 5)], "reason": 0})

    def test_budget(self):  # TRF-13
        asked = stranger().ask(budget=1000)
        self.assertEqual((list(asked.chunks()), asked.last("SKIP")["chunks"]), ([0, 1, 4], [(2, 4)]))
        self.assertEqual(asked.last("SKIP")["reason"], 2)
        self.assertEqual(asked.say("RESEND", transfer=0, chunks=[(0, 3)]).chunks(), {0: 1000, 1: 800, 4: 100})  # TRF-12

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
        waiting = {**LIMITS, "chunk_bytes": 500, "credit": 500}
        asked.greet(limits=waiting).ask().wait(59.9)
        self.assertIsNone(asked.last("CANCEL"))
        self.assertEqual(asked.wait(0.1).last("CANCEL")["code"], 9)
        asked = Stranger(CARD)
        asked.connection.session.settings.idle_ms = 0
        asked.greet().ask().wait(599.9)  # for the verdict
        self.assertIsNone(asked.last("CANCEL"))
        self.assertEqual(asked.wait(0.1).last("CANCEL")["code"], 9)

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
        client.receiver.credit.total = 499
        self.assertEqual(client.give(0, 0, 0, CARD.payloads[0][:1]).code, 3)

    def test_a_damaged_chunk_is_asked_for_twice(self):  # TRF-8
        client = receiving()
        for _ in range(2):
            client.give(0, 0, 0, bytes(500))
        self.assertEqual(client.names().count("RESEND"), 2)
        client.give(0, 0, 0, bytes(500))
        self.assertEqual(client.last("REJECT")["code"], 6)

    def test_damage_is_given_back_once(self):  # TRF-9
        client = receiving().give(0, 0, 0, bytes(500))
        self.assertNotIn("CREDIT", client.names())
        client.say("SKIP", transfer=0, chunks=[(0, 1)], reason=3)
        self.assertEqual(client.last("CREDIT")["credit"], LIMITS["credit"] + 500)

    def test_skipped_is_not_missing(self):  # TRF-12, TRF-15
        client = receiving().give(0, 0, 0, CARD.payloads[0])
        client.say("SKIP", transfer=0, chunks=[(0, 5)], reason=3)
        self.assertEqual(client.receiver.state, "verified")
        self.assertEqual(list(client.receiver.payloads), [0])

    def test_credit_of_what_is_skipped_or_held(self):  # TRF-9
        client = receiving().say("SKIP", transfer=0, chunks=[(0, 1)], reason=3)
        total = LIMITS["credit"] + 500
        self.assertEqual(client.last("CREDIT")["credit"], total)
        client.give(0, 1, 0, CARD.payloads[1][:9]).say("SKIP", transfer=0, chunks=[(1, 2)], reason=3)
        self.assertEqual(client.last("CREDIT")["credit"], total + 400)
        self.assertEqual(client.receiver.credit.begun_bytes, 900)
        client = receiving(have={2: CARD.payloads[2]})
        client.give(0, 2, 0, CARD.payloads[2][:9]).give(0, 2, 9, CARD.payloads[2][9:])
        self.assertEqual((client.code, client.last("CREDIT")["credit"]), (None, LIMITS["credit"] + 300))

    def test_data_of_what_is_not_missing_is_ignored(self):  # STR-2
        client = receiving(have={2: CARD.payloads[2]}).give(0, 0, 0, CARD.payloads[0])
        client.say("SKIP", transfer=0, chunks=[(1, 2)], reason=3)
        for chunk in range(3):
            self.assertIsNone(client.give(0, chunk, 50, b"any").code)
        self.assertEqual(client.say("SKIP", transfer=0, chunks=[(5, 6)], reason=3).code, 1)  # TRF-7

    def test_pages_in_any_order(self):  # TRF-4
        card = make_card([10] * 300)
        client = Stranger(None, session=Session(True, 0)).greet()
        client.connection.session.request("notes", 0)
        client.say("MANIFEST", transfer=0, root=card.table.root_bytes)
        for index in (2, 0, 2, 1):
            client.say("PAGE", transfer=0, index=index, page=card.table.pages[index])
        self.assertEqual((client.code, client.connection.session.transfers[0].state), (None, "receiving"))

    def test_chunks_that_the_card_does_not_have(self):  # TRF-5
        client = receiving(card=CARD.digest, partial=[(1, 400)])
        self.assertEqual(client.last("REJECT")["code"], 0)
        client = Stranger(None, session=Session(True, 0)).greet()
        client.connection.session.request("notes", 0)
        client.say("MANIFEST", transfer=0, root=CARD.table.root_bytes, known=[(4, 6)])
        self.assertEqual(client.last("REJECT")["code"], 0)

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
                (Settings(codecs=(1,)), CARD, {}, 4), (Settings(), CARD, {"card": bytes(32)}, 1), (Settings(), delta, {}, 8),
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
        receiver.accept(0, held=[(1, 5)])
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


class Eager(unittest.TestCase):
    """TRF-21."""

    OFFER = dict(transfer=0, card=CARD.digest, document="notes", payload_bytes=1500, raw_bytes=6000, eager=True)

    def offered(self, eager_bytes=4096, pages=True, card=CARD):
        one = Stranger(None, session=Session(False, 0, settings=Settings(limits={**LIMITS, "eager_bytes": eager_bytes})))
        one.greet().say("OFFER", **{**self.OFFER, "card": card.digest})
        if one.code is None and pages:
            one.say("MANIFEST", transfer=0, root=card.table.root_bytes)
            one.say("PAGE", transfer=0, index=0, page=card.table.pages[0])
        return one

    def test_is_taken_before_it_is_accepted(self):
        one = self.offered()
        receiver = one.connection.session.transfers[0]
        for chunk in range(2):
            one.give(0, chunk, 0, CARD.payloads[chunk])
        one.give(0, 2, 0, CARD.payloads[2][:100])
        self.assertEqual((one.names(), receiver.state), (["HELLO"], "considering"))
        receiver.accept(0, held=[(2, 3)], have={2: CARD.payloads[2]})  # begun; ignored from here on
        self.assertEqual(one.listen().names(), ["HELLO", "ACCEPT", "CREDIT"])
        one.give(0, 2, 100, CARD.payloads[2][100:])
        for chunk in (3, 4):
            one.give(0, chunk, 0, CARD.payloads[chunk])
        self.assertEqual((one.code, receiver.state), (None, "verified"))
        self.assertEqual([receiver.payloads[chunk] for chunk in range(5)], CARD.payloads)

    def test_is_bounded_at_the_receiver(self):
        self.assertEqual(self.offered(0).code, 3)
        one = self.offered(500 + 64).give(0, 0, 0, CARD.payloads[0])
        self.assertIsNone(one.code)
        self.assertEqual(one.give(0, 1, 0, b"1").code, 3)
        self.assertEqual(self.offered(pages=False).give(0, 0, 0, b"1").code, 4)  # TRF-4

    def test_is_bounded_at_the_source(self):
        for eager_bytes, sent in ((0, 0), (64, 0), (164, 100), (64 + 500, 500), (128 + 510, 510), (1 << 20, 1500)):
            one = Stranger(None, session=Session(False, 0)).greet(limits={**LIMITS, "eager_bytes": eager_bytes})
            one.connection.session.offer(CARD, "notes", 0, eager=True)
            offer = one.listen().last("OFFER")
            self.assertEqual((sum(one.chunks().values()), "eager" in offer), (sent, eager_bytes > 64))
            self.assertEqual(one.last("MANIFEST") is not None, eager_bytes > 64)
            one.say("ACCEPT", transfer=1, held=[(0, 1), (4, 5)])
            begun = {chunk for chunk, _ in ((0, 1), (1, 501)) if sent > (0, 500)[chunk]}
            begun |= {4} if sent == 1500 else set()
            self.assertEqual(set(one.chunks()), begun | {1, 2, 3})
            self.assertEqual([name for name in one.names() if name == "MANIFEST"], ["MANIFEST"])

    def test_two_share_the_limit(self):
        one = Stranger(None, session=Session(False, 0)).greet(limits={**LIMITS, "eager_bytes": 1000})
        for _ in range(2):
            one.connection.session.offer(CARD, "notes", 0, eager=True)
        one.listen()
        frames = [data for name, data in one.heard if name == "DATA"]
        self.assertEqual(sum(len(data[3]) + 64 for data in frames), 1000)
        one.say("REFUSE", transfer=1, reason="", code=0)
        self.assertEqual({data[0] for name, data in one.heard[-1:] if name == "DATA"}, {3})

    def test_what_does_not_fit_is_refused(self):  # TRF-5, in the words that the source takes
        delta = make_card([10], base=CARD.digest)
        one = self.offered(card=delta)
        self.assertIsNone(one.last("REFUSE"))
        one.connection.session.transfers[0].accept(0)
        self.assertEqual(one.listen().last("REFUSE")["code"], 8)
        one = self.offered(pages=False).say("MANIFEST", transfer=0, root=delta.table.root_bytes)
        self.assertEqual(one.last("REFUSE")["code"], 1)

    def test_damage_is_asked_for_again_after_accept(self):  # TRF-8
        one = self.offered().give(0, 0, 0, bytes(500))
        self.assertNotIn("RESEND", one.names())
        one.connection.session.transfers[0].accept(0)
        self.assertEqual(one.listen().last("RESEND")["chunks"], [(0, 1)])


class Settled(unittest.TestCase):
    def test_usual_values_are_not_written_out(self):  # PRM-5
        request = {"transfer": 0, "document": "", "preset": "", "question": [], "held": []}
        for name, key, raw in (("REQUEST", 12, b"\x03"), ("REQUEST", 9, b"\xc4\x00"), ("REQUEST", 10, b"\xc4\x00"),
                               ("REQUEST", 11, b"\xc2"), ("ACCEPT", 2, b"\xc4\x00"), ("MANIFEST", 2, b"\xc4\x00"),
                               ("OFFER", 6, b"\xc2")):
            values = {"REQUEST": request, "ACCEPT": dict(transfer=0, held=[]), "MANIFEST": dict(transfer=0, root=b""),
                      "OFFER": {**Eager.OFFER, "eager": None}}[name]
            self.assertEqual(parse_message(name, encode_message(name, **values))["transfer"], 0)
            with self.assertRaises(PeerError, msg=(name, key)):
                parse_message(name, encode_message(name, **values, unknown=[(key, raw)]))
        self.assertNotIn("urgency", parse_message("REQUEST", encode_message("REQUEST", **request, urgency=3)))

    def test_nested_maps_are_closed_but_for_limits(self):  # PRM-5
        more = {"unknown": [(9, b"\xc0")]}
        self.assertIsNone(Stranger(CARD).greet(limits={**LIMITS, **more}).code)
        self.assertEqual(Stranger(CARD).greet(model={**CARD.table.root["model"], **more}).code, 1)
        self.assertEqual(Stranger(CARD).greet(limits={**LIMITS, "unknown": [(6, b"\x00")]}).code, 1)

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
