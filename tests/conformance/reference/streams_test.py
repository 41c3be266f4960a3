# SPDX-License-Identifier: MIT
"""Section 5.2: data streams beside a control stream, talked to by hand and over a link on which they overtake each other."""

import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from reference.card import make_card  # noqa: E402
from reference.dropping import DATAGRAMS  # noqa: E402
from reference.edge import provider  # noqa: E402
from reference.frames import TYPES, FrameReader, encode_data, encode_frame, parse_after, parse_data, reserved_type  # noqa: E402
from reference.messages import TAKES_DATAGRAMS, parse_message  # noqa: E402
from reference.pair import HELLO, message_frame  # noqa: E402
from reference.primitives import varint  # noqa: E402
from reference.session import Session  # noqa: E402
from reference.streams import MOST_DATA_STREAMS, StreamsConnection  # noqa: E402

CARD = make_card([500, 400, 300], levels=[0, 1, 2])
ALL = tuple(range(1, MOST_DATA_STREAMS + 1))


def after(count):
    return encode_frame(TYPES["AFTER"], varint(count))


def data(chunk, offset=0, count=None, transfer=0):
    payload = CARD.payloads[chunk][offset:offset + count if count else None]
    return encode_frame(TYPES["DATA"], encode_data(transfer, chunk, offset, payload))


class Asking:
    """A client that has asked for the card, its server played by hand."""

    def __init__(self):
        self.session = Session(True, 0)
        self.receiver = self.session.request("notes", 0)
        self.connection = StreamsConnection(self.session)
        self.drain()

    def drain(self):
        while self.connection.poll(0, ALL):
            pass

    def feed(self, stream, *parts):
        self.connection.handle_bytes(stream, b"".join(parts), 0)
        self.drain()
        return self

    def manifest(self):
        """HELLO, a frame to be skipped, MANIFEST, PAGE: four frames."""
        return self.feed(0, message_frame("HELLO", **HELLO), encode_frame(reserved_type(1), b"x"),
                         message_frame("MANIFEST", transfer=0, root=CARD.table.root_bytes),
                         message_frame("PAGE", transfer=0, index=0, page=CARD.table.pages[0]))

    @property
    def code(self):
        return self.session.code

    @property
    def here(self):
        return sorted(self.receiver.payloads)


