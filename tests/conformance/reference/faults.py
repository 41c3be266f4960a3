# SPDX-License-Identifier: MIT
"""Deliberate faults of the server, for testing a conformance tool: name, requirements broken, transports, what is seen."""

BOTH = "tcp udp"
FAULTS = {
    "wrong-nonce": ("CON-5", BOTH, "answers PING with another nonce"),
    "bad-checksum": ("STR-1", "tcp", "takes frames whose CRC32C differs"),
    "long-varints": ("PRM-1", BOTH, "takes varints that are longer than needed"),
    "reserved-fatal": ("FRM-2 VER-1", BOTH, "ends the connection at a reserved or unknown type without the critical bit"),
    "critical-skipped": ("FRM-1", BOTH, "skips an unknown type with the critical bit"),
    "two-hellos": ("CON-1", BOTH, "takes a second HELLO"),
    "any-transfer": ("TRF-1", BOTH, "takes transfer numbers out of order"),
    "any-digest": ("TRF-16", BOTH, "takes a CONFIRM that names another card"),
    "sends-held": ("TRF-7 TRF-20", BOTH, "sends chunks that are held, and all of those that are partial"),
    "ignores-credit": ("TRF-9", BOTH, "begins chunks beyond the credit"),
    "ignores-level": ("TRF-11", BOTH, "sends chunks above the receiver's level"),
    "over-budget": ("TRF-13", BOTH, "sends more payload than the byte budget"),
    "ignores-stop": ("TRF-17", BOTH, "goes on after STOP, and sends no END"),
    "data-before-pages": ("TRF-4 TRF-3", "tcp", "sends DATA before the pages"),
    "chunks-interleaved": ("STR-2", "tcp", "begins a chunk before another is finished"),
    "wrong-bytes": ("TRF-8", BOTH, "sends a chunk 0 that does not have its digest, always"),
    "small-first": ("ADR-1", "udp", "answers a first datagram below 1,200 bytes"),
    "amplifies": ("ADR-2", "udp", "sends more than three times what came from an address that is not validated"),
    "acks-unsent": ("PKT-4", "udp", "takes an ACK of numbers that it did not send"),
    "acks-unseen": ("PKT-4 IGN-1", "udp", "acknowledges a number that was not sent to it"),
    "number-twice": ("PKT-3", "udp", "gives about every eighth packet the number of the one before"),
}
