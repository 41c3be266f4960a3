# SPDX-License-Identifier: MIT
"""kvferry's processes as the scripts beside this one start, watch and end them."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
TRANSPORTS = ("tcp", "tls", "udp", "quic")
SECURE = ("tls", "quic")
STREAMS = ("tcp", "tls")
EXIT_SKIPPED = 77


class WrongOutcome(Exception):
    """What a program did is not what it promises."""


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise WrongOutcome(what)


def arguments(description: str, *programs: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build" / "release" / "bin",
                        help="folder of " + ", ".join(("kvferry", "write_card", *programs)))
    parser.add_argument("--transport", action="append", choices=TRANSPORTS, help="default: all; may be repeated")
    parser.add_argument("--folder", help="for cards and keys; default: the system's for temporary files")
    return parser


def run(main) -> None:
    """A script's last line: wrong outcomes end it with one line and status 1."""
    try:
        sys.exit(main())
    except WrongOutcome as wrong:
        print(f"{pathlib.Path(sys.argv[0]).name}: {wrong}", file=sys.stderr)
        sys.exit(1)


class Program:
    """A kvferry process; what it says is in files, so that it never waits for a reader."""

    def __init__(self, words: list, **popen):
        self.out, self.err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.words = [str(word) for word in words]
        self.process = subprocess.Popen(self.words, stdout=self.out, stderr=self.err, stdin=subprocess.DEVNULL, **popen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.out.close()
        self.err.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def text(self, file) -> str:
        # A descriptor of its own: the process shares the position of the other one.
        return pathlib.Path(f"/proc/self/fd/{file.fileno()}").read_text()

    def said(self) -> str:
        return self.text(self.out)

    def complained(self) -> str:
        return self.text(self.err)

    def is_running(self) -> bool:
        return self.process.poll() is None

    def line(self, beginning: str, limit_s: float = 20) -> str:
        """The rest of the line of its output that begins so."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            for line in self.said().split("\n")[:-1]:
                if line.startswith(beginning):
                    return line[len(beginning):]
            expect(self.is_running(), f"{self.name()} ended with status {self.process.returncode}: {last_line(self.complained())}")
            time.sleep(0.002)
        raise WrongOutcome(f"{self.name()} did not say '{beginning}' within {limit_s:.0f} s")

    def name(self) -> str:
        return " ".join([pathlib.Path(self.words[0]).name, *self.words[1:2]])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def wait(self, limit_s: float) -> int:
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise WrongOutcome(f"{self.name()} had not ended after {limit_s:.0f} s") from None

    def end(self, limit_s: float = 20) -> int:
        """Asked to end, as an operator would."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(limit_s)


def at_once(jobs: int, function, each: list) -> list:
    """function(one) of each, so many at the same time."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(function, each))


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


class Place:
    """A card, and a key for each side, in a folder that goes away."""

    def __init__(self, programs: pathlib.Path, card_bytes: int, folder: str | None = None):
        self.kvferry = programs / "kvferry"
        self.programs = programs
        self.temporary = tempfile.TemporaryDirectory(dir=folder)
        self.folder = pathlib.Path(self.temporary.name)
        self.payload_bytes = card_bytes
        self.card = self.folder / "faults.card"
        subprocess.run([programs / "write_card", self.card, str(card_bytes)], check=True)
        inspected = subprocess.run([self.kvferry, "inspect", self.card, "--json"], check=True, capture_output=True, text=True)
        self.file_name = json.loads(inspected.stdout)["card"] + ".card"
        self.keys = {side: self.make_key(side) for side in ("server", "client")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def key_file(self, side: str) -> pathlib.Path:
        return self.folder / f"{side}.pem"

    def make_key(self, side: str) -> str:
        made = subprocess.run([self.kvferry, "keygen", self.key_file(side)], check=True, capture_output=True, text=True)
        return made.stdout.strip()

    def security(self, transport: str, side: str) -> list:
        if transport not in SECURE:
            return ["--transport", transport, "--insecure"]
        other = "client" if side == "server" else "server"
        return ["--transport", transport, "--key", self.key_file(side), "--peer-key", self.keys[other]]

    def into(self, name: str) -> pathlib.Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def serve(self, transport: str, listen: str = "127.0.0.1:0", metrics: bool = False, **popen) -> Program:
        words = [self.kvferry, "serve", self.card, "--listen", listen, *self.security(transport, "server")]
        return Program(words + (["--metrics-port", "0"] if metrics else []), **popen)

    def receive(self, transport: str, into: pathlib.Path, listen: str = "127.0.0.1:0", **popen) -> Program:
        return Program([self.kvferry, "receive", "--into", into, "--listen", listen, *self.security(transport, "server")], **popen)

    def fetch(self, transport: str, where: str, into: pathlib.Path, **popen) -> Program:
        return Program([self.kvferry, "fetch", where, "--document", self.card.stem, "--into", into, "--json",
                        *self.security(transport, "client")], **popen)

    def send(self, transport: str, where: str, **popen) -> Program:
        return Program([self.kvferry, "send", self.card, where, "--json", *self.security(transport, "client")], **popen)

    def is_whole(self, into: pathlib.Path) -> bool:
        """Whether the card has its name in the folder; under its name nothing else may ever be."""
        file = into / self.file_name
        if not file.exists():
            return False
        expect(file.read_bytes() == self.card.read_bytes(), f"{file.name} differs from the card that was sent")
        return True

    def fetch_once(self, transport: str, where: str, limit_s: float = 60) -> dict:
        """Fetches into a new folder, and says what fetch says."""
        with tempfile.TemporaryDirectory(dir=self.folder) as into, self.fetch(transport, where, pathlib.Path(into)) as fetch:
            status = fetch.wait(limit_s)
            expect(status == 0, f"fetch ended with status {status}: {last_line(fetch.complained())}")
            expect(self.is_whole(pathlib.Path(into)), "fetch ended well without the card")
            return json.loads(fetch.said())


def listening(server: Program) -> str:
    return server.line("listening on ")


def connections(metrics: str) -> int:
    """Open ones, by the server's own count."""
    with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=20) as page:
        for line in page.read().decode().splitlines():
            if line.startswith("kvferry_connections "):
                return int(float(line.split()[1]))
    raise WrongOutcome("the server does not count its connections")


def cpu_s(pid: int) -> float:
    """Processor time, of all threads, in and below the process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int, *fields: str, file: str = "status") -> int:
    total = 0
    for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in fields:
            total += int(rest.split()[0]) * 1024
    return total


def private_bytes(pid: int) -> int:
    """Memory of its own: anonymous and shared, without the files that it maps."""
    return memory_bytes(pid, "RssAnon", "RssShmem")


def seeded(*words) -> random.Random:
    return random.Random(" ".join(str(word) for word in words))


def figure(name: str, value: float, limit: float, unit: str) -> str:
    """A line for `kvferry bench`: what is measured beside its limit."""
    return json.dumps({"figure": name, "unit": unit, "value": value, "beside": "limit", "beside_value": limit, "wanted": 1, "bound": "most"})


def table(head: list[str], rows: list[list]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
