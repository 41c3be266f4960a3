# SPDX-License-Identifier: MIT
"""Section 6: a session over datagrams. Drain poll after every call."""

from .assembly import LEAST_ROOM
from .control import MOST_UNACKNOWLEDGED
from .frames import FrameReader
from .packets import ASKING, PACKET, RETRY, connection_of, parse_body, parse_packet, parse_packet_frames
from .paths import Path
from .primitives import ACKNOWLEDGEMENT, HANDSHAKE, VERSION, PeerError
from .ranges import Reassembly
from .recovery import Recovery
from .repairing import RepairReceiver
from .sending import Sender
from .sizes import Sizes

MOST_PATHS = 8
GOODBYE_US = 10 * 10**6


class DatagramConnection(Sender):
    """Datagrams, addresses and time in by handle_*; (datagram, address) out by poll."""

    def __init__(self, session, connection, path, is_client, **options):
        super().__init__(session, connection, path, is_client, **options)
        self.paths = {path.address: path}
        self.greatest = -1
        self.reader = FrameReader("control", session.faults)
        self.assembled = Reassembly(MOST_UNACKNOWLEDGED)
        self.repairs = RepairReceiver()
        self.retried = False

    # In

    def handle_datagram(self, datagram, address, now):
        """PKT-1: what is damaged, of another connection, or from elsewhere is dropped in silence."""
        if (self.is_client and address != self.path.address) or connection_of(datagram) != self.connection:
            return
        try:
            _, number, frames = parse_packet(datagram, "long-varints" in self.session.faults)
        except PeerError:
            return
        if datagram[0] != PACKET:
            self._handle_other(datagram[0], frames, now)
            return
        path = self._path_of(address)
        path.received += len(datagram)
        self.heard = True
        if self.received.is_new(number):  # PKT-5
            self._handle_packet(number, frames, path, now)

    def _path_of(self, address):
        if address not in self.paths:
            if len(self.paths) >= MOST_PATHS:
                unused = next(key for key, path in self.paths.items() if path is not self.path and not path.validated)
                del self.paths[unused]
            self.paths[address] = Path(address, validated=False)
        return self.paths[address]

    def _handle_other(self, kind, rest, now):
        """ADR-4 and ADR-7, at a client that has heard nothing else."""
        if not self.is_client or self.heard or self.session.state == "closed":
            return
        if kind == RETRY and not self.retried:
            self.retried, self.token = True, rest
            for packet in self.recovery.sent.values():
                self.again(packet.contents)
            self.recovery = Recovery()
        elif kind != RETRY and PACKET not in rest:
            self.session.closed(VERSION)

    def _handle_packet(self, number, frames, path, now):
        kept, asking = True, False
        try:
            for name, _, body in parse_packet_frames(frames, self.session.faults):
                asking |= name in ASKING
                kept &= self._handle_frame(name, body, path, now) is not False
        except PeerError as error:
            self.session.end(error.code, error.reason)
        if number > self.greatest:
            self.greatest = number
            self._move_to(path)
        if not kept:
            return
        self.received.add(number, asking, now)
        if self.session.state == "closed":
            self.answers += asking
            return
        self._solved(self.repairs.add_packet(number, frames), path, now)

    def _move_to(self, path):
        """ADR-6: a server answers to where the newest packet came from, and begins anew there."""
        if path is self.path or self.is_client:
            return
        self.path = path
        self.recovery.window, self.recovery.threshold = Recovery().window, Recovery().threshold
        self.recovery.smoothed = self.recovery.latest = Recovery().smoothed
        self.recovery.variation, self.recovery.least = Recovery().variation, None
        self.sizes = Sizes()
        path.challenges = path.challenge_us = 0

    def _handle_frame(self, name, body, path, now):
        """False when something could not be kept."""
        message = parse_body(name, body) if name != "DATA" else body
        handler = getattr(self, f"_on_{name.lower()}", None) if name else None
        return handler(message, path, now) if handler else None

    def _on_data(self, body, path, now):
        return self.session.handle_data(body, now)

    def _on_control(self, part, path, now):
        if not self.assembled.add(*part):
            return False
        for name, _, body in self.reader.feed(self.assembled.take()):
            self.session.handle_message(name, body, now)
        return True

    def _check_numbers(self, ranges):
        """PKT-4."""
        sent = ranges[-1][1] <= self.next_number
        if not (sent and not any(low <= number < high for number in self.skipped for low, high in ranges)):
            if "acks-unsent" not in self.session.faults:
                raise PeerError(ACKNOWLEDGEMENT, "an acknowledgement of a number that was not sent")

    def _on_ack(self, ack, path, now):
        ranges, delay = ack
        self._check_numbers(ranges)
        acknowledged, lost = self.recovery.on_ack(ranges, delay, now)
        self.on_acknowledged(acknowledged)
        self.on_lost(lost, now)

    def _on_recovered(self, ack, path, now):
        self._check_numbers(ack[0])
        self.on_acknowledged(self.recovery.on_recovered(ack[0], now))

    def _on_close(self, message, path, now):
        self.session.closed(message["code"])

    def _on_challenge(self, data, path, now):
        self.responses.append((data, path))

    def _on_response(self, data, path, now):
        if path.challenge == data:
            path.validated = True

    def _on_repair(self, repair, path, now):
        self._solved(self.repairs.add_repair(repair), path, now)

    def _solved(self, packets, path, now):
        """RPR-2: processed, named in RECOVERED, not acknowledged."""
        for number, frames in packets.items():
            if not self.received.is_new(number):
                continue
            self.received.remember(number)
            self.recovered.append(number)
            self.repairs.add_packet(number, frames)
            try:
                for name, _, body in parse_packet_frames(frames, self.session.faults):
                    self._handle_frame(name, body, path, now)
            except PeerError as error:
                self.session.end(error.code, error.reason)

    # Time

    def next_timeout(self):
        if self.session.state == "closed":
            return self.gone_at()
        times = [self.session.next_timeout(), self.recovery.loss_at, self._probe_at(), self._gives_up_at(),
                 self._fails_at()]
        if self.path.budget() > 2 * LEAST_ROOM:
            times += [self.received.due_at, self.paced_until, None if self.is_client else self.path.next_challenge(0)]
        return min((at for at in times if at is not None), default=None)

    def _probe_at(self):
        return self.recovery.probe_at(always=not self.is_proven())  # ADR-8

    def _gives_up_at(self):
        """A GOODBYE that is never acknowledged (CON-6)."""
        if self.session.state != "closing" or self.ending_at is None:
            return None
        return self.ending_at + GOODBYE_US

    def gone_at(self):
        """After the end, packets are still answered for three probe timeouts."""
        return None if self.closed_at is None else self.closed_at + 3 * self.recovery.probe_us()

    def handle_timeout(self, now):
        self.session.handle_timeout(now)
        recovery = self.recovery
        if recovery.loss_at is not None and recovery.loss_at <= now:
            self.on_lost(recovery.detect(now), now)
        elif self._probe_at() is not None and self._probe_at() <= now:
            recovery.timeouts += 1
            if recovery.timeouts % 3 == 0:
                self.sizes.shrink(now)  # MTU-2
            recovery.asked_at = now
            self.probes = 2  # LOS-1
            for packet in recovery.oldest(2):
                self.again(packet.contents)
        self.sizes.grow(now)
        if self._fails_at() is not None and self._fails_at() <= now:
            self._give_path_up()
        if self._gives_up_at() is not None and self._gives_up_at() <= now:
            self.session.flushed()
            self._notice_end(now)

    def _validated(self):
        return [path for path in self.paths.values() if path.validated]

    def _fails_at(self):
        return self.path.fails_at() if self.session.state in ("greeting", "open") else None

    def _give_path_up(self):
        """For the last address that was validated (ADR-6); without one, the connection ends (ADR-3)."""
        if self._validated():
            self.path = self._validated()[-1]
        else:
            self.session.end(HANDSHAKE, "the address was not validated")
