# SPDX-License-Identifier: MIT
"""report.html: everything about one run in one file."""

import base64
import hashlib
from html import escape

import table
from runs import summary

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; margin: 0 auto; padding: 1rem; max-width: 72rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
img { width: 100%; min-width: 42rem; height: auto; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; } .names th:first-child, .names td:first-child,
.names th:nth-child(2), .names td:nth-child(2), .first th:first-child, .first td:first-child { text-align: left; }
pre { background: #f4f4f4; padding: .75rem; overflow-x: auto; font-size: .8125rem; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem; overflow-wrap: anywhere; } .small { font-size: .875rem; color: #444; }
"""


def html_table(header, body, kind):
    def row(cells, tag):
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    lines = "\n".join(row(cells, "td") for cells in body)
    return (f'<div class="wide"><table class="{kind}"><thead>{row(header, "th")}</thead>\n'
            f"<tbody>{lines}</tbody></table></div>")


def facts(pairs):
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(text))}</dd>" for name, text in pairs) + "</dl>"


READING = """F1 and EM (exact match) score the answers against the gold answers; KL is the divergence of the
next-token distributions from the full FP16 cache. The ratio counts every header, scale and table of the card;
nominal counts the bits of kept values only. Bytes on the wire are those of both directions, headers of all layers,
acknowledgements and retransmissions included; re-sent is the share of retransmissions. The first token comes after
encoding, transfer, decoding, injection and reading the question."""


def render(runs, groups, picture, results_path, plan_text, command):
    about = summary(runs)
    first = runs[0]
    versions = ", ".join(f"{name} {version}" for name, version in first.get("versions", {}).items())
    digest = hashlib.sha256(open(results_path, "rb").read()).hexdigest()
    image = base64.b64encode(open(picture, "rb").read()).decode()
    note = f'<p class="small">{escape(table.NOTE)}</p>' if table.has_note(groups) else ""
    text = "".join(f"<p>{escape(line)}</p>" for line in table.text_lines(groups))
    plan = f"<h2>Plan</h2><pre>{escape(plan_text)}</pre>" if plan_text else ""
    again = f"<h2>Make it again</h2><pre>{escape(command)}</pre>" if command else ""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(about["scenario"])}: trade-off</title><style>{STYLE}</style></head><body>
<h1>{escape(about["scenario"])}: accuracy, bytes and time</h1>
<p>{escape("; ".join(list(about.values())[1:]))}.</p>
<div class="wide"><img alt="F1 against bytes on the wire and against time to first token, a mark per preset and transport"
 src="data:image/png;base64,{image}"></div>
<h2>Presets</h2>
{html_table(table.HEADER, table.rows(groups), "names")}
{note}<p class="small">{READING}</p>
<h2>Sending the text instead</h2>
{text}<p>{escape(table.BREAK_EVEN)}</p>
{html_table(table.break_even_header(groups), table.break_even_rows(groups), "first")}
<h2>Provenance</h2>
{facts([("Quality model", f"{first['quality_model']}, weights {first.get('model_weights', '')}"),
        ("Bytes and compute of", first.get("shape_model") or first["quality_model"]),
        ("Profile", first["profile"]), ("Seed", first["seed"]), ("Versions", versions),
        ("results.jsonl", f"{len(runs)} runs, SHA-256 {digest}")])}
{plan}
{again}
</body></html>
"""
