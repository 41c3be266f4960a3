# SPDX-License-Identifier: MIT
"""What a table says, in sentences that are computed from its lines."""

from tables_lines import MOST_KL, MOST_LOSS, find, kept, panel_name, share_of, useful
from tables_text import markdown, nats, share, times


LEAST_BUDGET = 0.02  # of FP16: below it no fixed preset gets


def by_panel(sentence):
    """A finding of each panel, as list items."""
    def finding(table):
        for panel, lines in table.panels.items():
            said = sentence(lines)
            if said:
                yield f"- {panel_name(panel)}: {said}"
    return finding


def series(lines, name):
    return sorted((line for line in lines[1:] if line["series"] == name), key=lambda line: line["x"])


def lowest_that_holds(lines, name, unit):
    """The lowest place of a series down to which no place loses more than the limit."""
    held = None
    for line in reversed(series(lines, name)):
        if line["loss"] > MOST_LOSS:
            break
        held = line
    broken = next((line for line in reversed(series(lines, name)) if line["loss"] > MOST_LOSS), None)
    holds = f"at most 1 % of F1 is lost down to {held['x']:g} {unit}" if held else f"more than 1 % of F1 is lost at every number of {unit}"
    return holds + (f"; at {broken['x']:g} it is {share(broken['loss'])}" if broken else "") + "."


def pivot(table, text, places, head, rising=False):
    """A row for each series, a column for each place, a grid for each panel."""
    for panel, lines in table.panels.items():
        at = sorted({line["x"] for line in lines[1:]}, reverse=not rising)
        rows = []
        for name in dict.fromkeys(line["series"] for line in lines[1:]):
            found = [find(lines[1:], name, x) for x in at]
            rows.append([name, *("–" if line is None else text(line) for line in found)])
        yield from markdown([f"{panel_name(panel)}: {head}", *map(places, at)], rows)
        yield ""


def f1_text(line):
    return f"{line['f1']:.3f}"


@by_panel
def bits(lines):
    return lowest_that_holds(lines, "asymmetric", "bits")


@by_panel
def svd(lines):
    alone = series(lines, "svd")
    energy = ", ".join(f"{share(line['energy'])} at {line['x']:g}" for line in alone if line["energy"] is not None)
    return lowest_that_holds(lines, "svd", "components") + f" Energy: {energy} (paper: 61.6 % in the top 5 %)."


def name_of(line):
    return line["label"] + (" *" if line["query_aware"] else "")


PAPER_RATIOS = {"polykv": "2.91 nominal", "task-aware": "5.33 nominal (18.75 %)", "qkvcomm": "5–6", "kvtc": "16–20",
                "cachegen-2": "3.5–4.3"}


def presets(table):
    """Ratio at equal loss."""
    for limit, holds in ((f"at most {share(MOST_LOSS, 0)} of F1 lost", lambda line: line["loss"] <= MOST_LOSS),
                         (f"KL at most {MOST_KL:g} nats", lambda line: line["kl"] <= MOST_KL)):
        yield f"Ranking by ratio, {limit}:"
        yield ""
        for panel, lines in table.panels.items():
            best = sorted((line for line in lines if line["ratio"] and holds(line)), key=lambda line: -line["ratio"])
            rows = [[place, f"`{name_of(line)}`", times(line["ratio"]), times(line["nominal"]), f"{100 * line['loss']:.1f}",
                     nats(line["kl"])] for place, line in enumerate(best[:8], 1)]
            yield f"{panel_name(panel)} ({len(best)} of {len(lines)} within the limit)"
            yield ""
            yield from markdown(["", "preset", "ratio", "nominal", "loss %", "KL"], rows)
            yield ""
    yield "The papers' ratios beside ours, nominal and counted:"
    yield ""
    rows = []
    for name, claimed in PAPER_RATIOS.items():
        found = [next((line for line in lines if line["label"] == name), None) for lines in table.panels.values()]
        if any(found):
            rows.append([f"`{name}`", claimed, *(f"{times(line['nominal'])} / {times(line['ratio'])}" for line in found)])
    yield from markdown(["preset", "paper", *map(panel_name, table.panels)], rows)
    yield ""


def rivals(lines):
    """Fixed presets that serve all questions."""
    return [line for line in lines[1:] if line["series"] in ("named", "other steps") and useful(line)]


def smallest_within(lines, limit):
    held = [line for line in lines if line["kl"] <= limit]
    return min(held, key=share_of, default=None)


def progressive(table):
    """At each budget ours and the best rival that fits; and how small each gets within the limit."""
    for panel, lines in table.panels.items():
        cuts = series(lines, "progressive")
        rows, behind = [], []
        for cut in cuts:
            fits = [line for line in rivals(lines) if share_of(line) <= cut["x"]]
            best = min(fits, key=lambda line: line["kl"], default=None)
            if best and cut["x"] >= LEAST_BUDGET and cut["kl"] > best["kl"]:
                behind.append(f"{100 * cut['x']:g} %")
            rows.append([f"{100 * cut['x']:g} %", times(1 / share_of(cut)), nats(cut["kl"]), f"{cut['f1']:.3f}",
                         "none fits" if best is None else f"{nats(best['kl'])} (`{best['label']}`)"])
        yield from markdown([f"{panel_name(panel)}: budget", "ratio", "KL", "F1", "best fixed preset's KL"], rows)
        yield ""
        yield (f"- from {100 * LEAST_BUDGET:g} % on no fixed preset is better" if not behind
               else f"- a fixed preset is better at {', '.join(behind)}") + "."
        ours, theirs = smallest_within(cuts, MOST_KL), smallest_within(rivals(lines), MOST_KL)
        if ours and theirs:
            yield (f"- within a KL of {MOST_KL:g}: {times(1 / share_of(ours))} against {times(1 / share_of(theirs))} "
                   f"(`{theirs['label']}`): {share_of(theirs) / share_of(ours):.2f} times smaller.")
        yield ""


