# SPDX-License-Identifier: MIT
"""One of every message and frame of SPEC.md, with what the dissector should say of it."""

from wire_bytes import MODEL, acknowledgement, curve, data, manifest, pack, ranges, sha256, varint

LIMITS = {0: 1024000, 1: 1 << 20, 2: 1 << 25, 3: 1 << 40, 4: 16, 5: 1 << 26, 6: 65536}
HELLO = {0: "kvferry", 1: [1], 2: 0b1011, 3: LIMITS, 4: [0, 1], 5: "tester", 6: 30000}
CARD = sha256(b"card")
ROOT_BYTES, PAGES = manifest([b"payload"] * 3, k12={0: 0.5, 1: 0.9, 2: 100}, k13=CARD, k14=CARD, k15="a summary",
                             k16=curve((2, 0.75, 0.5), (1, 0.25, 1.0)))
ID = 0x0123456789ABCDEF

# Name, body, what the Info column says of it, and some fields as tshark shows them.
MESSAGES = [
    ("HELLO", {**HELLO, 7: MODEL}, "HELLO", {
        "hello.magic": ["kvferry"], "hello.version": ["1"], "hello.features": ["0x000000000000000b"],
        "hello.features.repair": ["1"], "hello.features.bridges": ["0"], "hello.features.datagrams": ["0"],
        "hello.codec": ["0", "1"],
        "hello.agent": ["tester"], "hello.idle_timeout_ms": ["30000"], "limits.card_bytes": [str(1 << 40)],
        "limits.credit": [str(1 << 26)], "limits.eager_bytes": ["65536"],
        "model.architecture": ["LlamaForCausalLM"], "model.rope_base": ["10000"], "model.element_type": ["0"]}),
    ("REQUEST", {0: 0, 1: "notes", 2: "int4", 3: [1, 300], 4: ranges([0, 1, 9]), 5: CARD, 6: 5000000, 7: 1 << 40, 8: 0.5,
                 9: varint(2) + varint(100), 10: CARD + sha256(b"b"), 11: True, 12: 7,
                 13: 4},
     f'REQUEST 0 "notes" {CARD.hex()[:8]}', {
        "document": ["notes"], "request.preset": ["int4"], "request.question": ["1", "300"], "held": ["0-1, 9"],
        "held.count": ["3"], "request.deadline_us": ["5000000"], "request.byte_budget": [str(1 << 40)],
        "request.minimum_quality": ["0.5"], "partial.chunk": ["2"], "partial.bytes": ["100"], "manifest_first": ["1"],
        "request.urgency": ["7"], "droppable_from": ["4"]}),
    ("OFFER", {0: 1, 1: CARD, 2: "notes", 3: 10, 4: 20, 5: CARD, 6: True}, 'OFFER 1 "notes"', {
        "offer.payload_bytes": ["10"], "offer.raw_bytes": ["20"], "offer.eager": ["1"]}),
    ("ACCEPT", {0: 1, 1: ranges([4]), 2: varint(0) + varint(7), 3: True, 4: 0}, "ACCEPT 1", {
        "held": ["4"], "partial.bytes": ["7"], "droppable_from": ["0"]}),
    ("MANIFEST", {0: 0, 1: ROOT_BYTES, 2: ranges([1])}, "MANIFEST 0", {
        "root.format": ["1"], "root.token_count": ["64"], "root.position_set": ["0-63", "0-1, 5, 9-10, 63"],
        "root.position_set.count": ["64", "6"], "root.layer_set": ["0", "0", "1", "1"], "root.codec": ["0"],
        "root.one_question": ["0"], "root.chunk_count": ["3"], "root.payload_bytes": ["21"],
        "divergence.kl": ["0.5"], "divergence.top1": ["0.9"], "divergence.tokens": ["100"],
        "root.summary": ["a summary"], "root.curve.chunks": ["2", "3"], "root.curve.kl": ["0.75", "0.25"],
        "root.curve.top1": ["0.5", "1"], "known": ["1"]}),
    ("PAGE", {0: 0, 1: 0, 2: PAGES[0]}, "PAGE 0 0", {
        "page.index": ["0"], "page.entry.number": ["0", "1", "2"], "page.entry.size": ["7"] * 3,
        "page.entry.layer_count": ["2"] * 3, "page.entry.row_count": ["64"] * 3, "page.entry.kind": ["2"] * 3,
        "page.entry.refines": ["0"] * 3, "page.entry.level": ["0"] * 3, "page.entry.importance": ["1", "0.5", "0.333333"]}),
    ("HAVE", {0: 0, 1: b""}, "HAVE 0", {"chunks": [""], "chunks.count": ["0"]}),
    ("RESEND", {0: 0, 1: ranges([3])}, "RESEND 0 3", {"chunks": ["3"]}),
    ("PREFER", {0: 0, 1: ranges([5, 6])}, "PREFER 0 5-6", {"chunks": ["5-6"]}),
    ("CREDIT", {0: 0, 1: 1 << 61}, f"CREDIT 0 {1 << 61}", {"credit": [str(1 << 61)]}),
    ("LEVEL", {0: 0, 1: 255}, "LEVEL 0 255", {"level": ["255"]}),
    ("SKIP", {0: 0, 1: ranges([2]), 2: 1}, "SKIP 0 2 deadline", {"skip.reason": ["1"]}),
    ("SKIP", {0: 0, 1: ranges([2]), 2: 4}, "SKIP 0 2 lost", {"skip.reason": ["4"]}),
    ("STOP", {0: 0, 1: 2}, "STOP 0 2", {"chunk_count": ["2"]}),
    ("END", {0: 0, 1: 3}, "END 0 3", {"chunk_count": ["3"]}),
    ("CONFIRM", {0: 0, 1: 3, 2: CARD}, "CONFIRM 0 3", {"chunk_count": ["3"]}),
    ("REJECT", {0: 0, 1: "no", 2: 6}, 'REJECT 0 damaged "no"', {"transfer_code": ["6"], "reason": ["no"]}),
    ("CANCEL", {0: 0, 1: "", 2: 9}, 'CANCEL 0 stalled ""', {"transfer_code": ["9"]}),
    ("REFUSE", {0: 2, 1: "no such document", 2: 1}, 'REFUSE 2 not here "no such document"', {"transfer": ["2"]}),
    ("PING", {0: 7}, "PING 7", {"nonce": ["7"]}),
    ("PONG", {0: 7, 130: [None, -3, {0: b"x"}]}, "PONG 7", {
        "nonce": ["7"], "reserved_key": ["130: [nil, -3, {0: 1 bytes}]"]}),
    ("GOODBYE", {0: 0, 1: "done"}, 'GOODBYE none "done"', {"connection_code": ["0"]}),
]
OF_STREAMS = [
    ("PROGRESS", {0: 65536, 1: 20000}, "PROGRESS 65536", {
        "progress.payload_bytes": ["65536"], "progress.interval_us": ["20000"]}),
]
AN_ERROR = ("ERROR", {0: 4, 1: "two HELLOs"}, 'ERROR unexpected "two HELLOs"', {"connection_code": ["4"]})

