# SPDX-License-Identifier: MIT
"""The receiver of a transfer: checks the manifest, then every chunk, and says what it wants."""

from collections import Counter

from .manifest import Table, sha256
from .messages import BRIDGES_MODELS
from .primitives import LIMIT, UNEXPECTED, PeerError, malformed
from .ranges import Reassembly, members, ranges_of
from .source import same_model
from .transfer import BASE, CODEC, DAMAGED, LIMITS, MODEL, STALLED, Transfer

MOST_EARLY_BYTES = 256 << 10
MOST_FAILURES = 2


class Receiver(Transfer):
    """A chunk without a status is missing; begun ones count against the credit."""

    waits_in = ("asked", "receiving", "stopping")

    def __init__(self, session, number, state, now, request, have=None, prefixes=None, bases=()):
        super().__init__(session, number, state, now)
        self.request = request
        self.have = have or {}  # chunk: payload, kept from a connection before
        self.prefixes = prefixes or {}  # chunk: its first bytes
        self.bases = {card.digest: card for card in bases}
        self.table = None
        self.known = []
        self.status = {}  # chunk: held, known, verified, skipped
        self.payloads = {}
        self.parts, self.begun, self.current = {}, set(), None
        self.failures = Counter()
        self.credit, self.begun_bytes = session.settings.limits["credit"], 0
        self.early = []

    # Manifest

    def on_manifest(self, message, now):
        if self.table:
            raise PeerError(UNEXPECTED, "a second MANIFEST")
        limits = self.session.settings.limits
        if len(message["root"]) > limits["root_bytes"]:
            return self._refuse(LIMITS, "root too large")
        try:
            self.table = Table(message["root"])
        except PeerError as error:
            return self._refuse(DAMAGED, f"root: {error.reason}")
        why = self._objection(self.table.root, limits)
        if why:
            return self._refuse(*why)
        self.known = message.get("known", [])
        if not self.table.page_count:
            self._finish_table(now)

    def _objection(self, root, limits):
        """TRF-5, as far as the root shows it."""
        settings = self.session.settings
        if self.request.get("card") not in (None, self.table.digest):
            return DAMAGED, "not the card that was asked for"
        if root["chunks"] > limits["chunks"] or root["payload_bytes"] > limits["card_bytes"]:
            return LIMITS, "the card exceeds a limit"
        if settings.model and not settings.features & BRIDGES_MODELS and not same_model(settings.model, root["model"]):
            return MODEL, "the card is of another model"
        if settings.codecs and root["codec"] not in settings.codecs:
            return CODEC, "an unknown codec"
        if "base" in root and root["base"] not in self.bases:
            return BASE, "a delta of a card that is not here"
        return None

    def on_page(self, message, now):
        if not self.table or message["index"] in self.table.pages:
            raise PeerError(UNEXPECTED, "a PAGE before MANIFEST, or twice")
        try:
            self.table.add_page(message["index"], message["page"])
        except PeerError as error:
            return self._refuse(DAMAGED, error.reason)
        if self.table.whole:
            self._finish_table(now)

    def _refuse(self, code, reason):
        self.give_up("REJECT", code, reason)

    def _finish_table(self, now):
        if not self.table.page_count:
            self.table.finish()
        limit = self.session.settings.limits["chunk_bytes"]
        if any(entry.size > limit for entry in self.table.entries):
            return self._refuse(LIMITS, "a chunk is too large")
        self.enter("receiving")
        self._take_what_is_here()
        early, self.early = self.early, []
        for chunk, offset, data in early:
            self.session.early_bytes -= len(data)
            self.on_data((chunk, offset, data), now)
        self._check_missing()

    def _take_what_is_here(self):
        """Held and known chunks by their digest; what was named and is not here is asked for (TRF-8)."""
        by_digest = {key: value for card in self.bases.values() for key, value in card.by_digest().items()}
        named = {**dict.fromkeys(members(self.known, len(self.table.entries)), "known"),
                 **dict.fromkeys(members(self.request.get("held", []), len(self.table.entries)), "held")}
        found = []
        for chunk, entry in enumerate(self.table.entries):
            data = self.have.get(chunk)
            if data is None or sha256(data) != entry.digest:
                data = by_digest.get(entry.digest)
            if data is not None:
                self.status[chunk] = named.get(chunk, "held")
                self.payloads[chunk] = data
                if chunk not in named:
                    found.append(chunk)
        if found or self.request.get("manifest_first"):
            self.send("HAVE", chunks=ranges_of(found))
        missing = [chunk for chunk in named if chunk not in self.status]
        if missing:
            self.send("RESEND", chunks=ranges_of(missing))

    # Chunks

    def on_data(self, data_frame, now):
        """False when it cannot be kept, and so has not arrived (PKT-7, PKT-8)."""
        chunk, offset, data = data_frame
        if self.state == "asked":
            return self._keep_early(data_frame)
        if chunk >= len(self.table.entries) or offset + len(data) > self.table.entries[chunk].size:
            raise malformed(f"DATA outside of chunk {chunk}, or of none")  # FRM-4
        if self.status.get(chunk) == "skipped" and not self.session.datagrams:
            raise malformed(f"DATA of chunk {chunk}, which was skipped")
        if chunk in self.status or self.state == "verified":
            return True  # repeated
        self._account(chunk)
        part = self._part(chunk, offset)
        if not part.add(offset, data):
            return False
        if part.here.covers(0, self.table.entries[chunk].size):
            self._completed(chunk, part.take())
        return True

    def _keep_early(self, data_frame):
        if self.session.early_bytes + len(data_frame[2]) > MOST_EARLY_BYTES:
            return False
        self.session.early_bytes += len(data_frame[2])
        self.early.append(data_frame)
        return True

    def _account(self, chunk):
        if chunk not in self.begun:
            self.begun.add(chunk)
            self.begun_bytes += self.table.entries[chunk].size
            if self.begun_bytes > self.credit:
                raise PeerError(LIMIT, f"chunk {chunk} exceeds the credit")  # TRF-9

    def _part(self, chunk, offset):
        """What is here of the chunk; on a stream, the next bytes have one place only (STR-2)."""
        part = self.parts.get(chunk)
        if part is None:
            part = self.parts[chunk] = Reassembly(self.table.entries[chunk].size)
            if chunk in self.prefixes and (offset or self.session.datagrams):
                part.add(0, self.prefixes[chunk])
        if not self.session.datagrams:
            if self.current not in (None, chunk):
                raise malformed(f"chunk {chunk} begins before {self.current} is finished")
            if offset != (part.here.ends[0] if part.here else 0):
                raise malformed(f"chunk {chunk} goes on at {offset}")
            self.current = chunk
        return part

    def _completed(self, chunk, payload):
        del self.parts[chunk]
        self.current = None
        entry = self.table.entries[chunk]
        if sha256(payload) == entry.digest:
            self.status[chunk] = "verified"
            self.payloads[chunk] = payload
            self._give_back([chunk])
            self.session.events.append(("chunk", self.number, chunk))
            return self._check_missing()
        self.failures[chunk] += 1
        self.prefixes.pop(chunk, None)
        if self.failures[chunk] > MOST_FAILURES:
            return self._refuse(DAMAGED, f"chunk {chunk} has another digest")
        if self.state == "receiving":
            self.send("RESEND", chunks=[(chunk, chunk + 1)])
        self._give_back([chunk])

    def _give_back(self, chunks):
        """Credit of what was begun; none in states whose source does not take CREDIT."""
        returned = [chunk for chunk in chunks if chunk in self.begun]
        self.credit += sum(self.table.entries[chunk].size for chunk in returned)
        self.begun.difference_update(chunk for chunk in returned if chunk not in self.status)  # asked for again
        if returned and self.state == "receiving":
            self.send("CREDIT", credit=self.credit)

    def _check_missing(self):
        if self.state == "receiving" and len(self.status) == len(self.table.entries):  # TRF-15
            self.enter("verified")
            self.session.events.append(("complete", self.number))

    def on_skip(self, message, now):
        dropped = [chunk for chunk in members(message["chunks"], len(self.table.entries)) if chunk not in self.status]
        for chunk in dropped:
            self.status[chunk] = "skipped"
            self.parts.pop(chunk, None)
            if self.current == chunk:
                self.current = None
        self._give_back(dropped)
        self._check_missing()

    def on_level(self, message, now):
        self.session.events.append(("level", self.number, message["level"]))

    def on_end(self, message, now):
        self.enter("verified")
        self.session.events.append(("complete", self.number))

    # Commands

    def accept(self, held=(), partial=None, manifest_first=None):
        self.request.update(held=list(held), manifest_first=manifest_first)
        self.send("ACCEPT", held=held, partial=partial, manifest_first=manifest_first)
        self.enter("asked")

    def want_level(self, level):
        self.send("LEVEL", level=level)

    def prefer(self, chunks):
        self.send("PREFER", chunks=ranges_of(chunks))

    def stop(self):
        self.send("STOP", count=sum(status != "skipped" for status in self.status.values()))
        self.enter("stopping")

    def confirm(self):
        """TRF-16: in state verified, once the application has applied what is here."""
        assert self.state == "verified"
        here = sum(status != "skipped" for status in self.status.values())
        self.send("CONFIRM", count=here, card=self.table.digest)
        self.finish(None, "confirmed")

    def kept(self):
        """For asking again on a new connection: (payloads, prefixes)."""
        parts = {chunk: part.take() for chunk, part in self.parts.items()}
        return dict(self.payloads), {**self.prefixes, **{chunk: data for chunk, data in parts.items() if data}}

    def next_timeout(self):
        return self.stalls_at()

    def handle_timeout(self, now):
        if self.stalls_at() is not None and now >= self.stalls_at():
            self.give_up("REJECT", STALLED, "no progress")
