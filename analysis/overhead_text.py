# SPDX-License-Identifier: MIT
"""overhead.md: totals and classes of bytes, as measured and in closed form; and what other protocols would need."""

from dataclasses import asdict

import overhead_model as model
import overhead_others
from overhead_cells import WITH_LOSS, WITHOUT_LOSS

WORLDS = {"ns3": "simulated", "real": "real programs"}
NAMES = {"payload": "payload", "framing": "framing", "signalling": "signalling", "acks": "acks", "retransmitted": "sent again",
         "lower_layers": "layers below"}


def size(count):
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"


def place(cell):
    link = "loopback" if cell.is_loopback else f"{cell.rtt_ms:g} ms, {100 * cell.loss:g} %"
    mtu = f", MTU {cell.mtu_bytes}" if cell.mtu_bytes != 1500 else ""
    return f"{size(cell.payload_bytes)} in {size(cell.chunk_bytes)}, {link}{mtu}"


def summary(cells):
    """The largest differences, a sentence each."""
    for world, name in WORLDS.items():
        for some, what, bound in (([c for c in cells if c.world == world and c.loss == 0], "without loss", WITHOUT_LOSS),
                                  ([c for c in cells if c.world == world and c.loss > 0], "with loss", WITH_LOSS)):
            if not some:
                continue
            worst = max(some, key=lambda cell: abs(cell.difference))
            far = sum(not cell.is_near for cell in some)
            yield (f"Largest difference of {name} {what}: {100 * worst.difference:+.2f} % of all bytes ({worst.transport}, {place(worst)}); "
                   f"{len(some) - far} of {len(some)} within {100 * bound:g} %.")


def row(cell):
    measured, computed = cell.measured, cell.computed
    classes = " | ".join(f"{asdict(computed)[name]:,.0f} / {asdict(measured)[name]:,.0f}" for name in NAMES if name != "payload")
    far = "" if cell.is_near else " **far**"
    return (f"| {WORLDS[cell.world]} | {place(cell)} | {cell.transport} | {len(cell.wires)} | {computed.total:,.0f} / {measured.total:,.0f} | "
            f"{100 * cell.difference:+.2f} %{far} | {classes} |")


def on_linux(name):
    return {} if name in ("udp", "quic") else {"kernel": "linux"}


def other_rows(cells):
    """Everything but payload, in percent of the payload: ours and theirs."""
    base = next((cell for cell in cells if cell.world == "ns3"), cells[0])
    link = model.Link(base.rate_mbps or 20, (base.rtt_ms or 40) / 1e3, 0)
    forms = {**model.MODELS, **overhead_others.MODELS}
    yield "| payload | " + " | ".join(forms) + " |"
    yield "|---" * (len(forms) + 1) + "|"
    for payload in sorted({cell.payload_bytes for cell in cells}):
        card = model.Card(payload, 64 << 10)
        shares = (100 * (form(card, link, **on_linux(name)).total / payload - 1) for name, form in forms.items())
        yield f"| {size(payload)} | " + " | ".join(f"{value:.2f} %" for value in shares) + " |"


def repair_rows(cells):
    payload = max(cell.payload_bytes for cell in cells)
    card, link = model.Card(payload, 64 << 10), model.Link(20, 0.04, 0)
    yield "| packets in a block | repair packets | bytes more |"
    yield "|---|---|---|"
    for sources, symbols in ((20, 3), (50, 4), (64, 3)):
        more = model.repair(card, link, sources, symbols).total / model.udp(card, link).total
        yield f"| {sources} | {symbols} | {100 * more:.1f} % |"


ASSUMED = """HTTP/2 is one GET over a connection of its own (RFC 9113, HPACK without Huffman coding): frames of 16,384 bytes, three
parameters in SETTINGS, WINDOW_UPDATE for stream and connection whenever half of the initial window was read. AVP is version 0.4 of
its specification with the HTTP/2 binding: two POSTs, the first with both agents' identities in JSON (320 to 350 bytes), the second
with a header of 12 bytes, protobuf metadata of the fields that a cache needs, 17 bytes of its own head, and the payload in one piece.
Over the same TCP, or TLS with a certificate on either side. Neither carries digests of parts, which are most of our signalling, and
neither of these columns was measured."""


def report(cells):
    yield "# Overhead in closed form, and as measured"
    yield ""
    yield from (f"* {line}" for line in summary(cells))
    yield ""
    yield (f"kvferry {cells[0].version}. Bytes of both directions, computed / measured. Simulated links have 20 Mbit/s, headers of PPP, and queues that "
           "nothing fills; measured are means of so many seeds. Real runs are over a loopback with the MTU of Ethernet, the one with the median total, or over an emulated link, "
           "their means: there what was lost and sent again is among the layers below.")
    yield ""
    names = [name for key, name in NAMES.items() if key != "payload"]
    yield "| world | card, link | transport | runs | all bytes | difference | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 6) + "|"
    yield from (row(cell) for cell in cells)
    yield ""
    yield "## Beside other protocols"
    yield ""
    yield "Bytes beside the payload, in percent of it, without loss, in closed form, chunks of 64 KiB:"
    yield ""
    yield from other_rows(cells)
    yield ""
    yield ASSUMED
    yield ""
    yield "## Repair"
    yield ""
    yield "What repair packets add over UDP, in percent of all bytes without them (closed form; the simulations above send none):"
    yield ""
    yield from repair_rows(cells)