IN_PACKETS = [
    ("PADDING", bytes(20), "PADDING", {"frame.length": ["20"]}),
    ("DATA", data(1, 2, 1000, b"abc"), "DATA 1/2 @1000 +3", {"data.offset": ["1000"], "data.bytes": ["61:62:63"]}),
    ("ACK", acknowledgement([0, 1, 2, 5, 6, 7, 9, 10, 11], 2000), "ACK 9-11, 5-7, 0-2", {
        "ack.largest": ["11"], "ack.delay_us": ["2000"], "ack.range": ["2", "2", "2"], "ack.gap": ["0", "1"],
        "ack.numbers": ["9-11, 5-7, 0-2"], "ack.count": ["9"]}),
    ("PROBE", b"", "PROBE", {}),
    ("CLOSE", pack({0: 0, 1: "bye"}), 'CLOSE none "bye"', {"connection_code": ["0"], "reason": ["bye"]}),
    ("TOKEN", b"secret", "TOKEN", {"token": ["73:65:63:72:65:74"]}),
    ("CHALLENGE", bytes(range(8)), "CHALLENGE", {"challenge": ["00:01:02:03:04:05:06:07"]}),
    ("RESPONSE", bytes(range(8)), "RESPONSE", {"response": ["00:01:02:03:04:05:06:07"]}),
    ("REPAIR", varint(70) + varint(4) + b"\x00\x02\x01\x01" + b"\x01\x03" + b"symbol", "REPAIR 70-71, 73 [1/3]", {
        "repair.first": ["70"], "repair.covered": ["70-71, 73"], "repair.count": ["3"], "repair.symbol_index": ["1"],
        "repair.symbols": ["3"], "repair.symbol": ["73:79:6d:62:6f:6c"]}),
    ("RECOVERED", acknowledgement([72], 0), "RECOVERED 72", {"ack.numbers": ["72"]}),
    (0x42, b"later", "unknown type 0x42 (skipped)", {}),
    (0x20 + 62 * 3, b"", "reserved (ignored)", {}),
]