class Receiving(unittest.TestCase):
    def test_data_waits_for_the_frames_that_after_counts(self):  # SMS-3, SMS-4
        asking = Asking().feed(1, after(4), data(0)).feed(2, after(5), data(1))
        self.assertEqual((asking.here, asking.connection.unread(1)), ([], len(data(0))))
        asking.manifest()
        self.assertEqual((asking.here, asking.connection.unread(1), asking.connection.unread(2)), ([0], 0, len(data(1))))
        asking.feed(0, message_frame("PING", nonce=1))
        self.assertEqual((asking.here, asking.code), ([0, 1], None))

    def test_data_that_depends_on_what_was_not_read(self):  # SMS-3, TRF-3
        self.assertEqual(Asking().feed(1, data(0)).code, 4)
        self.assertEqual(Asking().feed(0, message_frame("HELLO", **HELLO)).feed(1, after(1), data(0)).code, 4)

    def test_after_counts_more_than_the_one_before(self):  # SMS-3
        self.assertEqual(Asking().manifest().feed(1, after(3), after(4), data(0)).code, None)
        self.assertEqual(Asking().manifest().feed(1, after(4), after(4)).code, 1)
        self.assertEqual(Asking().manifest().feed(1, after(0)).code, 1)
        self.assertEqual(Asking().manifest().feed(1, encode_frame(TYPES["AFTER"], b"\x04\x00")).code, 1)

    def test_chunks_go_on_on_the_stream_on_which_they_began(self):  # SMS-2
        begun = Asking().manifest().feed(1, after(4), data(0, 0, 100)).feed(2, after(4), data(1, 0, 100))
        self.assertEqual(begun.code, None)
        self.assertEqual(begun.feed(2, data(0, 100)).code, 1)
        self.assertEqual(Asking().manifest().feed(1, after(4), data(0, 0, 100)).feed(2, after(4), data(0, 100)).code, 1)
        self.assertEqual(Asking().manifest().feed(1, after(4), data(0, 0, 100), data(1)).code, 1)

    def test_a_skip_lets_the_next_chunk_begin(self):  # SMS-3, SMS-6
        skip = message_frame("SKIP", transfer=0, chunks=[(0, 1)], reason=3)
        asking = Asking().manifest().feed(1, after(4), data(0, 0, 100), after(5), data(1))
        self.assertEqual(asking.here, [])
        asking.feed(0, skip).feed(2, after(4), data(0, 100)).feed(2, data(2))
        self.assertEqual((asking.here, asking.code), ([1, 2], None))

    def test_data_may_come_after_the_transfer(self):  # SMS-6, TRF-1
        asking = Asking().manifest().feed(0, message_frame("CANCEL", transfer=0, reason="", code=0))
        self.assertEqual(asking.feed(1, after(4), data(0)).code, None)

    def test_frames_where_they_have_no_place(self):  # FRM-1, FRM-2
        for stream, frame, code in ((0, data(0), 5), (0, after(1), 5), (1, message_frame("PING", nonce=1), 5),
                                    (1, encode_frame(0x45, b""), 5), (1, encode_frame(reserved_type(2), b"x"), None),
                                    (1, message_frame("PROGRESS", bytes=1, since_us=1), None)):
            self.assertEqual(Asking().manifest().feed(stream, frame).code, code)

    def test_damage_on_a_data_stream(self):  # STR-1
        frame = bytearray(after(4))
        frame[3] ^= 1
        self.assertEqual(Asking().manifest().feed(1, bytes(frame)).code, 2)

    def test_more_streams_than_there_may_be(self):  # SMS-1
        self.assertEqual(Asking().manifest().feed(16, after(4), data(0)).code, None)
        self.assertEqual(Asking().manifest().feed(17, after(4)).code, 3)

    def test_a_stream_that_ends_is_a_connection_lost(self):  # SMS-7
        asking = Asking().manifest()
        asking.connection.handle_end()
        self.assertEqual(asking.code, 10)


class Sending(unittest.TestCase):
    def asked(self, **request):
        session = Session(False, 0, provide=provider(CARD))
        connection = StreamsConnection(session)
        connection.handle_bytes(0, message_frame("HELLO", **HELLO), 0)
        connection.handle_bytes(0, message_frame("REQUEST", **{**dict(transfer=0, document="notes", preset="", question=[],
                                                                     held=[]), **request}), 0)
        return connection

    def said(self, connection, streams=ALL):
        """Frames by stream, in the order in which they were said."""
        found = []
        while out := connection.poll(0, streams):
            reader = FrameReader("data-stream" if out[0] else "control-stream")
            for name, _, body in reader.feed(out[1]):
                read = {"AFTER": parse_after, "DATA": parse_data}.get(name)
                found.append((out[0], name, read(body) if read else parse_message(name, body) if name else None))
        return found

    def test_importance_comes_before_evenness(self):  # SMS-2
        data_frames = [(stream, body[1]) for stream, name, body in self.said(self.asked()) if name == "DATA"]
        self.assertEqual(data_frames, [(1, 0), (1, 1), (1, 2)])

    def test_after_counts_manifest_and_pages_once_a_stream(self):  # SMS-3
        frames = self.said(self.asked())
        names = [name for stream, name, _ in frames if stream == 0]
        after_frames = [body for _, name, body in frames if name == "AFTER"]
        self.assertEqual(after_frames, [names.index("PAGE") + 1])

    def test_a_full_stream_does_not_hold_up_the_others(self):  # SMS-5, SMS-2
        card = make_card([40_000, 40_000])
        session = Session(False, 0, provide=provider(card))
        connection = StreamsConnection(session)
        connection.handle_bytes(0, message_frame("HELLO", **HELLO), 0)
        connection.handle_bytes(0, message_frame("REQUEST", transfer=0, document="notes", preset="", question=[], held=[]), 0)
        while session.out:
            connection.poll(0, ())
        streams = [connection.poll(0, takes)[0] for takes in ((1, 2), (2,), (1, 2), (2,), (1, 2), (2,))]
        self.assertEqual(streams, [1, 2, 1, 2, 1, 2])
        self.assertIsNone(connection.poll(0, (1, 2)))

    def test_control_waits_alone(self):
        connection = self.asked()
        self.assertIsNone(connection.poll(0, ALL, control=False))
        self.assertIsNotNone(connection.poll(0, ALL))


