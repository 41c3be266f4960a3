# SPDX-License-Identifier: MIT
"""What a page says of a trade-off: picture, table of presets, the text instead, provenance."""

import hashlib
from html import escape

import table
from page import facts, html_table, image
from runs import summary

READING = """F1 and EM (exact match) score the answers against the gold answers; KL is the divergence of the
next-token distributions from the full FP16 cache. The ratio counts every header, scale and table of the card;
nominal counts the bits of kept values only. Bytes on the wire are those of both directions, headers of all layers,
acknowledgements and retransmissions included; re-sent is the share of retransmissions. The first token comes after
encoding, transfer, decoding, injection and reading the question."""
FRONTS = """A front joins what nothing else beats in both; the band holds 95 of 100 fronts of documents drawn again with
replacement, the bars the same of each mark."""


def title(runs):
    return f"{runs[0]['scenario']}: accuracy, bytes and time"


def provenance(runs, results_path):
    first = runs[0]
    versions = ", ".join(f"{name} {version}" for name, version in first.get("versions", {}).items())
    with open(results_path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return facts([("Quality model", f"{first['quality_model']}, weights {first.get('model_weights', '')}"),
                  ("Bytes and compute of", first.get("shape_model") or first["quality_model"]),
                  ("Profile", first["profile"]), ("Seed", first["seed"]), ("Versions", versions),
                  ("results.jsonl", f"{len(runs)} runs, SHA-256 {digest}")])


def section(runs, groups, pictures, results_path):
    """pictures: files by what they show, "tradeoff", "fronts", "stages"."""
    note = f'<p class="small">{escape(table.NOTE)}</p>' if table.has_note(groups) else ""
    text = "".join(f"<p>{escape(line)}</p>" for line in table.text_lines(groups))
    return f"""<h1>{escape(title(runs))}</h1>
<p>{escape("; ".join(list(summary(runs).values())[1:]))}.</p>
{image(pictures["tradeoff"], "F1 against bytes on the wire and against time to first token, a mark per preset and transport")}
<h2>Presets</h2>
{html_table(table.HEADER, table.rows(groups), "names")}
{note}<p class="small">{READING}</p>
<h2>Fronts</h2>
{image(pictures["fronts"], "Pareto fronts of F1 against bytes and against time, with confidence bands")}
<p class="small">{FRONTS}</p>
<h2>Where the time goes</h2>
{image(pictures["stages"], "Seconds of each stage until the first token, a bar per preset and transport")}
<h2>Sending the text instead</h2>
{text}<p>{escape(table.BREAK_EVEN)}</p>
{html_table(table.break_even_header(groups), table.break_even_rows(groups), "first")}
<h2>Provenance</h2>
{provenance(runs, results_path)}"""
