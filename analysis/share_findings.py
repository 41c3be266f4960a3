# SPDX-License-Identifier: MIT
"""What sharing buys: a base and refinements beside a card of its own for each agent, at equal F1."""

EQUAL_F1 = 0.01


def shares(line):
    """A strategy in words: its shares of the rows."""
    words = [f"{line[key]:.0%}".replace("%", " %") for key in ("base", "task") if line[key] > 0]
    return ", ".join(words)


def of_strategy(lines, strategy):
    return [line for line in lines if line["strategy"] == strategy]


def cheapest_own(lines):
    """The smallest card of an agent's own that no larger one beats by more than EQUAL_F1."""
    own = of_strategy(lines, "own card")
    best = max(line["f1"] for line in own)
    return min((line for line in own if line["f1"] >= best - EQUAL_F1), key=lambda line: line["own_bytes"])


def equal_refinements(lines, own, where):
    """Bases with refinements whose F1 is at most EQUAL_F1 below, cheapest next reader first."""
    equal = [line for line in of_strategy(lines, "base + refinement") if line["f1"] >= own["f1"] - EQUAL_F1]
    return sorted(equal, key=lambda line: (line["marginal_bytes"][where], line["shared_bytes"]))


def finding(lines):
    """A sentence about one question set, all lines of as many agents."""
    own = cheapest_own(lines)
    equal = equal_refinements(lines, own, "pool")
    start = f"A card of its own at F1 {own['f1']:.3f} takes {own['own_bytes']:,.0f} bytes ({shares(own)} of the rows)"
    if not equal:
        best = max(of_strategy(lines, "base + refinement"), key=lambda line: line["f1"])
        return (f"{start}; no base with refinement comes within {EQUAL_F1} of that F1: the best, {shares(best)}, has "
                f"{best['f1']:.3f} for {best['own_bytes']:,.0f} bytes.")
    best = equal[0]
    ratio = best["own_bytes"] / own["own_bytes"]
    break_even = best["shared_bytes"] / max(own["own_bytes"] - best["own_bytes"], 1)
    return (f"{start}. With a base of {shares(best).replace(', ', ' and refinements of ')} the next reader at equal F1 "
            f"({best['f1']:.3f}) takes {best['own_bytes']:,.0f} bytes, {ratio:.2f} of that, once the base of "
            f"{best['shared_bytes']:,.0f} bytes is there; it pays from {break_even:.1f} readers on.")
