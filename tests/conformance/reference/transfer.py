# SPDX-License-Identifier: MIT
"""Section 11: what a transfer takes in each state, and what both sides of one share."""

from .primitives import UNEXPECTED, PeerError

STATES = {
    "asked": {"MANIFEST", "PAGE", "REFUSE", "CANCEL"},
    "considering": {"CANCEL"},  # and EAGER, if the offer is
    "receiving": {"DATA", "SKIP", "LEVEL", "CANCEL"},
    "stopping": {"DATA", "SKIP", "LEVEL", "END", "CANCEL"},
    "verified": {"DATA", "SKIP", "LEVEL", "CANCEL"},
    "wanted": {"LEVEL", "REJECT", "CANCEL"},
    "offering": {"ACCEPT", "REFUSE", "CANCEL"},
    "sending": {"HAVE", "CREDIT", "LEVEL", "PREFER", "RESEND", "STOP", "CONFIRM", "REJECT", "CANCEL"},
    "sent": {"HAVE", "CREDIT", "LEVEL", "PREFER", "RESEND", "STOP", "CONFIRM", "REJECT", "CANCEL"},
    "ended": {"CONFIRM", "REJECT", "CANCEL"},
}
EAGER = {"MANIFEST", "PAGE", "DATA"}
EAGER_OVERHEAD = 64  # bytes that each DATA frame counts for before ACCEPT, beside its payload (TRF-21)
OTHER, NOT_HERE, LIMITS, MODEL, CODEC, QUALITY, DAMAGED, BUSY, BASE, STALLED, STORAGE, NOT_POSSIBLE = range(12)
STALL_US = 60 * 10**6
VERDICT_US = 600 * 10**6


class Transfer:
    """One transfer, of either role; it ends by leaving the session's table."""

    waits_in = ()  # states in which the peer has to do something (TRF-19)
    verdict_in = ()  # states in which the peer's application has
    eager = False  # an offer whose manifest and DATA do not wait

    def __init__(self, session, number, state, now):
        self.session = session
        self.number = number
        self.state = state
        self.moved_at = now  # the last progress: new bytes, or another state

    def take(self, name, message, now):
        """TRF-3: what the state does not list ends the connection."""
        early = name == "DATA" and self.state == "asked" and self.session.datagrams
        early |= name in EAGER and self.state == "considering" and self.eager
        if name not in STATES[self.state] and not early:
            raise PeerError(UNEXPECTED, f"{name} for transfer {self.number}, which is {self.state}")
        before = self.state
        taken = getattr(self, f"on_{name.lower()}")(message, now)
        if self.state != before:
            self.moved_at = now
        return taken

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
        if self.state in self.verdict_in:
            return self.moved_at + VERDICT_US
        return self.moved_at + STALL_US if self.state in self.waits_in else None
