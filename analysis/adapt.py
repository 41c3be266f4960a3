# SPDX-License-Identifier: MIT
"""Turns the results of `kvferry-lab adapt` into adapt.md, adapt.png (regret) and timeline.png.

Reads results.jsonl and the timeline.json beside it, and nothing else."""

import argparse
import json
import os
import sys
from collections import defaultdict

from jsonl import NUMBER, ResultsError, load as load_lines, write_whole

NEEDED = {"scenario": str, "transport": str, "policy": str, "text": bool, "deadline": NUMBER, "mean_mbps": NUMBER, "f1": NUMBER,
          "f1_full": NUMBER, "f1_oracle": NUMBER, "answerable": NUMBER, "kv_bytes_fp16": int, "quality_model": str, "profile": str, "seed": int}
MISSED_BELOW = 0.999  # share of documents of which something must be there


def load(path):
    return load_lines(path, NEEDED)


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


def of_oracle(runs):
    """Mean F1 over the oracle's mean F1."""
    best = sum(run["f1_oracle"] for run in runs)
    return sum(run["f1"] for run in runs) / best if best else float("nan")


def missed(runs):
    """Share of runs in which some document had nothing, of those in which the oracle answers all."""
    able = [run for run in runs if run["f1_oracle"] >= 0.5 * run["f1_full"]]
    return mean(run["answerable"] < MISSED_BELOW for run in able)


def grouped(runs, *keys):
    groups = defaultdict(list)
    for run in runs:
        groups[tuple(run[key] for key in keys)].append(run)
    return groups


def in_order(runs, key):
    return list(dict.fromkeys(run[key] for run in runs))


def cell(value, form):
    return "–" if value != value else form(value)  # not a number: the oracle itself has nothing


def table(runs, figure, form):
    """Policies by deadlines."""
    deadlines = sorted(set(run["deadline"] for run in runs))
    groups = grouped(runs, "policy", "deadline")
    yield "| policy | " + " | ".join(f"{deadline:g}" for deadline in deadlines) + " | all |"
    yield "|---" * (len(deadlines) + 2) + "|"
    for policy in in_order(runs, "policy"):
        cells = [cell(figure(groups[policy, deadline]), form) for deadline in deadlines]
        everything = [run for deadline in deadlines for run in groups[policy, deadline]]
        yield f"| `{policy}` | " + " | ".join(cells) + f" | {cell(figure(everything), form)} |"
    yield ""


def losses(runs):
    """Where another policy than the progressive one has the better mean F1, and ours is below the full cache's: more
    than that is chance."""
    groups = grouped(runs, "scenario", "transport", "deadline", "policy")
    for scenario, transport, deadline in grouped(runs, "scenario", "transport", "deadline"):
        ours = groups.get((scenario, transport, deadline, "progressive"))
        if not ours:
            continue
        best = max((policy for policy in in_order(runs, "policy") if policy != "progressive"),
                   key=lambda policy: mean(run["f1"] for run in groups[scenario, transport, deadline, policy]))
        theirs = mean(run["f1"] for run in groups[scenario, transport, deadline, best])
        reached = mean(run["f1"] for run in ours)
        if reached + 0.001 < min(theirs, mean(run["f1_full"] for run in ours)):
            yield (f"| {scenario} | {transport} | {deadline:g} | {reached:.3f} "
                   f"| {theirs:.3f} (`{best}`) | {mean(run['f1_oracle'] for run in ours):.3f} |")


def report(runs):
    first = runs[0]
    yield "# Policies of rate control on links that change"
    yield ""
    yield (f"A bundle of {first['kv_bytes_fp16'] / 2**20:.1f} MiB of FP16 cache, model `{first['quality_model']}`, "
           f"times of `{first['profile']}`, seed {first['seed']}; F1 of the full caches is {first['f1_full']:.3f}. "
           "Deadlines in multiples of what FP16 would take at the link's mean rate. Links: "
           + ", ".join(f"{scenario} ({group[0]['mean_mbps']:.3g} Mbit/s)"
                       for (scenario,), group in grouped(runs, "scenario").items()) + ".")
    yield ""
    for text, title in ((False, "The cache alone"), (True, "With the words among the choices")):
        some = [run for run in runs if run["text"] == text]
        if not some:
            continue
        yield f"## {title}"
        yield ""
        for transport in in_order(some, "transport"):
            of_transport = [run for run in some if run["transport"] == transport]
            yield f"F1 as a share of the oracle's, `{transport}`, {len(of_transport)} runs:"
            yield ""
            yield from table(of_transport, of_oracle, "{:.3f}".format)
        yield "Deadline missed (a document of which nothing was there), where the oracle could answer:"
        yield ""
        yield from table(some, missed, "{:.1%}".format)
        yield "F1 as a share of the oracle's, by link (all deadlines):"
        yield ""
        groups = grouped(some, "policy", "scenario")
        scenarios = in_order(some, "scenario")
        yield "| policy | " + " | ".join(scenarios) + " |"
        yield "|---" * (len(scenarios) + 1) + "|"
        for policy in in_order(some, "policy"):
            yield f"| `{policy}` | " + " | ".join(f"{of_oracle(groups[policy, s]):.3f}" for s in scenarios) + " |"
        yield ""
        worse = list(losses(some))
        yield f"Where another policy has a better mean F1 than `progressive`, and that is below the full caches' ({len(worse)} cells):"
        yield ""
        if worse:
            yield "| link | transport | deadline | progressive | best other | oracle |"
            yield "|---|---|---|---|---|---|"
            yield from worse
            yield ""


def main():
    parser = argparse.ArgumentParser(prog="adapt.py", description=__doc__)
    parser.add_argument("results", help="results.jsonl")
    parser.add_argument("--out", required=True, help="folder for adapt.md and the pictures")
    options = parser.parse_args()
    runs = load(options.results)
    text = "\n".join(report(runs))
    write_whole(os.path.join(options.out, "adapt.md"), text)
    import adapt_picture  # slow to import: only when the results are good

    adapt_picture.draw_regret([run for run in runs if not run["text"]], os.path.join(options.out, "adapt.png"))
    timeline = os.path.join(os.path.dirname(options.results), "timeline.json")
    if os.path.exists(timeline):
        with open(timeline, encoding="utf-8") as file:
            adapt_picture.draw_timeline(json.load(file), os.path.join(options.out, "timeline.png"))


if __name__ == "__main__":
    try:
        main()
    except (ResultsError, OSError) as error:
        sys.exit(f"adapt.py: {error}")
