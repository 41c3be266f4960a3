# SPDX-License-Identifier: MIT
"""Programs at the two ends of an emulated link, for the scripts beside this one."""

import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

SERVER = "10.77.0.1"
PLAIN = ("tcp", "udp")
# The kernel's TCP doubles its patience with every loss in a row: who is to survive 30 % needs as much.
PATIENT = {"tcp": "--timeout 60", "tls": "--timeout 60"}
EXIT_SKIPPED = 77
# Where another one is the default, the system may have to allow BBR in namespaces first: tcp_allowed_congestion_control.
BBR = "echo bbr > /proc/sys/net/ipv4/tcp_congestion_control || exit 1;"
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Ends:
    """Our programs, all in one folder, and the one of them that emulates the link."""

    def __init__(self, folder: str, emulator: str = "tun_link"):
        self.folder = pathlib.Path(folder)
        self.emulator = emulator
        self.keys = {}
        self.before = ""  # our programs in fetch(): a command that runs another

    def make_keys(self, folder: pathlib.Path) -> None:
        """For transports that want them: before fetch()."""
        for name in ("server", "client"):
            done = subprocess.run([self.folder / "kvferry", "keygen", folder / name], check=True, capture_output=True, text=True)
            self.keys[name] = next(word for word in done.stdout.split() if word.startswith("ed25519:"))
        self.key_folder = folder

    def security(self, transport: str, me: str, peer: str) -> str:
        """Arguments for a program that is `me`."""
        if transport in PLAIN:
            return "--insecure"
        return f"--key {shlex.quote(str(self.key_folder / me))} --peer-key {self.keys[peer]}"

    def program(self, name: str) -> str:
        return shlex.quote(str(self.folder / name))

    def write_card(self, file: pathlib.Path, size_bytes: int) -> pathlib.Path:
        subprocess.run([self.folder / "write_card", file, str(size_bytes)], check=True)
        return file

    def run(self, link: str, server: str, client: str, limit_s: float, report: str = "") -> subprocess.CompletedProcess:
        """Status 124: it was killed after limit_s."""
        words = [self.folder / self.emulator, *shlex.split(link), "--server", server, "--client", client]
        if report:
            words += ["--report", report]
        try:
            return subprocess.run(words, capture_output=True, text=True, timeout=limit_s)
        except subprocess.TimeoutExpired as expired:
            return subprocess.CompletedProcess(words, 124, "", f"not done after {expired.timeout:.0f} s")

    def fetch(self, link: str, card: pathlib.Path, transport: str, limit_s: float, server_setup: str = "", report: str = "") -> dict:
        """Fetches a card once. What came of it: ok, time_s from the start of connecting until the card is verified and
        applied, and error when it is not ok."""
        with tempfile.TemporaryDirectory() as into:
            kvferry = f"{self.before} {self.program('kvferry')}"
            server = (f"{server_setup} exec {kvferry} serve {card} --listen {SERVER}:4917 --transport {transport} "
                      f"{PATIENT.get(transport, '')} {self.security(transport, 'server', 'client')} >/dev/null 2>&1")
            client = (f"exec {kvferry} fetch {SERVER}:4917 --document {card.stem} --into {into} "
                      f"--transport {transport} --json {PATIENT.get(transport, '')} {self.security(transport, 'client', 'server')}")
            done = self.run(link, server, client, limit_s, report)
            if done.returncode != 0:
                return {"ok": False, "status": done.returncode, "error": last_line(done.stderr)}
            fetched = json.loads(done.stdout)
            if pathlib.Path(fetched["file"]).read_bytes() != card.read_bytes():
                return {"ok": False, "status": 0, "error": "the fetched card differs"}
            times = fetched["time_s"]
            return {"ok": True, "time_s": sum(times.values()), "connect_s": times["connect"], "manifest_s": times["manifest"],
                    "payload_bytes": fetched["payload_bytes"]}


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def skip_if_impossible(ends: Ends) -> None:
    done = ends.run("", "", "true", 10)
    if done.returncode == EXIT_SKIPPED:
        print(last_line(done.stderr))
        sys.exit(EXIT_SKIPPED)
