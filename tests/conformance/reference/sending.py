# SPDX-License-Identifier: MIT
"""The sending half of a connection over datagrams: what goes into the next packet, and when."""

from .assembly import LEAST_ROOM, Assembly, padding
from .control import ControlSender
from .frames import TYPES, encode_data, encode_frame
from .messages import READS_REPAIR, encode_message
from .packets import LEAST_FIRST, encode_ack, encode_packet
from .primitives import varint
from .ranges import ranges_of
from .received import Received
from .recovery import Recovery, Sent
from .repairing import REPAIR_OVERHEAD, RepairSender
from .sizes import BASE, Sizes

FIRST_NUMBERS = 4096
CHALLENGES_ROOM = 800  # of ADR-2's bytes, kept for challenges: what is spent on DATA cannot validate
SEARCH_FROM = 16  # packets; short connections are not worth a search


class Sender:
    def __init__(self, session, connection, path, is_client, token=None, repair=False):
        self.session = session
        self.connection = connection
        self.path = path
        self.is_client = is_client
        self.token = token
        self.heard = not is_client  # a packet of the server
        self.has_answered = not is_client  # the server's CHALLENGE, and knows that it arrived
        self.control, self.recovery, self.received = ControlSender(), Recovery(), Received()
        self.repair = RepairSender() if repair else None
        self.next_number, self.skipped = 0, set()
        self.skip_one_in = 64  # at first, of FIRST_NUMBERS
        self.responses = []  # (8 bytes, path)
        self.recovered = []
        self.probes = 0
        self.paced_until = None
        self.sizes = Sizes()
        self.answers = 0  # ACK and CLOSE owed after the end
        self.ending_at = self.closed_at = None
        session.round_trip_us = lambda: self.recovery.smoothed

    def poll(self, now):
        """(datagram, address) to be sent now, or None."""
        last_words = self._drain()
        self._notice_end(now)
        if self.responses:
            data, path = self.responses.pop(0)
            packet = self._assembly(path)
            if packet.left >= 10:
                packet.add("RESPONSE", data, ("response", data, path))
                return self._seal(packet, path, now)
        if last_words or self.session.state == "closed":
            return self._closing(last_words, now)
        if self._searches(now):
            return self._search(now)
        packet = self._assembly(self.path)
        if packet.left < LEAST_ROOM:
            return None
        due = self._add_ack(packet, now)
        self._add_challenge(packet, now)
        if self._may_ask(now):
            reserve = 0 if self.path.validated else CHALLENGES_ROOM
            packet.left -= reserve
            self._add_contents(packet, now)
            packet.left += reserve
        if not packet.asking and not due:
            return None
        return self._seal(packet, self.path, now)

    def _drain(self):
        """Messages into the control stream; the body of a CLOSE when an ERROR is among them."""
        while self.session.out:
            kind, body = self.session.out.popleft()
            if kind == "ERROR":
                return body
            self.control.write(encode_frame(TYPES.get(kind, kind), body, checksum=False))
        return None

    def _notice_end(self, now):
        if self.session.state == "closing" and self.session.code == 0 and self.control.idle:
            self.session.flushed()
        if self.session.state == "closing" and self.ending_at is None:
            self.ending_at = now
        if self.session.state == "closed" and self.closed_at is None:
            self.closed_at = now

    def _closing(self, last_words, now):
        """CON-6: CLOSE once, and then for each packet that asks, with an ACK."""
        if not last_words and not self.answers:
            return None
        packet = self._assembly(self.path)
        if packet.left < LEAST_ROOM:
            return None
        self.answers = max(0, self.answers - 1)
        self._add_ack(packet, now)
        packet.add("CLOSE", last_words or encode_message("CLOSE", code=self.session.code or 0, reason=""))
        self.session.flushed()
        self._notice_end(now)
        return self._seal(packet, self.path, now)

    def _assembly(self, path):
        room = self.sizes.size if self.heard else BASE
        room = min(room, path.budget() if "amplifies" not in self.session.faults else room)
        room -= 13 + len(varint(self.next_number + 1))
        if self._pads():
            room -= 3  # of padding
        if not self.heard:
            room -= (2 + len(self.token) if self.token else 0)
        return Assembly(room)

    def is_proven(self):
        """ADR-8: whether the server knows our address to be ours; a server has nothing to prove."""
        return self.has_answered or bool(self.token and self.session.peer)

    def _pads(self):
        """ADR-1; ADR-8 of probes."""
        return not self.heard or (self.probes > 0 and not self.is_proven())

    def _searches(self, now):
        """MTU-1: where DATA goes, and between other packets."""
        if self.next_number < SEARCH_FROM or self.session.state != "open" or not (self.path.validated and self.is_proven()):
            return False
        return self.sizes.candidate(now) is not None and not self.probes and self._may_ask(now)

    def _search(self, now):
        packet, size = Assembly(BASE), self.sizes.candidate(now)
        packet.add("PROBE", b"")
        packet.searching = True
        self.sizes.probed()
        return self._seal(packet, self.path, now, size)

    def _add_ack(self, packet, now):
        """Whether it, or RECOVERED, is reason enough to send."""
        ack = self.received.ack(now, packet.left - LEAST_ROOM // 2) if self.received.unanswered else None
        due = self.received.due_at is not None and self.received.due_at <= now
        if ack:
            body, packet.acknowledged = ack
            if "acks-unseen" in self.session.faults:
                body = encode_ack([*ack[1], (ack[1][-1][1] + 1000, ack[1][-1][1] + 1001)], 0)
            packet.add("ACK", body)
        if self.recovered:
            packet.add("RECOVERED", encode_ack(ranges_of(self.recovered)[-64:], 0))
            self.recovered = []
            return True
        return due and bool(packet.acknowledged)

    def _add_challenge(self, packet, now):
        at = None if self.is_client else self.path.next_challenge(now)
        if at is not None and at <= now:
            packet.add("CHALLENGE", self.path.make_challenge(self.session.rng, now, self.recovery.probe_us()))

    def _may_ask(self, now):
        """CNG-1; probes are free of the window (LOS-1)."""
        self.paced_until = None
        if self.probes:
            return True
        if not self.recovery.may_send(self.sizes.size):
            return False
        if now < self.recovery.send_at:
            self.paced_until = self.recovery.send_at
            return False
        return True

    def _add_contents(self, packet, now):
        self._add_control(packet)
        if self._add_repair(packet):
            return
        spare = REPAIR_OVERHEAD if self.repair else 0
        while packet.left - spare >= LEAST_ROOM:
            found = self.session.next_data(now, packet.left - spare - 24)
            if found:
                number, chunk, offset, data, _ = found
                packet.add("DATA", encode_data(number, chunk, offset, data), ("data", number, chunk, offset, offset + len(data)))
                packet.has_data = True
            if self.session.out:
                if self._drain_messages(packet):
                    continue
                break
            if not found:
                break
        if self.repair and not packet.contents and not self.probes:
            self.repair.finish()
            self._add_repair(packet)
        if self.probes and not packet.asking:
            packet.add("PROBE", b"")

    def _add_repair(self, packet):
        """Whether the packet is one of repair."""
        if not self.repair or not self.repair.ready or packet.contents:
            return False
        frame = self.repair.ready.pop(0)
        if packet.fits("REPAIR", frame):
            packet.add("REPAIR", frame)
        return packet.asking

    def _drain_messages(self, packet):
        """Messages that next_data queued, at once; False when the connection ends by one."""
        if any(kind == "ERROR" for kind, _ in self.session.out):
            return False
        self._drain()
        self._add_control(packet)
        return True

    def _add_control(self, packet):
        while packet.left >= LEAST_ROOM // 2:
            part = self.control.take(packet.left - 12)
            if part is None:
                return
            offset, data = part
            packet.add("CONTROL", varint(offset) + data, ("control", offset, offset + len(data)))

    def _take_number(self):
        """PKT-3, PKT-4."""
        one_in = self.skip_one_in if self.next_number < FIRST_NUMBERS else 64 * self.skip_one_in
        if one_in and self.session.rng.randrange(one_in) == 0:
            self.skipped.add(self.next_number)
            self.next_number += 1
        number = self.next_number
        if "number-twice" in self.session.faults and number % 8 == 7 and number - 1 in self.recovery.sent:
            return number - 1
        self.next_number += 1
        return number

    def _seal(self, packet, path, now, least=0):
        number = self._take_number()
        if self.token and not self.heard:
            packet.add("TOKEN", self.token)
        least = max(least, LEAST_FIRST if self._pads() else 0)
        if least:
            packet.frames += padding(least - 13 - len(varint(number)) - len(packet.frames))
        datagram = encode_packet(self.connection, number, packet.frames)
        if packet.acknowledged:
            self.received.answered()
        sent = Sent(number, now, len(datagram), packet.asking, packet.searching, packet.contents, packet.acknowledged)
        self.recovery.on_sent(sent)
        path.sent += len(datagram)
        if packet.asking:
            self.probes = max(0, self.probes - 1)
        if self.repair and packet.has_data and self.session.peer and self.session.peer["features"] & READS_REPAIR:
            self.repair.add(number, packet.frames)
        return datagram, path.address

    # Loss

    def again(self, contents):
        """Lost bytes go under a new number."""
        for kind, *where in contents:
            if kind == "control":
                self.control.on_lost(*where)
            elif kind == "response":
                self.responses.append(tuple(where))
            else:
                source = self.session.transfers.get(where[0])
                if source is not None:
                    source.data_lost(*where[1:])

    def on_lost(self, packets, now):
        for packet in packets:
            self.again(packet.contents)
            self.sizes.on_lost(packet, now)

    def on_acknowledged(self, packets):
        for packet in packets:
            for kind, *where in packet.contents:
                if kind == "control":
                    self.control.on_acknowledged(*where)
                self.has_answered |= kind == "response"
            self.received.named(packet.acknowledged)
            self.sizes.on_acknowledged(packet)
