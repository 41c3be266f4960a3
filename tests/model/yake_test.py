# SPDX-License-Identifier: MIT
"""Keyword scores against the authors' YAKE on a few texts, with the same stop words.

yake_test.py WRITE_KEYWORDS
"""

import pathlib
import subprocess
import sys
import tempfile

import yake

TOLERANCE = 1e-9  # relative

TEXTS = {
    "encyclopedia": """Ada Lovelace was an English mathematician and writer. She is known for her work on the Analytical Engine, a
mechanical computer that Charles Babbage proposed. Lovelace saw that the Analytical Engine could do more than arithmetic. Her
notes on the engine hold an algorithm, which many call the first computer program. Charles Babbage admired her notes.
Some historians doubt how much of the notes Lovelace wrote, but the algorithm bears her name.""",
    "news": """The port of Harwich closed on Tuesday after a storm damaged two cranes. Ferry services to Holland stopped at noon,
and 1,200 passengers waited in the terminal. The harbour master said that the cranes would be repaired within 3.5 days. NASA
satellites had shown the storm a week before. Passengers with tickets for Wednesday may travel from Dover. Dover Harbour expects
long queues, and the police ask drivers to avoid the coast road. The storm moved north, and Holland closed its ports too.""",
    "manual": """To pair the remote control, press the red button for five seconds. The status light blinks while the remote
control searches. If pairing fails, remove the battery, wait a minute and press the red button again. The battery of the
remote control lasts two years. A weak battery makes the status light blink twice. Keep the remote control dry!""",
}


def ours(program: str, text: str, scratch: pathlib.Path) -> dict:
    file = scratch / "text.txt"
    file.write_text(text)
    printed = subprocess.run([program, str(file)], check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in printed.splitlines()]
    return {keyword: float(score) for score, keyword in rows}


def theirs(text: str, stop_words: list) -> dict:
    extractor = yake.KeywordExtractor(lan="en", n=3, windowsSize=1, dedupLim=1.0, top=10**6, stopwords=stop_words)
    return {keyword: score for score, keyword in extractor.extract_keywords(text)}


def main() -> int:
    program = sys.argv[1]
    stop_words = subprocess.run([program, "--stop-words"], check=True, capture_output=True, text=True).stdout.split()
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in TEXTS.items():
            a, b = ours(program, text, pathlib.Path(scratch)), theirs(text, stop_words)
            both = a.keys() & b.keys()
            same = [k for k in both if abs(a[k] - b[k]) <= TOLERANCE * abs(b[k])]
            print(f"{name}: {len(a)} keywords here, {len(b)} by yake, {len(both)} in both, {len(same)} of the same score")
            for keyword in sorted(a.keys() ^ b.keys()):
                print(f"  only {'here' if keyword in a else 'by yake'}: {keyword}")
            for keyword in sorted(both - set(same)):
                print(f"  {keyword}: {a[keyword]:.6g} here, {b[keyword]:.6g} by yake")
            good = good and len(b) > 30 and a.keys() == b.keys() and len(same) == len(b)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
