# SPDX-License-Identifier: MIT
"""adapt.png: how far each policy stays behind the oracle. timeline.png: one transfer as it went."""

import matplotlib.pyplot as plt

import figures

# Okabe and Ito
COLOURS = ["#999999", "#56b4e9", "#cc79a7", "#e69f00", "#009e73", "#0072b2", "#d55e00"]
MARKERS = "o^sDvPX"


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def draw_regret(runs, path):
    """Regret: the oracle's F1 less the policy's, over deadlines, a panel a link."""
    scenarios = list(dict.fromkeys(run["scenario"] for run in runs))
    policies = list(dict.fromkeys(run["policy"] for run in runs))
    deadlines = sorted(set(run["deadline"] for run in runs))
    columns = min(4, len(scenarios))
    rows = -(-len(scenarios) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.6 * columns, 3.0 * rows + 0.6), dpi=110, sharey=True,
                                squeeze=False)
    for axis, scenario in zip(axes.flat, scenarios):
        for policy, colour, marker in zip(policies, COLOURS, MARKERS):
            regret = []
            for deadline in deadlines:
                some = [run for run in runs if (run["scenario"], run["policy"], run["deadline"])
                        == (scenario, policy, deadline)]
                regret.append(mean(run["f1_oracle"] - run["f1"] for run in some))
            ours = policy == "progressive"
            axis.plot(deadlines, regret, color=colour, marker=marker, markersize=4, linewidth=2.4 if ours else 1.2,
                      zorder=3 if ours else 2, label=policy)
        rate = next(run["mean_mbps"] for run in runs if run["scenario"] == scenario)
        axis.set_title(f"{scenario} ({rate:.3g} Mbit/s)", fontsize=10)
        axis.set_xscale("log")
        axis.set_xticks(deadlines, [f"{deadline:g}" for deadline in deadlines], fontsize=8)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.set_ylim(bottom=-0.02)
    for axis in axes.flat[len(scenarios):]:
        axis.set_visible(False)
    for row in axes:
        row[0].set_ylabel("F1 lost to the oracle")
    figure.supxlabel("deadline, in multiples of what FP16 would take", fontsize=10)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    ncols = min(len(policies), 2 * columns)
    figure.legend(handles, labels, loc="upper center", ncols=ncols, fontsize=8.5, frameon=False)
    legend_inches = 0.15 + 0.2 * -(-len(policies) // ncols)
    figure.tight_layout(rect=(0, 0, 1, 1 - legend_inches / figure.get_figheight()))
    figures.save(figure, path)


def quality_steps(one):
    """F1 of the bundle over time: after each arrival, what would be answered."""
    segments = one["run"]["segments"]
    if one["policy"] == "progressive":
        worth = one["worth"]
        times, f1, here, prefix = [0.0], [0.0], set(), 0
        for arrival in segments[0]["arrivals"]:
            here.add(arrival["index"])
            while prefix in here:
                prefix += 1
            times.append(arrival["time_s"])
            f1.append(max((w["f1"] for w in worth if w["chunks"] <= prefix), default=0.0))
        return times, f1
    done = sorted((s["complete_s"], d) for d, s in enumerate(segments) if s["complete_s"] is not None)
    times, f1 = [0.0], [0.0]
    for time, document in done:
        times.append(time)
        f1.append(f1[-1] + one["documents"][document][segments[document]["preset"]] / len(segments))
    return times, f1


def draw_timeline(transfers, path):
    figure, axes = plt.subplots(3, len(transfers), figsize=(6.2 * len(transfers), 7.2), dpi=110, sharex="col", sharey="row",
                                squeeze=False, height_ratios=[1.2, 1, 1])
    for column, one in enumerate(transfers):
        rate_axis, bytes_axis, quality_axis = axes[:, column]
        deadline = one["deadline_s"]
        rate_axis.fill_between([r["time_s"] for r in one["rate"]], [r["mbps"] for r in one["rate"]], step="post",
                               color="#bbbbbb", label="the link")
        estimates = one["run"].get("estimates", [])
        rate_axis.plot([e["time_s"] for e in estimates], [e["mbps"] for e in estimates], color="#d55e00",
                       label="the source's estimate")
        for segment in one["run"]["segments"]:
            if segment["chosen_s"] is None or not segment["preset"]:
                continue
            bytes_axis.axvline(segment["chosen_s"], color="#cccccc", linewidth=0.8, zorder=1)
            bytes_axis.annotate(segment["preset"], (segment["chosen_s"], 0.98), xycoords=("data", "axes fraction"),
                                rotation=90, va="top", ha="left", fontsize=7, color="#555555")
        arrivals = sorted((a["time_s"], a["size_bytes"]) for s in one["run"]["segments"] for a in s["arrivals"])
        total, times, sums = 0, [0.0], [0.0]
        for time, size in arrivals:
            total += size
            times.append(time)
            sums.append(total / 1e3)
        bytes_axis.step([*times, deadline], [*sums, sums[-1]], where="post", color="#0072b2")
        quality_times, quality = quality_steps(one)
        quality_axis.step([*quality_times, deadline], [*quality, quality[-1]], where="post", color="#009e73")
        for axis in axes[:, column]:
            axis.axvline(deadline, color="black", linestyle="--", linewidth=1)
            axis.grid(alpha=0.3)
        rate_axis.set_title(f"{one['policy']}: {one['scenario']}, deadline {deadline:.3g} s", fontsize=10)
        rate_axis.legend(fontsize=8, frameon=False)
        quality_axis.set_xlabel("seconds since the request")
        quality_axis.set_ylim(0, 1)
    for axis, label in zip(axes[:, 0], ("Mbit/s", "KB arrived", "F1 of what is here")):
        axis.set_ylabel(label)
    figure.tight_layout()
    figures.save(figure, path)
