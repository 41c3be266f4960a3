# SPDX-License-Identifier: MIT
"""Every requirement of protocol/SPEC.md is cited by a test, and every citation names one.

    requirements_test.py SOURCE_DIR        lists what no test cites; fails if there is anything
"""
import pathlib
import re
import sys

DEFINED = re.compile(r"\*\*([A-Z]{3}-\d+)\*\*")
CITED = re.compile(r"\b([A-Z]{3}-[1-9]\d*)\b")  # XYZ-0 never exists
TESTS = ("tests/**/*.cc", "tests/**/*.h", "tests/**/*.py", "scenarios/kvferry/conform/*.cc")


def requirements(spec):
    found = DEFINED.findall(spec)
    twice = {name for name in found if found.count(name) > 1}
    return found, twice


def citations(root, known_prefixes):
    cited = {}
    for pattern in TESTS:
        for path in root.glob(pattern):
            for name in CITED.findall(path.read_text(errors="replace")):
                if name.split("-")[0] in known_prefixes:
                    cited.setdefault(name, set()).add(str(path.relative_to(root)))
    return cited


def main():
    root = pathlib.Path(sys.argv[1])
    defined, twice = requirements((root / "protocol/SPEC.md").read_text())
    cited = citations(root, {name.split("-")[0] for name in defined})
    missing = [name for name in defined if name not in cited]
    unknown = sorted(set(cited) - set(defined))
    for name in sorted(twice):
        print(f"{name}: defined twice in protocol/SPEC.md")
    for name in missing:
        print(f"{name}: no test cites it")
    for name in unknown:
        print(f"{name}: cited in {', '.join(sorted(cited[name]))}, not in protocol/SPEC.md")
    print(f"{len(defined)} requirements, {len(defined) - len(missing)} cited")
    return 1 if twice or missing or unknown else 0


sys.exit(main())
