# SPDX-License-Identifier: MIT
"""The table of validation.md."""


def seconds(times):
    """Median and range."""
    if not times:
        return "–"
    ordered = sorted(times)
    middle = ordered[len(ordered) // 2] if len(ordered) % 2 else sum(ordered[len(ordered) // 2 - 1:][:2]) / 2
    return f"{middle:.3f} ({ordered[0]:.3f}–{ordered[-1]:.3f})"


def verdict(pair):
    if not pair.is_complete:
        return "no result"
    if not pair.is_judged:
        return "explained in README.md"
    return f"{100 * pair.bound:.0f} %: " + ("yes" if pair.is_near else "**no**")


def row(pair):
    ratio = f"{100 * (pair.ratio - 1):+.1f} %" if pair.is_complete else "–"
    return (f"| {pair.cell} | {pair.transport} | {pair.card_bytes / 1e6:g} | {seconds(pair.times('real'))} | "
            f"{seconds(pair.times('simulated'))} | {ratio} | {verdict(pair)} |")


def summary(pairs):
    judged = [pair for pair in pairs if pair.is_judged]
    near = [pair for pair in judged if pair.is_near]
    text = f"{len(near)} of {len(judged)} pairs of UDP and QUIC are within tolerance."
    for name, some in (("without loss", [p for p in judged if p.link["loss"] == 0 and p.is_complete]),
                       ("with loss", [p for p in judged if p.link["loss"] > 0 and p.is_complete])):
        if some:
            worst = max(some, key=lambda pair: abs(pair.ratio - 1))
            text += f" Furthest apart {name}: {100 * (worst.ratio - 1):+.1f} % ({worst.cell}, {worst.transport})."
    return text


def conditions(lines, pairs):
    """Under which the real runs were made, and what became of those that do not count."""
    real = [line for line in lines if line["world"] == "real"]
    first = lines[0]
    text = f"kvferry {first['kvferry']}, kernel {first['kernel']}, ns-3 {first['ns3']}; seeds {min(r['seed'] for r in lines)} to {max(r['seed'] for r in lines)}."
    loads = [run["load"] for run in real if "load" in run]
    if loads:
        text += f" Load average of the machine before the real runs: {min(loads):.1f} to {max(loads):.1f}."
    aside = [run for pair in pairs for run in pair.set_aside()]
    text += f" {len(aside)} of {len(real)} real runs were set aside because the emulated link did not keep time, and made again."
    failures = [run for pair in pairs for run in pair.failures()]
    return text + (f" {len(failures)} runs failed: " + "; ".join(f"{r['world']} {r['cell']} {r['transport']} {r['seed']}: {r['reason']}" for r in failures)
                   if failures else " No run failed.")


def report(lines, pairs):
    yield "| link: rate, round trip, loss | transport | card, MB | real, s | simulated, s | difference | tolerance |"
    yield "|---|---|---|---|---|---|---|"
    yield from (row(pair) for pair in pairs)
    yield ""
    yield summary(pairs)
    yield conditions(lines, pairs)
