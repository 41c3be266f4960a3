# SPDX-License-Identifier: MIT
"""Section 6.5: addresses, what may be sent to them, and tokens."""

import hashlib
import hmac

MOST_CHALLENGES = 20
LEAST_CHALLENGE_US = 200_000
MOST_CHALLENGE_US = 1_500_000
TOKEN_S = 60


class Path:
    """An address of the peer. A client takes the server's for validated."""

    def __init__(self, address, validated):
        self.address = address
        self.validated = validated
        self.received = self.sent = 0
        self.challenge = None
        self.challenges = 0
        self.challenge_us = 0  # how long the newest is waited for
        self.challenge_at = 0  # when the next one is due

    def budget(self):
        """ADR-2, in bytes."""
        return 1 << 30 if self.validated else 3 * self.received - self.sent

    def next_challenge(self, now):
        if self.validated or self.challenges >= MOST_CHALLENGES:
            return None
        return max(now, self.challenge_at)

    def make_challenge(self, rng, now, probe_us):
        """ADR-3: the same 8 bytes for an address, sent again when it is time."""
        self.challenge = self.challenge or rng.randbytes(8)
        self.challenges += 1
        self.challenge_us = min(max(2 * self.challenge_us, LEAST_CHALLENGE_US, probe_us), max(MOST_CHALLENGE_US, probe_us))
        self.challenge_at = now + self.challenge_us
        return self.challenge

    def fails_at(self):
        """When the last challenge was given up, or None."""
        return self.challenge_at if not self.validated and self.challenges >= MOST_CHALLENGES else None


class Tokens:
    """ADR-4: bound to an address, for a minute."""

    def __init__(self, secret):
        self.secret = secret

    def _mac(self, address, second):
        text = f"{address[0]} {address[1]} {second}".encode()
        return hmac.new(self.secret, text, hashlib.sha256).digest()[:16]

    def make(self, address, now):
        second = now // 10**6
        return second.to_bytes(8, "little") + self._mac(address, second)

    def holds(self, token, address, now):
        second = int.from_bytes(token[:8], "little")
        return 0 <= now // 10**6 - second <= TOKEN_S and hmac.compare_digest(token[8:], self._mac(address, second))
