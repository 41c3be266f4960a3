# SPDX-License-Identifier: MIT
"""One self-contained HTML page: pictures are in it, nothing is fetched, and nothing runs."""

import base64
import json
import re
from html import escape

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; margin: 0 auto; padding: 1rem; max-width: 72rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
.picture img { width: 100%; min-width: 42rem; height: auto; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; } .names th:first-child, .names td:first-child,
.names th:nth-child(2), .names td:nth-child(2), .first th:first-child, .first td:first-child { text-align: left; }
pre { background: #f4f4f4; padding: .75rem; overflow-x: auto; font-size: .8125rem; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem; } .small { font-size: .875rem; color: #444; }
"""
MADE = '<script type="application/json" id="made">'


def html_table(header, body, kind):
    def row(cells, tag):
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    lines = "\n".join(row(cells, "td") for cells in body)
    return (f'<div class="wide"><table class="{kind}"><thead>{row(header, "th")}</thead>\n'
            f"<tbody>{lines}</tbody></table></div>")


def facts(pairs):
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(text))}</dd>" for name, text in pairs) + "</dl>"


def image(path, alt):
    with open(path, "rb") as file:
        data = base64.b64encode(file.read()).decode()
    return f'<div class="wide picture"><img alt="{escape(alt)}" src="data:image/png;base64,{data}"></div>'


def plan_section(text):
    return f"<h2>Plan</h2><pre>{escape(text)}</pre>" if text else ""


def again_section(commands):
    return f"<h2>Make it again</h2><pre>{escape(chr(10).join(commands))}</pre>" if commands else ""


def page(title, body, made=None):
    """made: what a later report cannot find in the results, {"command": …, "plan": …}."""
    note = f"{MADE}{json.dumps(made).replace('<', chr(92) + 'u003c')}</script>" if made else ""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
{body}
{note}</body></html>
"""


def made_by(html):
    """What page() was told of how the results were made; {} where there is nothing."""
    found = re.search(re.escape(MADE) + r"(.*?)</script>", html, re.DOTALL)
    try:
        made = json.loads(found[1]) if found else {}
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}
