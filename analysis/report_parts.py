# SPDX-License-Identifier: MIT
"""What stands in a folder of results, each kind as a part of a page. Pictures are drawn anew, from the results."""

import hashlib
import json
import os
import re
from dataclasses import dataclass, field

import adapt
import breakeven
import fan_out
import overhead_cells
import overhead_text
import runs as tradeoff_runs
import share
import share_picture
import tables
import tables_lines
import tradeoff_section
import update
from jsonl import ResultsError
from markdown import to_html
from page import facts, image


@dataclass
class Part:
    title: str
    body: str
    commands: list = field(default_factory=list)  # that make these results again, as far as they are known


def beside(path, name):
    return os.path.join(os.path.dirname(path), name)


def folder_of(path):
    return os.path.dirname(path) or "."


def versions_of(lines):
    found = {}
    for line in lines:
        found.update(line.get("versions") or {name: line[name] for name in ("kvferry", "kernel", "ns3") if name in line})
    return ", ".join(f"{name} {version}" for name, version in found.items())


def origin(lines, path):
    """Seeds, versions and the file, of any kind of results."""
    seeds = sorted({line["seed"] for line in lines if isinstance(line.get("seed"), int)})
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    shown = ", ".join(map(str, seeds)) if len(seeds) < 8 else f"{len(seeds)} of them, from {seeds[0]} to {seeds[-1]}"
    pairs = [("Seeds", shown), ("Versions", versions_of(lines)), (os.path.basename(path), f"{len(lines)} lines, SHA-256 {digest}")]
    return "<h2>Provenance</h2>" + facts([pair for pair in pairs if pair[1]])


def of_tradeoff(path, work, made):
    from tradeoff import draw_pictures

    runs = tradeoff_runs.load(path)
    groups = tradeoff_runs.group(runs)
    body = tradeoff_section.section(runs, groups, draw_pictures(runs, groups, work), path)
    return Part(tradeoff_section.title(runs), body, [made["command"]] if made.get("command") else [])


def of_adapt(path, work, _):
    import adapt_picture

    runs = adapt.load(path)
    text = "\n".join(adapt.report(runs))
    pictures = [os.path.join(work, "adapt.png")]
    adapt_picture.draw_regret([run for run in runs if not run["text"]], pictures[0])
    body = to_html(text, work, 0) + image(pictures[0], "F1 lost to the oracle over deadlines, a panel per link")
    timeline = beside(path, "timeline.json")
    if os.path.exists(timeline):
        with open(timeline, encoding="utf-8") as file:
            adapt_picture.draw_timeline(json.load(file), os.path.join(work, "timeline.png"))
        body += image(os.path.join(work, "timeline.png"), "One transfer by two policies: rate and estimate, bytes, F1")
    command = f"kvferry-lab adapt --out {folder_of(path)} --model {runs[0]['quality_model']} --profile {runs[0]['profile']} --seed {runs[0]['seed']}"
    return Part("Policies of rate control on links that change", body + origin(runs, path), [command])


def of_tables(path, work, _):
    from tables_picture import draw

    lines = tables_lines.load(path)
    found = tables_lines.tables(lines)
    for name, table in found.items():
        draw(table, os.path.join(work, f"{name}.png"))
    command = f"kvferry-lab tables --out {folder_of(path)} --seed {lines[0]['seed']}"
    body = to_html(tables.index(found, command), work, 0)
    return Part("Every method on the same caches", body + origin(lines, path), [command])


def of_overhead(path, work, _):
    import overhead_picture

    emulated = beside(path, "emulated.jsonl")
    lines = overhead_cells.load(path) + (overhead_cells.load(emulated) if os.path.exists(emulated) else [])
    cells = overhead_cells.cells(lines)
    picture = os.path.join(work, "overhead.png")
    overhead_picture.draw(cells, picture)
    body = to_html("\n".join(overhead_text.report(cells)), work, 0) + image(picture, "Bytes beside the payload, measured and in closed form")
    real = " --real" if any(cell.is_loopback for cell in cells) else ""
    return Part("Overhead in closed form, and as measured", body + origin(lines, path), [f"kvferry-lab overhead --out {folder_of(path)}{real}"])


def of_fan_out(path, work, _):
    lines = fan_out.load(path)
    picture = os.path.join(work, "fan-out.png")
    fan_out.draw(lines, picture)
    body = "<h1>One cache, many agents</h1>" + image(picture, "Bytes, F1 and time over the number of agents, by strategy")
    return Part("One cache, many agents", body + origin(lines, path))


def of_share(path, work, _):
    lines = share.load(path)
    picture = os.path.join(work, "share.png")
    share_picture.draw(lines, picture)
    body = to_html(share.report(lines, ""), work, 0) + image(picture, "F1 over the next reader's bytes; bytes and time over agents")
    command = f"kvferry-lab share --out {folder_of(path)} --model {lines[0]['model']} --seed {lines[0]['seed']}"
    return Part("Many agents, one document", body + origin(lines, path), [command])


def of_update(path, work, _):
    lines = update.load(path)
    command = f"kvferry-lab update --out {folder_of(path)} --model {lines[0]['model']} --seed {lines[0]['seed']}"
    return Part("A document that changes", to_html(update.report(lines, ""), work, 0) + origin(lines, path), [command])


def of_breakeven(path, work, _):
    lines = breakeven.load(path)
    picture = os.path.join(work, "breakeven.png")
    breakeven.draw(lines, picture)
    body = "<h1>Break-even</h1>" + image(picture, "Seconds until a cache can be used over link rates, a panel per device")
    return Part("Break-even", body + origin(lines, path), [f"kvferry-lab breakeven --json > {path}"])


def kind_of_results(path):
    """tradeoff and adapt both write results.jsonl: their columns tell."""
    with open(path, encoding="utf-8") as file:
        first = file.readline()
    try:
        columns = set(json.loads(first))
    except (TypeError, ValueError):
        return of_tradeoff  # which says what is wrong
    if "deadline" in columns:
        return of_adapt
    if columns & {"preset", "time_s"}:
        return of_tradeoff
    raise ResultsError(f"{path}:1: column 'preset' (of tradeoff) or 'deadline' (of adapt) is missing")


KINDS = {"tables.jsonl": of_tables, "overhead.jsonl": of_overhead, "fan-out.jsonl": of_fan_out, "breakeven.jsonl": of_breakeven,
         "share.jsonl": of_share, "update.jsonl": of_update}


def parts(folder, work, made):
    """All that stands in a folder, in the order of its files' names."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        make = kind_of_results(path) if name == "results.jsonl" else KINDS.get(name)
        if make is not None:
            inner = os.path.join(work, re.sub(r"\W", "-", path))
            os.makedirs(inner, exist_ok=True)
            yield make(path, inner, made)