LAYERS = make_card([600] * 6, blocks=2)  # chunks 0 and 1, then two levels that refine them
TAKES = {**HELLO, "features": HELLO["features"] | TAKES_DATAGRAMS}


class ReceivingDatagrams(unittest.TestCase):
    def asking(self, **options):
        asking = Asking.__new__(Asking)
        asking.session = Session(True, 0)
        asking.receiver = asking.session.request("notes", 0, **options)
        asking.connection = StreamsConnection(asking.session)
        asking.said = []
        asking.drain = lambda: asking.said.extend(self.names(asking))
        return asking.feed(0, message_frame("HELLO", **HELLO))

    @staticmethod
    def names(asking):
        while out := asking.connection.poll(0, ALL):
            yield from (name for name, _, _ in FrameReader("control-stream").feed(out[1]))

    @staticmethod
    def manifest(asking):
        return asking.feed(0, message_frame("MANIFEST", transfer=0, root=LAYERS.table.root_bytes),
                           message_frame("PAGE", transfer=0, index=0, page=LAYERS.table.pages[0]))

    @staticmethod
    def datagram(asking, chunk, offset=0, count=600):
        asking.connection.handle_datagram(encode_data(0, chunk, offset, LAYERS.payloads[chunk][offset:offset + count]), 0)
        return asking

    def test_have_comes_once_the_manifest_is_whole(self):  # SMS-9
        asking = self.asking(droppable_from=1)
        self.assertNotIn("HAVE", asking.said)
        self.assertEqual(self.manifest(asking).said.count("HAVE"), 1)
        self.assertNotIn("HAVE", self.manifest(self.asking()).said)

    def test_pieces_come_in_any_order(self):  # SMS-10
        asking = self.manifest(self.asking(droppable_from=1))
        for chunk, offset, count in ((5, 300, 300), (2, 500, 100), (2, 0, 300), (5, 0, 300), (2, 300, 200)):
            self.datagram(asking, chunk, offset, count)
        self.assertEqual((asking.here, asking.code), ([2, 5], None))

    def test_what_was_skipped_may_still_come(self):  # SMS-11, TRF-12
        asking = self.datagram(self.manifest(self.asking(droppable_from=1)), 2)
        asking.feed(0, message_frame("SKIP", transfer=0, chunks=[(2, 5)], reason=4))
        self.assertEqual((self.datagram(asking, 3).here, asking.code), ([2], None))

    def test_only_what_may_be_dropped_can_be_lost(self):  # SMS-11
        for options, chunks in (({"droppable_from": 1}, [(1, 3)]), ({}, [(2, 3)]), ({"droppable_from": 2}, [(2, 3)])):
            asking = self.manifest(self.asking(**options))
            self.assertEqual(asking.feed(0, message_frame("SKIP", transfer=0, chunks=chunks, reason=4)).code, 4)

    def test_what_may_not_come_in_datagrams(self):  # SMS-8, SMS-9, SMS-10, FRM-4
        self.assertEqual(self.datagram(self.asking(droppable_from=1), 2).code, 4)
        self.assertEqual(self.datagram(self.manifest(self.asking()), 2).code, 4)
        self.assertEqual(self.datagram(self.manifest(self.asking(droppable_from=1)), 0).code, 4)
        self.assertEqual(self.datagram(self.manifest(self.asking(droppable_from=2)), 2).code, 4)
        self.assertEqual(self.datagram(self.manifest(self.asking(droppable_from=1)), 2, 0, 0).code, 1)
        mixed = self.datagram(self.manifest(self.asking(droppable_from=1)), 2, 0, 100)
        rest = encode_frame(TYPES["DATA"], encode_data(0, 2, 100, LAYERS.payloads[2][100:]))
        self.assertEqual(mixed.feed(1, after(3), rest).code, 1)


