# SPDX-License-Identifier: MIT
"""What both kinds of sockets share: the clock, addresses, and what applications do on either side."""

import os
import time

from .card import Card, read_card, save_card
from .fit import bases_of
from .ranges import ranges_of
from .session import LIMITS, Session, Settings
from .transfer import NOT_HERE, NOT_POSSIBLE

EAGER_BYTES = 1 << 20  # of offers that a server with a folder keeps before it accepts


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
        here = set().union(*(shared.get(named, ()) for named in bases_of(request)))
        return card, ranges_of(index for index, entry in enumerate(card.table.entries) if entry.digest in here)
    return provide


def server_session(card, bases, faults, now, datagrams, seed, into=None, features=0):
    return Session(False, now, Settings(limits={**LIMITS, "eager_bytes": EAGER_BYTES if into else 0},
                                        features=Settings.features | features),
                   provide=provider(card, bases) if card else None, seed=seed, datagrams=datagrams, faults=faults)


def keep(receiver, path):
    """Writes the card if it is whole, and confirms; what is wrong, or None."""
    count, here = len(receiver.table.entries), len(receiver.payloads)
    if here == count:
        save_card(Card(receiver.table, [receiver.payloads[index] for index in range(count)]), path)
    receiver.confirm()
    return None if here == count else f"{count - here} of {count} chunks were skipped"


class Keeper:
    """A server's part: what is offered goes into a folder, as DIGEST.card; without one it is refused."""

    def __init__(self, session, into=None):
        self.session = session
        self.into = into

    def handle_events(self, now):
        events = self.session.events
        while events:
            what, number, *_ = events.popleft()
            receiver = self.session.transfers.get(number)
            if receiver is None:
                continue  # the source has cancelled
            if what == "offer" and self.into is None:
                self.session.refuse(number, NOT_POSSIBLE, "nothing is taken here")
            elif what == "offer":
                receiver.accept(now)
            elif what == "complete":
                keep(receiver, os.path.join(self.into, f"{receiver.table.digest.hex()}.card"))


class Client:
    """Says goodbye once its transfer has ended."""

    def __init__(self, session):
        self.session = session
        self.error = None

    def handle_events(self, now):
        events = self.session.events
        while events:
            what, _, *rest = events.popleft()
            if what == "complete":
                self.on_complete()
            elif what == "ended":
                self.error = rest[1] if rest[0] is not None else self.error
                self.session.end(0, "done")

    @property
    def failure(self):
        """What is wrong, or None."""
        return self.error or (f"the connection ended with code {self.session.code}" if self.session.code else None)


class Fetch(Client):
    """Asks for a card and writes it when it is whole."""

    def __init__(self, session, now, document, path, **options):
        super().__init__(session)
        self.path = path
        self.receiver = session.request(document, now, **options)

    def on_complete(self):
        self.error = keep(self.receiver, self.path)


class Push(Client):
    """Offers a card once the server has greeted."""

    def __init__(self, session, now, card, document, eager=False):
        super().__init__(session)
        self.offer = card, document
        self.eager = eager

    def handle_events(self, now):
        if self.offer and self.session.peer:
            if not self.session.offer(*self.offer, now, self.eager):
                self.error = "the card does not fit the server"
                self.session.end(0, self.error)
            self.offer = None
        super().handle_events(now)


def load_card(path):
    with open(path, "rb") as file:
        return read_card(file.read())
