# SPDX-License-Identifier: MIT
"""Bytes per transfer in closed form: payload, framing, signalling, acknowledgements, retransmissions, repair and headers of
the layers below, for a card over tcp, tls, udp or quic.

Derived from protocol/SPEC.md and the RFCs named beside; nothing is fitted to a measurement. What a specification leaves
to the implementation is a constant with its origin beside it. Random quantities have their means: losses are independent."""

from overhead_quic import quic
from overhead_tcp import tcp, tls
from overhead_terms import CLASSES, Card, Ends, Link, Wire
from overhead_udp import repair, udp

MODELS = {"tcp": tcp, "tls": tls, "udp": udp, "quic": quic}

__all__ = ["CLASSES", "MODELS", "Card", "Ends", "Link", "Wire", "quic", "repair", "tcp", "tls", "udp"]
