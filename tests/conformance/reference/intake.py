# SPDX-License-Identifier: MIT
"""A receiver's chunks: put together, checked, and reckoned with."""

from collections import Counter

from .credit import Credit
from .dropping import DATAGRAMS, LOST_REASON
from .manifest import REFINES, sha256
from .primitives import LIMIT, UNEXPECTED, PeerError, malformed
from .ranges import Reassembly, members, ranges_of
from .transfer import DAMAGED, EAGER_OVERHEAD, Transfer

MOST_EARLY_BYTES = 256 << 10
MOST_FAILURES = 2


class Intake(Transfer):
    """A chunk without a status is missing. While an eager offer is considered, chunks are taken and nothing is said."""

    def __init__(self, session, number, state, now, prefixes):
        super().__init__(session, number, state, now)
        self.prefixes = prefixes  # chunk: its first bytes
        self.table = None
        self.status = {}  # chunk: held, known, verified, skipped
        self.payloads = {}
        self.parts = {}
        self.current = {}  # stream: the chunk that is under way there
        self.in_datagrams = set()  # chunks that are
        self.droppable_from = None  # once HAVE was said (SMS-9)
        self.failures = Counter()
        self.credit = Credit(session.settings.limits["credit"])
        self.owed = False  # a CREDIT that could not be said yet
        self.early, self.early_bytes, self.eager_bytes = [], 0, 0

    def size(self, chunk):
        return self.table.entries[chunk].size

    def on_data(self, data_frame, now):
        """False when it cannot be kept, and so has not arrived (PKT-7, PKT-8)."""
        if not self._may_be_early(data_frame):
            return self._keep_early(data_frame)
        chunk, offset, data, stream = data_frame
        if stream == DATAGRAMS:
            self._check_droppable(chunk)
        if chunk >= len(self.table.entries) or offset + len(data) > self.size(chunk):
            raise malformed(f"DATA outside of chunk {chunk}, or of none")  # FRM-4
        self._account(chunk)
        if chunk in self.status or self.state == "verified":
            return True  # repeated
        part = self._part(chunk, offset, stream)
        self._count_eager(part, offset, data)
        if part.here.covers(offset, offset + len(data)):
            return True
        if not part.add(offset, data):
            if stream == DATAGRAMS:
                raise PeerError(LIMIT, f"too many pieces of chunk {chunk}")  # SMS-10
            return False
        self.moved_at = now
        if part.here.covers(0, self.size(chunk)):
            self._completed(chunk, part.take())
        return True

    def _check_droppable(self, chunk):
        """SMS-8; what is no chunk is judged like all DATA."""
        entry = self.table.entries[chunk] if self.droppable_from is not None and chunk < len(self.table.entries) else None
        if self.droppable_from is None or (entry and (not entry.kind & REFINES or entry.level < self.droppable_from)):
            raise PeerError(UNEXPECTED, f"chunk {chunk} may not be dropped")

    def _may_be_early(self, data_frame):
        """Whether the table is whole; only datagrams may come before."""
        if self.table and self.table.whole:
            return True
        if not self.session.datagrams:
            raise PeerError(UNEXPECTED, "DATA before the last PAGE")
        return False

    def _keep_early(self, data_frame):
        count = len(data_frame[2])
        if self.session.early_bytes + count > MOST_EARLY_BYTES:
            return False
        if data_frame not in self.early:
            self._count_early(count)
            self.early.append(data_frame)
        return True

    def _count_early(self, count):
        self.early_bytes += count
        self.session.early_bytes += count

    def _take_early(self, now):
        early, self.early = self.early, []
        self._count_early(-self.early_bytes)
        for data_frame in early:
            if self.number in self.session.transfers:
                self.on_data(data_frame, now)

    def _account(self, chunk):
        """TRF-9; what is begun although it is held is given back at once."""
        if chunk in self.credit.begun:
            return
        self.credit.begin(chunk, self.size(chunk))
        if self.credit.begun_bytes > self.credit.total:
            raise PeerError(LIMIT, f"chunk {chunk} exceeds the credit")
        if chunk in self.status:
            self._give_back(self.size(chunk))

    def _count_eager(self, part, offset, data):
        """TRF-21; what comes twice is kept once."""
        if self.state != "considering" or part.here.covers(offset, offset + len(data)):
            return
        self.eager_bytes += len(data) + EAGER_OVERHEAD
        if self.session.eager_bytes() > self.session.settings.limits.get("eager_bytes", 0):
            raise PeerError(LIMIT, "more than limit 6 before an offer was accepted")

    def _part(self, chunk, offset, stream):
        """What is here of the chunk; on a stream, the next bytes have one place only (STR-2, SMS-2)."""
        part = self.parts.get(chunk)
        if part is None:
            part = self.parts[chunk] = Reassembly(self.size(chunk))
            if stream == DATAGRAMS:
                self.in_datagrams.add(chunk)
            if chunk in self.prefixes and (offset or self.session.datagrams or stream == DATAGRAMS):
                part.add(0, self.prefixes[chunk])
        if (stream == DATAGRAMS) != (chunk in self.in_datagrams):
            raise malformed(f"chunk {chunk} in datagrams and on a stream")  # SMS-10
        if not self.session.datagrams and stream != DATAGRAMS:
            under_way = self.current.setdefault(stream, chunk)
            if under_way != chunk:
                raise malformed(f"chunk {chunk} begins before {under_way} is finished")
            if list(self.current.values()).count(chunk) > 1:
                raise malformed(f"chunk {chunk} on two streams")
            if offset != (part.here.ends[0] if part.here else 0):
                raise malformed(f"chunk {chunk} goes on at {offset}")
        return part

    def _drop_part(self, chunk):
        self.parts.pop(chunk, None)
        self.in_datagrams.discard(chunk)
        self.current = {stream: other for stream, other in self.current.items() if other != chunk}

    def _completed(self, chunk, payload):
        self._drop_part(chunk)
        if sha256(payload) == self.table.entries[chunk].digest:
            self.status[chunk] = "verified"
            self.payloads[chunk] = payload
            self._give_back(self.size(chunk))
            self.session.events.append(("chunk", self.number, chunk))
            self._check_missing()
            return
        self.failures[chunk] += 1
        self.prefixes.pop(chunk, None)
        if self.failures[chunk] > MOST_FAILURES:
            self.refuse(DAMAGED, f"chunk {chunk} has another digest")
            return
        if self.state == "receiving":
            self.ask_again([chunk])

    def ask_again(self, chunks):
        """TRF-8. Those that were begun keep their credit (TRF-9)."""
        self.send("RESEND", chunks=ranges_of(chunks))

    def _give_back(self, count):
        """None is said in states whose source does not take CREDIT."""
        self.credit.total += count
        self._say_credit()

    def _say_credit(self):
        self.owed = self.state != "receiving"
        if not self.owed:
            self.send("CREDIT", credit=self.credit.total)

    def _check_missing(self):
        if self.state == "receiving" and len(self.status) == len(self.table.entries):  # TRF-15
            self.enter("verified")
            self.session.events.append(("complete", self.number))

    def on_skip(self, message, now):
        """TRF-12. Of what is here whole, only the credit is reckoned."""
        if message["chunks"] and message["chunks"][-1][1] > len(self.table.entries):
            raise malformed("SKIP of chunks beyond the table")  # TRF-7
        for chunk in members(message["chunks"], len(self.table.entries)):
            if message["reason"] == LOST_REASON:
                self._check_droppable(chunk)  # SMS-11
            counted = self.credit.skip(chunk, self.size(chunk))
            if chunk in self.status:
                continue
            self.credit.total += 0 if counted else self.size(chunk)
            self.status[chunk] = "skipped"
            self._drop_part(chunk)
            self.moved_at = now
        self._say_credit()
        self._check_missing()

    def finish(self, code, reason):
        self._count_early(-self.early_bytes)
        super().finish(code, reason)
