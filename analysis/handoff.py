#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""runs.jsonl of `kvferry-sim scenarios/networks/handoff.toml` as a table and a picture: when the first token comes after a
hand-off, stage by stage, beside reading the text again and beside QKVShare's figures."""

import argparse
import json
import pathlib
import sys
import tomllib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from jsonl import write_whole  # noqa: E402

STAGES = {"encode": ("#0072b2", ""), "transfer": ("#e69f00", "//"), "decode": ("#009e73", ".."), "first token": ("#cc79a7", "xx")}
QKVSHARE = {1024: (0.1307, 0.1502), 8192: (0.3971, 1.0297)}  # hand-off and full prefill, s: Llama-3.1-8B, arXiv abstract


def fail(message):
    sys.exit(f"handoff: {message}")


def stages(run, where, prefill_s):
    """Seconds since the first agent, which has the cache, was asked."""
    time = run["readers"][0]["time_s"]
    missing = [name for name in ("connect", "manifest", "complete", "applied", "first_token") if time.get(name) is None]
    if missing:
        fail(f"{where}: no time '{missing[0]}', expected a run in which the reader answered")
    return {"encode": time["manifest"] - prefill_s, "transfer": time["complete"] - time["manifest"],
            "decode": time["applied"] - time["complete"], "first token": time["first_token"] - time["applied"]}


def read(path, prefill_tokens_per_s):
    runs = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path}:{number}"
        try:
            run = json.loads(text)
            tokens, rate = run["point"]["card.tokens"], run["point"]["network.rate_mbps"]
            took = stages(run, where, tokens / prefill_tokens_per_s)
            runs.append({"tokens": tokens, "rate": rate, "preset": run["preset"], "transport": run["transport"], "stages": took,
                         "handoff": sum(took.values()), "again": tokens / prefill_tokens_per_s + took["first token"]})
        except (ValueError, KeyError, IndexError) as error:
            fail(f"{where}: {error!r}, expected a run of scenarios/networks/handoff.toml")
    if not runs:
        fail(f"{path}: no run")
    return runs


def table(runs):
    header = ["tokens", "link, Mbit/s", "preset", "transport", *(f"{name}, s" for name in STAGES), "hand-off, s", "prefill, s",
              "ratio"]
    rows = [[f"{run['tokens']:,}", f"{run['rate']:,}", run["preset"], run["transport"],
             *(f"{run['stages'][name]:.3f}" for name in STAGES), f"{run['handoff']:.3f}", f"{run['again']:.3f}",
             f"{run['handoff'] / run['again']:.2f}"] for run in runs]
    divider = ["---:", "---:", "---", "---"] + ["---:"] * (len(header) - 4)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, divider, *rows])


def bars(axis, runs, rate, presets):
    tokens = sorted({run["tokens"] for run in runs})
    width = 0.8 / (len(presets) + 1)
    for i, count in enumerate(tokens):
        for j, preset in enumerate(presets):
            run = next(run for run in runs if (run["tokens"], run["rate"], run["preset"]) == (count, rate, preset))
            bottom = 0
            for name, (colour, hatch) in STAGES.items():
                axis.bar(i + j * width, run["stages"][name], width, bottom=bottom, color=colour, hatch=hatch, edgecolor="white",
                         linewidth=0, label=name if i == j == 0 else None)
                bottom += run["stages"][name]
            axis.text(i + j * width, bottom, preset, rotation=90, ha="center", va="bottom", fontsize=7)
        axis.bar(i + len(presets) * width, run["again"], width, color="none", edgecolor="black",
                 label="reading the text again" if i == 0 else None)
    axis.set_xticks([i + 0.4 - width / 2 for i in range(len(tokens))], [f"{count:,}" for count in tokens])
    axis.set_xlabel("tokens")
    axis.set_title(f"{rate:,} Mbit/s")


def draw(runs, path):
    udp = [run for run in runs if run["transport"] == "udp"]
    rates = sorted({run["rate"] for run in udp})
    presets = list(dict.fromkeys(run["preset"] for run in udp))
    figure, axes = plt.subplots(1, len(rates), figsize=(5 * len(rates), 4.6), squeeze=False, layout="constrained")
    for axis, rate in zip(axes[0], rates):
        bars(axis, udp, rate, presets)
    axes[0][0].set_ylabel("first token after, s")
    axes[0][-1].legend(frameon=False, fontsize=8, loc="upper left")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--profile", type=pathlib.Path, required=True, help="the plan's, for the time to read")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    profile = tomllib.loads(options.profile.read_text(encoding="utf-8"))
    runs = read(options.results, profile["prefill_tokens_per_s"])
    options.out.mkdir(parents=True, exist_ok=True)
    draw(runs, options.out / "handoff.png")
    theirs = "; ".join(f"{tokens:,} tokens: {handoff:.3f} s against {again:.3f} s, ratio {handoff / again:.2f}"
                       for tokens, (handoff, again) in QKVSHARE.items())
    text = (f"# First token after a hand-off\n\nLlama-3.1-8B's shapes; compute times of {profile['device']} "
            f"({profile['source']}). The first agent has the cache already. **Encode** holds the request's way too; **prefill** is "
            f"the text read again and the same first token.\n\n{table(runs)}\n\nQKVShare, on one device, without a network: "
            f"{theirs}.\n")
    write_whole(options.out / "handoff.md", text)


if __name__ == "__main__":
    main()
