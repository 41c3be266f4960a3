# SPDX-License-Identifier: MIT
"""overhead.png: bytes beside the payload over the card's size and over loss, and how far the closed form is from measurements."""

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, NullFormatter

import figures
import overhead_model as model
import overhead_others
from overhead_cells import WITH_LOSS, WITHOUT_LOSS
from overhead_text import size

STYLES = {"tcp": ("o", "#0072b2", "-"), "tls": ("D", "#56b4e9", "--"), "udp": ("^", "#d55e00", "-."), "quic": ("s", "#009e73", ":")}
OTHERS = {"http2+tls": (0, (1, 1)), "avp+tls": (0, (4, 1, 1, 1, 1, 1))}
BASE = {"chunk_bytes": 64 << 10, "mtu_bytes": 1500}


def beside(wire, payload):
    return 100 * (wire.total / payload - 1)


def like_base(cell, **same):
    return all(getattr(cell, key) == value for key, value in {**BASE, **same}.items())


def marks(axis, cells, x):
    for cell in cells:
        marker, colour, _ = STYLES[cell.transport]
        face = "none" if cell.world == "ns3" else colour
        axis.plot([x(cell)], [beside(cell.measured, cell.payload_bytes)], marker, color=colour, markerfacecolor=face, markersize=6.5,
                  markeredgewidth=1.4, zorder=3)


def draw_sizes(axis, cells, link):
    some = [cell for cell in cells if like_base(cell, loss=0) and (cell.is_loopback or cell.rtt_ms == 1e3 * link.rtt_s)]
    marks(axis, some, lambda cell: cell.payload_bytes)
    payloads = sorted({cell.payload_bytes for cell in some})
    curve = [round(payloads[0] * (payloads[-1] / payloads[0]) ** (i / 60)) for i in range(61)]
    for name, (_, colour, line) in STYLES.items():
        axis.plot(curve, [beside(model.MODELS[name](model.Card(p, 64 << 10), link), p) for p in curve], line, color=colour, linewidth=1.4)
    for name, line in OTHERS.items():
        axis.plot(curve, [beside(overhead_others.MODELS[name](model.Card(p, 64 << 10), link, kernel="linux"), p) for p in curve], linestyle=line, color="#777777",
                  linewidth=1.4, label=name.replace("+tls", " over TLS") + " (closed form)")
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_xticks(payloads, [size(payload) for payload in payloads], fontsize=8.5, rotation=30)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axis.set_yticks([5, 10, 20, 50, 100, 200, 400])
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("payload of the card (log)")
    axis.set_ylabel("bytes beside the payload, share of it (log)")
    axis.set_title("without loss", fontsize=10.5)
    axis.legend(frameon=False, fontsize=8.5)


def draw_losses(axis, cells, link):
    some = [cell for cell in cells if like_base(cell, payload_bytes=1 << 20) and cell.rtt_ms == 1e3 * link.rtt_s]
    marks(axis, some, lambda cell: 100 * cell.loss)
    most = max((cell.loss for cell in some), default=0.05)
    losses = [most * i / 50 for i in range(51)]
    for name, (_, colour, line) in STYLES.items():
        values = [beside(model.MODELS[name](model.Card(1 << 20, 64 << 10), model.Link(link.rate_mbps, link.rtt_s, loss)), 1 << 20) for loss in losses]
        if name != "tls":
            axis.plot([100 * loss for loss in losses], values, line, color=colour, linewidth=1.4)
    axis.set_xlabel("packets lost, each way, %")
    axis.set_ylabel("bytes beside the payload, % of it")
    axis.set_ylim(bottom=0)
    axis.set_title(f"1 MiB, {1e3 * link.rtt_s:g} ms; the line of tcp is of ns-3's", fontsize=10.5)


def draw_differences(axis, cells):
    ordered = sorted(cells, key=lambda cell: (cell.loss > 0, cell.world))
    lossless = sum(cell.loss == 0 for cell in ordered)
    for begin, end, bound in ((0, lossless, WITHOUT_LOSS), (lossless, len(ordered), WITH_LOSS)):
        axis.fill_between([begin - 0.5, end - 0.5], -100 * bound, 100 * bound, color="#dddddd", linewidth=0, zorder=0)
    for place, cell in enumerate(ordered):
        marker, colour, _ = STYLES[cell.transport]
        axis.plot([place], [100 * cell.difference], marker, color=colour, markersize=5.5, markeredgewidth=1.2,
                  markerfacecolor="none" if cell.world == "ns3" else colour, zorder=3)
    axis.axhline(0, color="black", linewidth=0.8)
    for middle, text, bound in ((lossless / 2, "without loss", WITHOUT_LOSS), ((lossless + len(ordered)) / 2, "with loss", WITH_LOSS)):
        axis.annotate(f"{text}: {100 * bound:g} %", (middle, 100 * bound), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    axis.set_xticks([])
    axis.set_ylim(-6, 6)
    axis.set_xlabel("every point of the table")
    axis.set_ylabel("closed form less measured, % of all bytes")


def draw(cells, path):
    base = next((cell for cell in cells if cell.world == "ns3"), None)
    link = model.Link(base.rate_mbps, base.rtt_ms / 1e3, 0) if base else model.Link(20, 0.04, 0)
    figure, axes = plt.subplots(1, 3, figsize=(15, 5.4), dpi=110)
    draw_sizes(axes[0], cells, link)
    draw_losses(axes[1], cells, link)
    draw_differences(axes[2], cells)
    for axis in axes:
        figures.dress(axis)
    handles = [plt.Line2D([], [], marker=marker, color=colour, linestyle=line, markerfacecolor="none", markeredgewidth=1.4, label=name)
               for name, (marker, colour, line) in STYLES.items()]
    handles += [plt.Line2D([], [], marker="o", color="#555555", linestyle="none", markerfacecolor=face, label=label)
                for face, label in (("none", "measured in ns-3"), ("#555555", "measured of real programs"))]
    handles += [plt.Line2D([], [], color="#555555", label="line: closed form")]
    figure.legend(handles=handles, loc="lower center", ncol=len(handles), frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figures.save(figure, path)
