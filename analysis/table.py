# SPDX-License-Identifier: MIT
"""The trade-off as tables: columns of text that the terminal and the report share."""

from runs import summary


def count(value):
    """A number with three figures and thousands separated."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


HEADER = ["preset", "transport", "F1", "EM", "KL, nats", "ratio", "nominal", "KB on wire", "transfer s",
          "first token s", "re-sent %"]


def rows(groups):
    """One row of texts per group, under HEADER."""
    for g in groups:
        name = g.preset + (" *" if g.is_for_one_question else "")
        ratio = ["-", "-"] if g.is_text else [f"{g.ratio:.2f}", f"{g.nominal:.2f}"]
        yield [name, g.transport, f"{g.per_question('f1'):.3f}", f"{g.per_question('em'):.3f}",
               f"{g.per_question('kld'):.2g}", *ratio, count(g.wire_bytes / 1e3), f"{g.seconds('transfer'):.2f}",
               f"{g.seconds('first_token'):.2f}", f"{100 * g.retransmitted_share:.1f}"]


def text_lines(groups):
    """What the text would have cost, a sentence per transport."""
    seen = set()
    for g in groups:
        if g.transport in seen:
            continue
        seen.add(g.transport)
        wire, transfer, prefill, first = (g.text_seconds(key)
                                          for key in ("wire_total", "transfer", "prefill", "first_token"))
        yield (f"Text instead, over {g.transport}: {count(wire / 1e3)} KB on the wire, {transfer:.2f} s, "
               f"and {prefill:.2f} s of prefill: first token after {first:.2f} s.")


BREAK_EVEN = ("Sending the cache beats sending the text on this link where the receiver's prefill is slower than "
              "(tokens/s):")


def break_even_header(groups):
    return ["preset", *dict.fromkeys(g.transport for g in groups)]


def break_even_rows(groups):
    transports = break_even_header(groups)[1:]
    speeds = {(g.preset, g.transport): g.break_even_prefill for g in groups if not g.is_text}
    for preset in dict.fromkeys(preset for preset, _ in speeds):
        cells = (speeds.get((preset, transport)) for transport in transports)
        yield [preset, *("any speed" if cell is None else count(cell) for cell in cells)]


NOTE = "* a card that serves one question only: bytes and times are of one question, quality of all."


def has_note(groups):
    return any(g.is_for_one_question for g in groups)


def columns(header, body):
    """Text columns, the first two left, the others right."""
    table = [header, *body]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    left = 2 if len(header) > 4 else 1
    for row in table:
        cells = (cell.ljust(width) if i < left else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths)))
        yield "  ".join(cells).rstrip()


def terminal(runs, groups):
    """All of it, as lines."""
    yield "; ".join(summary(runs).values())
    yield ""
    yield from columns(HEADER, list(rows(groups)))
    if has_note(groups):
        yield NOTE
    yield ""
    yield from text_lines(groups)
    yield BREAK_EVEN
    yield from ("  " + line for line in columns(break_even_header(groups), list(break_even_rows(groups))))
