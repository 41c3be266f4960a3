# SPDX-License-Identifier: MIT
"""The Markdown that analysis/ writes, as HTML: headings, paragraphs, lists, tables, pictures beside the file, details."""

import os
import re
from html import escape

from page import image


def inline(text):
    """Code, bold, and links, of which only the words stay: their targets are not on the page."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(f"<code>{escape(part[1:-1])}</code>" if part.startswith("`") and len(part) > 1 else spoken(part) for part in parts)


def spoken(text):
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def table(lines):
    def row(line, tag):
        return "<tr>" + "".join(f"<{tag}>{inline(cell)}</{tag}>" for cell in cells(line)) + "</tr>"

    body = "\n".join(row(line, "td") for line in lines[2:])
    return f'<div class="wide"><table class="first"><thead>{row(lines[0], "th")}</thead>\n<tbody>{body}</tbody></table></div>'


def picture(line, folder):
    alt, name = re.fullmatch(r"!\[([^\]]*)\]\(([^)]*)\)", line).groups()
    path = os.path.join(folder, name)
    return image(path, alt) if os.path.isfile(path) else f'<p class="small">{escape(name)} is not here.</p>'


def block(lines, folder, deeper):
    """HTML of lines between empty ones."""
    first = lines[0]
    if first.startswith("#"):
        level = min(6, len(first) - len(first.lstrip("#")) + deeper)
        rest = block(lines[1:], folder, deeper) if lines[1:] else ""
        return f"<h{level}>{inline(first.lstrip('# '))}</h{level}>{rest}"
    if first.startswith("|"):
        return table(lines)
    if re.fullmatch(r"!\[[^\]]*\]\([^)]*\)", first):
        return picture(first, folder)
    if first.startswith("* "):
        return "<ul>" + "".join(f"<li>{inline(line[2:])}</li>" for line in lines) + "</ul>"
    if re.match(r"</?(details|summary)>", first):
        return "\n".join(lines)
    return f"<p>{inline(' '.join(lines))}</p>"


def to_html(text, folder, deeper=1):
    """deeper: by how many levels headings go down. folder: where pictures are."""
    blocks = [part.splitlines() for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    return "\n".join(block(lines, folder, deeper) for lines in blocks if not lines[0].startswith("<!--"))
