# SPDX-License-Identifier: MIT
"""The transfers of a session: how they begin, and whose turn it is."""

from collections import deque

from .fit import objection
from .primitives import LIMIT, UNEXPECTED, PeerError
from .receiver import Receiver
from .source import Source
from .transfer import BUSY, EAGER_OVERHEAD, NOT_POSSIBLE


class Transfers:
    """Of both directions; numbers are even from the client and odd from the server."""

    def __init__(self, is_client):
        self.transfers = {}
        self.turns = deque()
        self.next_own, self.next_peer = (0, 1) if is_client else (1, 0)
        self.early_bytes = 0

    def next_data(self, now, room, streams=(0,), datagram_room=0):
        """(transfer, chunk, offset, bytes, stream) of at most room bytes, on one of the streams, or None; what it queued
        in out goes first."""
        if self.out or self.state != "open":
            return None
        for urgency in range(8):  # TRF-10
            for _ in range(len(self.turns)):
                source = self.turns[0]
                self.turns.rotate(-1)
                found = source.next_data(now, room, streams, datagram_room) if source.urgency == urgency else None
                if self.out or found:
                    return (source.number, *found) if found else None
        return None

    # In

    def _find(self, number):
        """The open transfer, or None for one that has ended (TRF-1)."""
        own = number % 2 == self.next_own % 2
        if number >= (self.next_own if own else self.next_peer):
            raise PeerError(UNEXPECTED, f"transfer {number} never was")
        return self.transfers.get(number)

    def _may_be_offered(self, number):
        """DATA in packets may overtake the OFFER that it follows; what comes so early is not kept."""
        soon = number >= self.next_peer and number % 2 == self.next_peer % 2
        return soon and self.datagrams and bool(self.settings.limits.get("eager_bytes"))

    def _opened(self, number):
        """Whether the peer may open one more; REFUSEd otherwise."""
        if number != self.next_peer and "any-transfer" not in self.faults:
            raise PeerError(UNEXPECTED, f"transfer {number}, expected {self.next_peer}")  # TRF-1
        self.next_peer = number + 2
        if len(self.transfers) < self.settings.limits["transfers"]:
            return True
        self.send("REFUSE", transfer=number, reason="too many transfers", code=BUSY)  # TRF-2
        return False

    def _on_request(self, message, now):
        number = message["transfer"]
        if not self._opened(number):
            return
        card, known = None, (NOT_POSSIBLE, "nothing is given here")
        if self.provide:
            card, known = self.provide(message)
        refusal = objection(card, self.peer, message) if card else known
        if refusal:
            self.send("REFUSE", transfer=number, reason=refusal[1], code=refusal[0])
            return
        source = self._add(Source(self, number, "wanted", now, card, message))
        source.provide(message["held"], message.get("partial", []), known, message.get("manifest_first"))

    def _on_offer(self, message, now):
        number = message["transfer"]
        if not self._opened(number):
            return
        eager = message.get("eager", False)
        if eager and not self.settings.limits.get("eager_bytes"):
            raise PeerError(LIMIT, "an eager offer to a side that keeps none")  # TRF-21
        receiver = self._add(Receiver(self, number, "considering", now, {"card": message["card"]}))
        receiver.eager = eager
        self.events.append(("offer", number, message))

    # Commands

    def _add(self, transfer):
        self.transfers[transfer.number] = transfer
        if isinstance(transfer, Source):
            self.turns.append(transfer)
        return transfer

    def forget(self, transfer):
        self.transfers.pop(transfer.number, None)
        if transfer in self.turns:
            self.turns.remove(transfer)

    def _number(self):
        self.next_own += 2
        return self.next_own - 2

    def request(self, document, now, have=None, prefixes=None, bases=(), **options):
        """have and prefixes are what an earlier receiver kept, bases are cards."""
        number = self._number()
        request = {"preset": "", "question": [], "held": [], **options}
        if bases:
            request["bases"] = b"".join(card.digest for card in bases)
        self.send("REQUEST", transfer=number, document=document, **request)
        return self._add(Receiver(self, number, "asked", now, request, have, prefixes, bases))

    def offer(self, card, document, now, eager=False):
        """The source, or None when the peer cannot have the card. Eager only as far as the peer's limits let it."""
        if objection(card, self.peer):
            return None
        eager = eager and self.eager_left() > EAGER_OVERHEAD
        number, root = self._number(), card.table.root
        self.send("OFFER", transfer=number, card=card.digest, document=document, payload_bytes=root["payload_bytes"],
                  raw_bytes=root["raw_bytes"], base=root.get("base"), eager=eager)
        source = self._add(Source(self, number, "offering", now, card, {}, eager))
        if eager:
            source.push()
        return source

    def refuse(self, number, code, reason):
        self.transfers[number].give_up("REFUSE", code, reason)

    def eager_bytes(self):
        """Of eager offers that are not decided (TRF-21)."""
        return sum(transfer.eager_bytes for transfer in self.transfers.values()
                   if transfer.state in ("considering", "offering"))

    def eager_left(self):
        return (self.peer or {"limits": {}})["limits"].get("eager_bytes", 0) - self.eager_bytes()