class SendingDatagrams(unittest.TestCase):
    def asked(self, hello=TAKES, **request):
        connection = StreamsConnection(Session(False, 0, provide=provider(LAYERS)))
        connection.handle_bytes(0, message_frame("HELLO", **hello), 0)
        connection.handle_bytes(0, message_frame("REQUEST", transfer=0, document="notes", preset="", question=[],
                                                 held=[(0, 2)], card=LAYERS.digest, **request), 0)
        return connection

    @staticmethod
    def said(connection, streams=()):
        found = []
        while out := connection.poll(0, streams, datagram_room=700):
            found.append(out)
        return found

    @staticmethod
    def have(connection):
        connection.handle_bytes(0, message_frame("HAVE", transfer=0, chunks=[]), 0)
        return connection

    @staticmethod
    def skips(said):
        frames = [frame for stream, data in said if stream == 0 for frame in FrameReader("control-stream").feed(data)]
        return [parse_message(name, body) for name, _, body in frames if name == "SKIP"]

    def test_refinements_go_in_datagrams_after_have(self):  # SMS-8, SMS-9
        connection = self.asked(droppable_from=1)
        self.assertEqual([out for out in self.said(connection) if out[0] == DATAGRAMS], [])
        said = self.said(self.have(connection))
        self.assertEqual([parse_data(data)[1] for stream, data in said if stream == DATAGRAMS], [2, 3, 4, 5])

    def test_none_for_who_takes_none_or_drops_none(self):  # SMS-8
        for connection in (self.asked(HELLO, droppable_from=1), self.asked(), self.asked(droppable_from=3)):
            said = self.said(self.have(connection), ALL)
            self.assertEqual({stream for stream, _ in said if stream}, {1})

    def test_what_is_lost_is_skipped_with_what_refines_it(self):  # SMS-11
        connection = self.have(self.asked(droppable_from=1))
        while (out := connection.poll(0, (), datagram_room=700))[0] != DATAGRAMS:
            pass
        connection.handle_fate(out[1], False)
        self.assertEqual(self.skips(self.said(connection)), [{"transfer": 0, "chunks": [(2, 3), (4, 5)], "reason": 4}])

    def test_what_is_asked_for_again_goes_on_a_stream(self):  # SMS-12
        connection = self.have(self.asked(droppable_from=1))
        datagrams = [data for stream, data in self.said(connection) if stream == DATAGRAMS]
        connection.handle_bytes(0, message_frame("RESEND", transfer=0, chunks=[(5, 6)]), 0)
        said = self.said(connection, ALL)
        self.assertEqual([stream for stream, _ in said if stream], [1])
        connection.handle_fate(datagrams[-1], False)
        self.assertEqual(self.skips(self.said(connection)), [])


class Overtaking(unittest.TestCase):
    """Streams bring their bytes in any order and in pieces of any size."""

    def transfer(self, seed):
        rng, card = random.Random(seed), make_card([30_000] * 6 + [100] * 40)
        client, server = Session(True, 0, seed=seed), Session(False, 0, provide=provider(card), seed=seed + 1)
        receiver = client.request("notes", 0)
        sides = StreamsConnection(client), StreamsConnection(server)
        under_way = {}  # (from, stream): bytes
        for _ in range(100_000):
            for side, connection in enumerate(sides):
                takes = tuple(stream for stream in ALL if len(under_way.get((side, stream), b"")) < 20_000)
                while out := connection.poll(0, takes):
                    under_way[side, out[0]] = under_way.get((side, out[0]), b"") + out[1]
                    takes = tuple(stream for stream in takes if stream != out[0])
            if receiver.state == "verified" or not any(under_way.values()):
                break
            key = rng.choice([key for key, waiting in under_way.items() if waiting])
            count = rng.randrange(1, 9_000)
            sides[1 - key[0]].handle_bytes(key[1], under_way[key][:count], 0)
            under_way[key] = under_way[key][count:]
        self.assertEqual((client.code, server.code), (None, None))
        self.assertEqual([receiver.payloads.get(chunk) for chunk in range(46)], list(card.payloads), f"seed {seed}")
        return {stream for side, stream in under_way if side == 1}

    def test_transfers_arrive_whole(self):
        self.assertGreater(max(max(self.transfer(seed)) for seed in range(20)), 2)


if __name__ == "__main__":
    unittest.main()
