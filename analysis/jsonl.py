# SPDX-License-Identifier: MIT
"""Files of results: an object a line, whose columns are checked before anything is made of them."""

import json
import os


class ResultsError(Exception):
    """A results file that cannot be used; the message names file, line and column, and what was expected."""


NUMBER = (int, float)
KINDS = {str: "a text", int: "a whole number", NUMBER: "a number", dict: "an object", list: "a list", bool: "true or false"}


def check(line, where, needed, optional):
    """optional None: other columns may be there."""
    if not isinstance(line, dict):
        raise ResultsError(f"{where}: expected an object, a line per run")
    for key, kind in needed.items():
        if key not in line:
            raise ResultsError(f"{where}: column '{key}' is missing, expected {KINDS[kind]}")
    for key, value in line.items():
        kind = needed.get(key, (optional or {}).get(key))
        if kind is None and optional is not None:
            raise ResultsError(f"{where}: unknown column '{key}', expected {', '.join([*needed, *optional])}")
        if kind is not None and (not isinstance(value, kind) or isinstance(value, bool) and kind is not bool):
            raise ResultsError(f"{where}: column '{key}': expected {KINDS[kind]}")


def load(path, needed, optional=None):
    """All lines of a file, in its order."""
    try:
        with open(path, encoding="utf-8") as file:
            texts = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path}: {getattr(error, 'strerror', None) or error}, expected lines of JSON") from error
    lines = []
    for number, text in enumerate(texts, 1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise ResultsError(f"{path}:{number}: not JSON: {error}") from error
        check(line, f"{path}:{number}", needed, optional)
        lines.append(line)
    if not lines:
        raise ResultsError(f"{path}: empty, expected a line per run")
    return lines


def write_whole(path, text):
    """The file is there whole or not at all."""
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(part, path)
