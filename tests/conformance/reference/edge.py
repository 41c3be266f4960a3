# SPDX-License-Identifier: MIT
"""What both kinds of sockets share: the clock, addresses, and what a server gives and a client keeps."""

import time

from .card import Card, read_card, save_card
from .ranges import ranges_of
from .session import Session
from .transfer import BASE, NOT_HERE


def now_us():
    return time.monotonic_ns() // 1000


def seconds_until(at, most=1.0):
    return most if at is None else min(most, max(0.0, (at - now_us()) / 1e6))


def address_of(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def provider(card, bases=()):
    """Gives one card to every REQUEST, whatever the document; chunks of bases that the receiver names are known."""
    shared = {base.digest: set(base.by_digest()) for base in bases}

    def provide(request):
        if request.get("card") not in (None, card.digest):
            return None, (NOT_HERE, "another card")
        named = request.get("bases", b"")
        here = set()
        for at in range(0, len(named), 32):
            here |= shared.get(named[at:at + 32], set())
        base = card.table.root.get("base")
        if base and base not in [named[at:at + 32] for at in range(0, len(named), 32)] and "card" not in request:
            return None, (BASE, "a delta of a card that was not named")
        return card, ranges_of(index for index, entry in enumerate(card.table.entries) if entry.digest in here)
    return provide


def server_session(card, bases, faults, now, datagrams, seed):
    return Session(False, now, provide=provider(card, bases), seed=seed, datagrams=datagrams, faults=faults)


class Fetch:
    """A client's part: asks, writes the card when it is whole, confirms, says goodbye."""

    def __init__(self, session, document, path, now, **options):
        self.session = session
        self.path = path
        self.receiver = session.request(document, now, **options)
        self.error = None

    def handle_events(self):
        events = self.session.events
        while events:
            event = events.popleft()
            if event[0] == "complete":
                self._complete()
            elif event[0] == "ended":
                self.error = event[3] if event[2] is not None else self.error
                self.session.end(0, "done")

    def _complete(self):
        receiver = self.receiver
        count = len(receiver.table.entries)
        if len(receiver.payloads) == count:
            save_card(Card(receiver.table, [receiver.payloads[index] for index in range(count)]), self.path)
        else:
            self.error = f"{count - len(receiver.payloads)} of {count} chunks were skipped"
        receiver.confirm()

    @property
    def failure(self):
        """Why there is no card, or None."""
        return self.error or (f"the connection ended with code {self.session.code}" if self.session.code else None)


def load_card(path):
    with open(path, "rb") as file:
        return read_card(file.read())