def hops(table):
    yield from pivot(table, lambda line: f"{line['f1']:.3f} ({nats(line['kl'])})", lambda x: f"{x:g}", "F1 (KL) by hops",
                     rising=True)


def facts(table):
    yield from pivot(table, lambda line: f"{line['f1']:.3f} ({times(line['ratio'])})", lambda x: f"{x:g} words",
                     "F1 (ratio)", rising=True)


def allocation(table):
    yield from pivot(table, lambda line: f"{line['f1']:.3f} ({nats(line['kl'])})", lambda x: f"{x:g} bits", "F1 (KL)")


MOST_CROSS_LOSS = 0.05  # of F1, relative: Q-KVComm's reader takes more for a failure between models


def calibration(table):
    for panel, lines in table.panels.items():
        rows = []
        for x in sorted({line["x"] for line in lines[1:]}):
            own, bare = find(lines[1:], "calibrated", x), find(lines[1:], "shape only", x)
            rows.append([own["label"], f1_text(own), f1_text(bare), nats(own["kl"]), nats(bare["kl"]),
                         f"{own['sender_f1']:.3f}"])
        yield from markdown([f"{panel_name(panel)}: from", "F1 calibrated", "F1 shape only", "KL calibrated",
                             "KL shape only", "sender's own F1"], rows)
        yield ""
        for name in ("calibrated", "shape only"):
            held = [line["label"] for line in lines[1:] if line["series"] == name and line["loss"] <= MOST_CROSS_LOSS]
            yield f"- {name}, at most {share(MOST_CROSS_LOSS, 0)} of F1 lost: {', '.join(held) or 'from none'}."
        yield ""


def ranks(values):
    """Ranks from 1, equals share their mean."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) + 1) / 2 for value in values]


def spearman(a, b):
    """Rank correlation; None where one side is constant."""
    x, y = ranks(a), ranks(b)
    mean = (len(x) + 1) / 2
    above = sum((p - mean) * (q - mean) for p, q in zip(x, y))
    below = (sum((p - mean) ** 2 for p in x) * sum((q - mean) ** 2 for q in y)) ** 0.5
    return above / below if below else None


def correlation(lines, key):
    value = spearman([line["x"] for line in lines], [line[key] for line in lines])
    return "undefined (all equal)" if value is None else f"{value:+.2f}"


@by_panel
def sensitivity(lines):
    layers = lines[1:]
    return (f"Spearman's rank correlation of the calibrated sensitivity with KL {correlation(layers, 'kl')}, with the loss of "
            f"F1 {correlation(layers, 'loss')}, over {len(layers)} layers.")


@by_panel
def layers(lines):
    best = min(lines[1:], key=lambda line: line["kl"])
    return ("F1 " + ", ".join(f"{line['label']} {line['f1']:.3f}" for line in lines[1:])
            + f"; the lowest KL is that of {best['label']} ({nats(best['kl'])}).")


@by_panel
def conditions(lines):
    said = []
    for method in ("q2c", "snapkv"):
        apart = {}
        for line in lines[1:]:
            name = line["series"].removeprefix(method + ", ")
            pruned = find(lines[1:], f"{method}, pruned", line["x"])
            if line["series"].startswith(method) and pruned and name != "pruned":
                apart[name] = max(apart.get(name, 0), line["f1"] - pruned["f1"], key=abs)
        said.append(f"{method}: " + ", ".join(f"{name} {gap:+.3f}" for name, gap in apart.items()))
    return "largest difference in F1 from pruning, over the shares of rows: " + "; ".join(said) + "."


def selection(table):
    yield from pivot(table, f1_text, lambda x: f"{100 * x:g} %", "F1")


@by_panel
def bandwidth(lines):
    said = []
    for x in sorted({line["x"] for line in lines[1:]}):
        best = max((line for line in lines[1:] if line["x"] == x), key=lambda line: (line["f1"], -line["kl"]))
        said.append(f"{100 * x:g} %: {best['series']} {best['label']} keeps {share(kept(best))}")
    return "the best at each bandwidth, " + "; ".join(said) + "."


FINDINGS = {"selection": selection, "bits": bits, "bandwidth": bandwidth, "svd": svd, "presets": presets,
            "progressive": progressive, "hops": hops, "allocation": allocation, "calibration": calibration,
            "sensitivity": sensitivity, "layers": layers, "conditions": conditions, "facts": facts}


def findings(table):
    return list(FINDINGS[table.name](table)) if table.name in FINDINGS else []
