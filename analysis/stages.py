# SPDX-License-Identifier: MIT
"""stages.png: which stages the time to the answer is made of, a bar for each preset and transport, and one for the text."""

import matplotlib.pyplot as plt

import figures

STAGES = {"encode": ("#e69f00", "//"), "queue": ("#999999", ".."), "transfer": ("#0072b2", ""), "decode": ("#009e73", "\\\\"),
          "inject": ("#56b4e9", "xx"), "prefill": ("#d55e00", "--"), "generate": ("#f0e442", "oo")}


def bars(groups):
    """(label, seconds by stage), the text's last, once for each transport."""
    for g in groups:
        yield f"{g.preset}, {g.transport}", {stage: g.seconds(stage) for stage in STAGES}
    said = set()
    for g in groups:
        if g.is_text or g.transport in said or any(other.is_text and other.transport == g.transport for other in groups):
            continue
        said.add(g.transport)
        yield f"text instead, {g.transport}", {"transfer": g.text_seconds("transfer"), "prefill": g.text_seconds("prefill")}


def draw(groups, path):
    shown = list(bars(groups))
    figure, axis = plt.subplots(figsize=(12, 1.6 + 0.34 * len(shown)), dpi=110)
    for row, (_, seconds) in enumerate(shown):
        left = 0
        for stage, (colour, hatch) in STAGES.items():
            axis.barh([row], [seconds.get(stage, 0)], left=left, height=0.72, color=colour, hatch=hatch, edgecolor="#333333", linewidth=0.5)
            left += seconds.get(stage, 0)
        axis.annotate(f"{left:.3g} s", (left, row), (4, 0), textcoords="offset points", va="center", fontsize=8.5)
    axis.set_yticks(range(len(shown)), [label for label, _ in shown], fontsize=9)
    axis.invert_yaxis()
    axis.margins(x=0.08, y=0.02)
    axis.set_xlim(left=0)
    axis.set_xlabel("seconds; first token after prefill (of the question, or of the text), generate is the rest of the answer")
    figures.dress(axis, "x")
    handles = [plt.Rectangle((0, 0), 1, 1, facecolor=colour, hatch=hatch, edgecolor="#333333", linewidth=0.5, label=stage)
               for stage, (colour, hatch) in STAGES.items()]
    figure.legend(handles=handles, loc="upper center", ncol=len(handles), frameon=False, fontsize=9.5)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.4 / figure.get_figheight()))
    figures.save(figure, path)
