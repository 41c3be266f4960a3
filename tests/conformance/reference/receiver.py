# SPDX-License-Identifier: MIT
"""The receiver of a transfer: checks the manifest, and says what it wants."""

from .fit import same_model
from .intake import Intake
from .manifest import Table, sha256
from .messages import BRIDGES_MODELS
from .primitives import UNEXPECTED, PeerError
from .ranges import members, ranges_of
from .transfer import BASE, CODEC, DAMAGED, LIMITS, MODEL, NOT_HERE, OTHER, STALLED


class Receiver(Intake):
    """request is what was asked for, or what an offer and our ACCEPT say."""

    waits_in = ("asked", "receiving", "stopping")

    def __init__(self, session, number, state, now, request, have=None, prefixes=None, bases=()):
        super().__init__(session, number, state, now, prefixes or {})
        self.request = request
        self.have = have or {}  # chunk: payload, kept from a connection before
        self.bases = {card.digest: card for card in bases}
        self.known = []

    # Manifest

    def on_manifest(self, message, now):
        if self.table:
            raise PeerError(UNEXPECTED, "a second MANIFEST")
        self.moved_at = now
        limits = self.session.settings.limits
        if len(message["root"]) > limits["root_bytes"]:
            return self.refuse(LIMITS, "root too large")
        try:
            self.table = Table(message["root"])
        except PeerError as error:
            return self.refuse(DAMAGED, f"root: {error.reason}")
        self.known = message.get("known", [])
        why = self._objection(self.table.root, limits) or (self._without_base() if self.state == "asked" else None)
        if why:
            return self.refuse(*why)
        if not self.table.page_count:
            self.table.finish()
            self._table_is_whole(now)

    def _objection(self, root, limits):
        """TRF-5, as far as the root shows it, but for the base."""
        settings = self.session.settings
        if self.request.get("card") not in (None, self.table.digest):
            return NOT_HERE, "not the card that was asked for"
        if root["chunks"] > limits["chunks"] or root["payload_bytes"] > limits["card_bytes"]:
            return LIMITS, "the card exceeds a limit"
        if settings.model and not settings.features & BRIDGES_MODELS and not same_model(settings.model, root["model"]):
            return MODEL, "the card is of another model"
        if settings.codecs and root["codec"] not in settings.codecs:
            return CODEC, "an unknown codec"
        if self.known and self.known[-1][1] > root["chunks"]:
            return OTHER, "known chunks that the card does not have"
        return None

    def _without_base(self):
        """Which cards are here is known of an offer only once it is accepted."""
        base = self.table.root.get("base")
        return (BASE, "a delta of a card that is not here") if base and base not in self.bases else None

    def on_page(self, message, now):
        if not self.table:
            raise PeerError(UNEXPECTED, "a PAGE before MANIFEST")
        if message["index"] in self.table.pages:
            return  # repeated (TRF-4)
        self.moved_at = now
        try:
            self.table.add_page(message["index"], message["page"])
        except PeerError as error:
            return self.refuse(DAMAGED, error.reason)
        if self.table.whole:
            self._table_is_whole(now)

    def refuse(self, code, reason):
        """REJECT; while it is considered, the source takes REFUSE only."""
        self.give_up("REFUSE" if self.state == "considering" else "REJECT", code, reason)

    def _table_is_whole(self, now):
        limit = self.session.settings.limits["chunk_bytes"]
        if any(entry.size > limit for entry in self.table.entries):
            return self.refuse(LIMITS, "a chunk is too large")
        if self.state == "considering":
            return self._take_early(now)
        self._begin(now)

    def _begin(self, now):
        """Everything about the card is known, and it is wanted."""
        entries = self.table.entries
        for chunk, count in self.request.get("partial") or ():
            if chunk >= len(entries) or count >= entries[chunk].size:
                return self.refuse(OTHER, f"chunk {chunk} does not have the bytes that are here of it")
        self.enter("receiving")
        self._take_what_is_here()
        if self.owed:
            self._say_credit()
        self._take_early(now)
        if self.number in self.session.transfers:
            self._check_missing()

    def _take_what_is_here(self):
        """Held and known chunks by their digest; what was named, or came damaged, and is not here is asked for (TRF-8)."""
        by_digest = {key: value for card in self.bases.values() for key, value in card.by_digest().items()}
        named = {**dict.fromkeys(members(self.known, len(self.table.entries)), "known"),
                 **dict.fromkeys(members(self.request.get("held", []), len(self.table.entries)), "held")}
        found = []
        for chunk, entry in enumerate(self.table.entries):
            data = self.have.get(chunk)
            if data is None or sha256(data) != entry.digest:
                data = by_digest.get(entry.digest)
            if data is not None and chunk not in self.status:
                self._hold(chunk, data, named.get(chunk, "held"))
                if chunk not in named:
                    found.append(chunk)
        self.droppable_from = self.request.get("droppable_from")
        if found or self.request.get("manifest_first") or self.droppable_from is not None:
            self.send("HAVE", chunks=ranges_of(found))
        missing = [chunk for chunk in {**named, **self.failures} if chunk not in self.status]
        if missing:
            self.ask_again(missing)

    def _hold(self, chunk, data, status):
        self.status[chunk] = status
        self.payloads[chunk] = data
        self._drop_part(chunk)
        if chunk in self.credit.begun:  # of an eager offer
            self._give_back(self.size(chunk))

    def on_level(self, message, now):
        self.session.events.append(("level", self.number, message["level"]))

    def on_end(self, message, now):
        self.enter("verified")
        self.session.events.append(("complete", self.number))

    # Commands

    def accept(self, now, held=(), partial=None, manifest_first=None, droppable_from=None, have=None, prefixes=None,
               bases=()):
        """have, prefixes and bases as in Session.request."""
        self.request.update(held=list(held), partial=partial, manifest_first=manifest_first, droppable_from=droppable_from)
        self.have, self.bases = have or {}, {card.digest: card for card in bases}
        self.prefixes.update(prefixes or {})
        why = self._without_base() if self.table else None
        if why:
            return self.refuse(*why)
        self.send("ACCEPT", held=held, partial=partial, manifest_first=manifest_first, droppable_from=droppable_from)
        self.enter("asked")
        self.moved_at = now
        if self.table and self.table.whole:
            self._begin(now)

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
