# SPDX-License-Identifier: MIT
"""What sharing buys: a base and refinements beside a card of its own for each agent, at equal F1."""

import math

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


def cheapest_equal(lines, own):
    """Of bases, with refinements or without, whose F1 is at most EQUAL_F1 below: what all agents together take least for."""
    equal = [line for strategy in ("base + refinement", "base") for line in of_strategy(lines, strategy)
             if line["f1"] >= own["f1"] - EQUAL_F1]
    return {strategy: min(of_strategy(equal, strategy), key=lambda line: line["total_bytes"]["pool"], default=None)
            for strategy in ("base + refinement", "base")}


def of_refinement(line, own):
    ratio = line["own_bytes"] / own["own_bytes"]
    readers = max(1, math.ceil(line["shared_bytes"] / max(own["own_bytes"] - line["own_bytes"], 1)))
    return (f"with a base of {shares(line).replace(', ', ' and refinements of ')} the next reader at equal F1 ({line['f1']:.3f}) "
            f"takes {line['own_bytes']:,.0f} bytes, {ratio:.2f} of that, once the base of {line['shared_bytes']:,.0f} bytes is "
            f"there: it pays from {readers} reader{'s' if readers > 1 else ''} on, and all together take "
            f"{line['total_bytes']['pool'] / own['total_bytes']['pool']:.2f} of what their own cards would")


def of_base(line, own):
    return (f"a base of {shares(line)} alone has F1 {line['f1']:.3f} for {line['shared_bytes']:,.0f} bytes once, "
            f"{line['total_bytes']['pool'] / own['total_bytes']['pool']:.2f} of all their own cards")


def finding(lines):
    """A sentence about one question set, all lines of as many agents."""
    if not of_strategy(lines, "own card"):
        return ""
    own = cheapest_own(lines)
    best = cheapest_equal(lines, own)
    start = f"A card of its own at F1 {own['f1']:.3f} takes {own['own_bytes']:,.0f} bytes ({shares(own)} of the rows)"
    said = [of_refinement(best["base + refinement"], own)] if best["base + refinement"] else [
        f"no base with refinement comes within {EQUAL_F1} of that F1"]
    if best["base"]:
        said.append(of_base(best["base"], own))
    return f"{start}; {'; '.join(said)}."
