# SPDX-License-Identifier: MIT
"""Section 11: what a transfer takes in each state, and what both sides of one share."""

from .primitives import UNEXPECTED, PeerError

STATES = {
    "asked": {"MANIFEST", "PAGE", "REFUSE", "CANCEL"},
    "considering": {"CANCEL"},
    "receiving": {"DATA", "SKIP", "LEVEL", "CANCEL"},
    "stopping": {"DATA", "SKIP", "LEVEL", "END", "CANCEL"},
    "verified": {"DATA", "SKIP", "LEVEL", "CANCEL"},
    "wanted": {"LEVEL", "REJECT", "CANCEL"},
    "offering": {"ACCEPT", "REFUSE", "CANCEL"},
    "sending": {"HAVE", "CREDIT", "LEVEL", "PREFER", "RESEND", "STOP", "CONFIRM", "REJECT", "CANCEL"},
    "sent": {"HAVE", "CREDIT", "LEVEL", "PREFER", "RESEND", "STOP", "CONFIRM", "REJECT", "CANCEL"},
    "ended": {"CONFIRM", "REJECT", "CANCEL"},
}
OTHER, NOT_HERE, LIMITS, MODEL, CODEC, QUALITY, DAMAGED, BUSY, BASE, STALLED, STORAGE, NOT_POSSIBLE = range(12)
STALL_US = 60 * 10**6


class Transfer:
    """One transfer, of either role; it ends by leaving the session's table."""

    waits_in = ()  # states in which the peer has to do something (TRF-19)

    def __init__(self, session, number, state, now):
        self.session = session
        self.number = number
        self.state = state
        self.moved_at = now  # the last progress

    def take(self, name, message, now):
        """TRF-3: what the state does not list ends the connection."""
        early = name == "DATA" and self.state == "asked" and self.session.datagrams
        if name not in STATES[self.state] and not early:
            raise PeerError(UNEXPECTED, f"{name} for transfer {self.number}, which is {self.state}")
        self.moved_at = now
        return getattr(self, f"on_{name.lower()}")(message, now)

    def enter(self, state):
        self.state = state

    def send(self, name, **values):
        self.session.send(name, transfer=self.number, **values)

    def finish(self, code, reason):
        """TRF-18: nothing of this transfer is sent or taken any more. Code None: it was confirmed."""
        self.session.forget(self)
        self.session.events.append(("ended", self.number, code, reason))

    def give_up(self, name, code, reason):
        self.send(name, reason=reason, code=code)
        self.finish(code, reason)

    def on_cancel(self, message, now):
        self.finish(message["code"], message["reason"])

    on_reject = on_refuse = on_cancel

    def stalls_at(self):
        return self.moved_at + STALL_US if self.state in self.waits_in else None
