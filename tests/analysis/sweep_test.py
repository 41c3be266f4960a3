# SPDX-License-Identifier: MIT
"""Sweeps: what a point's plan says, and that a sweep that was killed and goes on gives the same table. sweep_test.py [FOLDER_OF_PROGRAMS]"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest

import slurm

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANALYSIS = ROOT / "analysis"
SNAKEMAKE = ROOT / "build" / "venv" / "bin" / "snakemake"
PROGRAMS = pathlib.Path(sys.argv.pop()) if len(sys.argv) > 1 and os.path.isdir(sys.argv[-1]) else None
sys.path.insert(0, str(ANALYSIS))

import sweep  # noqa: E402
from jsonl import ResultsError  # noqa: E402

PLAN = """seed = 1
[link]
rate_mbps = 5.0
loss = 0.01
[udp]
congestion = "model"
[[transfer]]
id = "a"
card = "x.card"
transport = "ns3-udp"
"""
SWEEP = """plan = "plan.toml"
command = "transfers"
[sweep]
"link.loss" = [0.0, 0.01]
seed = [1, 2, 3]
"""
PATIENCE_S = 240
# Instead of the simulator: what it needs to be told, and how long it takes, is all that matters here.
STAND_IN = """#!/usr/bin/python3
import json, pathlib, sys, time, tomllib
plan = tomllib.load(open(sys.argv[1], "rb"))
time.sleep(0.3)
out = pathlib.Path(sys.argv[3])
out.mkdir(parents=True, exist_ok=True)
with open("order", "a") as order: order.write(out.name + "\\n")
(out / "transfers.jsonl").write_text(json.dumps({"seed": plan["seed"], "loss": plan["link"]["loss"]}) + "\\n")
"""


class Folder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="kvferry-test-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.write("plan.toml", PLAN)
        self.write("x.card", "")
        self.sweep = self.write("sweep.toml", SWEEP)

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return file


class Points(Folder):
    def test_are_every_combination_the_last_key_fastest(self):
        points = sweep.load(self.sweep).points
        self.assertEqual(list(points)[:4], ["link.loss-0.0_seed-1", "link.loss-0.0_seed-2", "link.loss-0.0_seed-3", "link.loss-0.01_seed-1"])
        self.assertEqual(points["link.loss-0.01_seed-2"], {"link.loss": 0.01, "seed": 2})

    def test_a_plan_has_the_points_values_and_names_files_from_anywhere(self):
        told = sweep.load(self.sweep)
        plan = tomllib.loads(sweep.plan_text(told, {"link.loss": 0.5, "link.rtt_ms": 7, "name": "x y"}))
        expected = tomllib.loads(PLAN)
        expected["link"] |= {"loss": 0.5, "rtt_ms": 7}
        expected["name"] = "x y"
        expected["transfer"][0]["card"] = str(self.folder.resolve() / "x.card")
        self.assertEqual(plan, expected)

    def test_the_shipped_sweeps_and_plans_can_be_read(self):
        for file in sorted((ANALYSIS / "sweeps").glob("*.toml")):
            told = sweep.load(file)
            for point in told.points.values():
                tomllib.loads(sweep.plan_text(told, point))

    def test_what_is_wrong_is_told_in_one_line(self):
        for old, new, message in (('"transfers"', '"move"', "key 'command': expected one of tradeoff, transfers, network"),
                                  ("[1, 2, 3]", "[1, 1]", "key 'sweep.seed': expected a list of values, none twice"),
                                  ("[sweep]", "[sweeps]", "key 'sweeps': unknown, expected plan, command, sweep"),
                                  ("[sweep]", "[sweep", "not TOML: ")):
            self.write("sweep.toml", SWEEP.replace(old, new))
            with self.assertRaisesRegex(ResultsError, message.replace("[", r"\[")):
                sweep.load(self.sweep)
        self.write("sweep.toml", SWEEP.replace("plan.toml", "none.toml"))
        with self.assertRaisesRegex(ResultsError, "none.toml: No such file"):
            sweep.load(self.sweep)


@unittest.skipUnless(SNAKEMAKE.exists(), "no build/venv: tests/python-environment makes it")
class Runs(Folder):
    def setUp(self):
        super().setUp()
        self.programs = PROGRAMS
        if not self.programs:
            self.programs = self.folder / "bin"
            self.programs.mkdir()
            self.write("bin/kvferry-sim", STAND_IN).chmod(0o755)

    def command(self, out, profile):
        return [SNAKEMAKE, "-s", ANALYSIS / "Snakefile", "--profile", ANALYSIS / "sweeps" / profile, "--directory", self.folder / out,
                "--seconds-between-status-checks", "1", "--config", f"sweep={self.sweep}", f"programs={self.programs}"]

    def finish(self, out, profile="local", **more):
        done = subprocess.run(self.command(out, profile), capture_output=True, text=True, timeout=PATIENCE_S, **more)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return (self.folder / out / "table.jsonl").read_bytes()

    def kill_after_first_results(self, out):
        with subprocess.Popen(self.command(out, "local"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            end = time.monotonic() + PATIENCE_S
            while not list((self.folder / out).glob("runs/*/*.jsonl")) and time.monotonic() < end:
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGKILL)

    def test_a_killed_sweep_goes_on_and_gives_the_same_table(self):
        self.kill_after_first_results("killed")
        self.assertFalse((self.folder / "killed" / "table.jsonl").exists())
        before = {file: file.stat().st_mtime_ns for file in (self.folder / "killed").glob("runs/*/*.jsonl")}
        self.assertTrue(0 < len(before) < 6)
        table = self.finish("killed")
        self.assertEqual(table, self.finish("whole"))
        points = [json.loads(line)["point"] for line in table.splitlines()]
        self.assertEqual(points, [{"link.loss": loss, "seed": seed} for loss in (0.0, 0.01) for seed in (1, 2, 3)])
        order = (self.folder / "killed" / "order").read_text().split() if not PROGRAMS else []
        self.assertLessEqual(len(order), 6 + (os.cpu_count() or 1))  # what had ended was not run again, but for those under way

    @unittest.skipIf(slurm.why_not(), slurm.why_not())
    def test_the_same_jobs_run_on_slurm(self):
        with slurm.one_node() as environment:
            self.assertEqual(self.finish("slurm", "slurm", env=environment), self.finish("local"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
