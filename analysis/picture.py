# SPDX-License-Identifier: MIT
"""tradeoff.png: F1 against bytes on the wire, and against time to first token."""

import matplotlib.pyplot as plt
from matplotlib.text import Text

import figures
from figures import bytes_text, seconds_text

MARKERS = {"ns3-tcp": ("o", "#0072b2"), "ns3-udp": ("^", "#d55e00")}  # colours of Okabe and Ito
SPARE = [("s", "#009e73"), ("D", "#cc79a7"), ("v", "#56b4e9")]
# Straight above or below the mark, further and further away, before aside. Points.
LABEL_OFFSETS = [(0, sign * (9 + 12 * step)) for step in range(5) for sign in (1, -1)] + [(9, 0), (-9, 0)]


def style(transport, transports):
    known = MARKERS.get(transport)
    return known or SPARE[transports.index(transport) % len(SPARE)]


def write_label(axis, label, place, dx, dy):
    """The label beside its mark, tied to it by a line when it is not close."""
    line = {"arrowstyle": "-", "color": "#999999", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4}
    return axis.annotate(label, place, (dx, dy), textcoords="offset points", fontsize=9.5,
                         ha="center" if dx == 0 else "left" if dx > 0 else "right",
                         va="center" if dy == 0 else "bottom" if dy > 0 else "top",
                         arrowprops=line if abs(dy) > 12 else None)


def place_labels(figure, axis, points):
    """Writes each label beside its mark, where it covers neither a mark nor another label."""
    renderer = figure.canvas.get_renderer()
    frame = axis.get_window_extent(renderer)
    marks = [axis.transData.transform((x, y)) for label, marks in points for x, y in marks]
    taken = []
    for label, places in points:
        for dx, dy in LABEL_OFFSETS:
            text = write_label(axis, label, places[-1], dx, dy)
            box = text.get_window_extent(renderer)  # with the line to the mark
            inside = frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0 and box.y1 < frame.y1
            box = Text.get_window_extent(text, renderer).padded(1)
            covers = any(box.padded(4).contains(x, y) for x, y in marks)
            if inside and not covers and not any(box.overlaps(other) for other in taken):
                break
            text.remove()
        else:
            text = write_label(axis, label, places[-1], *LABEL_OFFSETS[0])
            box = Text.get_window_extent(text, renderer)
        taken.append(box)


def panel(axis, groups, value, name, unit):
    """One mark per preset and transport; a thin line ties the marks of a preset."""
    transports = list(dict.fromkeys(g.transport for g in groups))
    by_preset = {}
    for g in groups:
        by_preset.setdefault(g.preset, []).append((value(g), g.per_question("f1")))
        marker, colour = style(g.transport, transports)
        axis.plot(*by_preset[g.preset][-1], marker, color=colour, markersize=8, markerfacecolor="none",
                  markeredgewidth=1.6, zorder=3)
    for marks in by_preset.values():
        axis.plot(*zip(*marks), "-", color="#999999", linewidth=0.8, zorder=1)
    axis.set_xlabel(name)
    axis.margins(x=0.12)
    figures.logarithmic(axis, unit)
    figures.dress(axis)
    return list(by_preset.items())


def draw(groups, title, path):
    figure, axes = plt.subplots(1, 2, figsize=(12, 5.4), dpi=110, sharey=True)
    labels = [panel(axes[0], groups, lambda g: g.wire_bytes, "bytes on the wire per card, both directions (log)",
                    bytes_text),
              panel(axes[1], groups, lambda g: g.seconds("first_token"), "time to first token (log)", seconds_text)]
    worst = min(g.per_question("f1") for g in groups)
    axes[0].set_ylim(max(-0.1, min(worst - 0.15, 0.7)), 1.14)  # room for labels above perfect answers
    axes[0].set_yticks([tick for tick in axes[0].get_yticks() if 0 <= tick < 1.001])
    axes[0].set_ylabel("F1 of the answers")
    transports = list(dict.fromkeys(g.transport for g in groups))
    handles = [plt.Line2D([], [], linestyle="none", marker=style(t, transports)[0], color=style(t, transports)[1],
                          markerfacecolor="none", markeredgewidth=1.6, markersize=8, label=t) for t in transports]
    figure.legend(handles=handles, loc="lower center", frameon=False, ncol=len(handles))
    figure.suptitle(title, fontsize=10.5)
    figure.tight_layout(rect=(0, 0.05, 1, 0.98))
    figure.canvas.draw()
    for axis, points in zip(axes, labels):
        place_labels(figure, axis, points)
    figures.save(figure, path)
