# SPDX-License-Identifier: MIT
"""The main job on a tiny plan, from documents to the report."""

import json

from lab_program import MODEL, LabTest, main

PROFILE = f"""device = "a test"
model = "{MODEL.name}"
source = "assumed"
prefill_tokens_per_s = 1000
decode_tokens_per_s = 100
encode_gb_per_s = 1
decode_gb_per_s = 1
inject_gb_per_s = 1
"""

PLAN = f"""name = "tiny"
seed = 5
model = "{MODEL}"
profile = "./profile.toml"
transports = ["ns3-tcp", "ns3-udp"]
presets = ["fp16", "int4", "select=q2c:0.5 | quant=int4 | entropy=zstd"]
include_text = true
[documents]
count = 2
facts = 4
questions = 2
"""

KEYS = {"scenario", "transport", "preset", "policy", "seed", "agents", "tokens", "n_questions", "quality_model",
        "shape_model", "profile", "kv_bytes_fp16", "card_bytes", "ratio", "wire", "time_s", "quality", "deadline_s",
        "met_deadline", "levels", "retransmissions", "goodput_fraction", "clock"}
CLASSES = ["payload", "framing", "signalling", "acks", "retransmitted", "fec", "lower_layers"]
STAGES = ["encode", "queue", "transfer", "decode", "inject", "prefill", "generate", "first_token"]


class Tradeoff(LabTest):
    def setUp(self):
        super().setUp()
        self.write("profile.toml", PROFILE)

    def tradeoff(self, plan, out, *more):
        plan = self.write("plan.toml", plan)
        return self.succeeds("tradeoff", plan, "--out", self.folder / out, *more)

    def runs(self, out):
        return [json.loads(line) for line in (self.folder / out / "results.jsonl").read_text().splitlines()]

    def test_a_tiny_plan_from_documents_to_the_report(self):
        shown = self.tradeoff(PLAN, "one")
        runs = self.runs("one")
        self.assertEqual(len(runs), 2 * 2 * (1 + 1 + 2 + 5))
        for run in runs:
            self.check_line(run)
        self.check_fp16(runs)
        self.assertEqual(sorted(file.name for file in (self.folder / "one").iterdir()),
                         ["report.html", "results.jsonl", "tradeoff.png"])
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["one", "plan.toml", "profile.toml"])
        self.assertIn("q2c:0.5 int4 *", shown)
        self.assertIn("Sending the cache beats sending the text", shown)
        self.tradeoff(PLAN, "two", "--jobs", 1, "--json")
        self.assertEqual((self.folder / "one/results.jsonl").read_bytes(),
                         (self.folder / "two/results.jsonl").read_bytes())

    def check_line(self, run):
        self.assertLessEqual(KEYS, run.keys())
        self.assertEqual(list(run["wire"]), CLASSES + ["total"])
        self.assertEqual(sum(run["wire"][key] for key in CLASSES), run["wire"]["total"])
        self.assertEqual(run["wire"]["total"], run["device_bytes"])
        self.assertEqual(run["ratio"], run["kv_bytes_fp16"] / run["card_bytes"])
        self.assertEqual(list(run["time_s"]), STAGES)
        waits = sum(run["time_s"][key] for key in STAGES[:6])
        self.assertAlmostEqual(run["time_s"]["first_token"], waits)
        self.assertGreater(run["time_s"]["transfer"], 0.04)
        self.assertEqual((run["seed"], run["clock"], run["profile"]), (5, "simulated", "profile"))
        for key in ("f1", "em", "top1"):
            self.assertTrue(0 <= run["quality"][key] <= 1, run)

    def check_fp16(self, runs):
        full = {run["document"]: run["quality"] for run in runs if run["preset"] == "text"}
        for run in runs:
            if run["preset"] == "fp16":
                self.assertEqual(run["quality"]["kld"], 0)
                self.assertEqual(run["quality"]["ppl_delta"], 0)
                self.assertEqual(run["quality"], full[run["document"]])

    def test_a_shape_scales_the_bytes_and_marks_every_line(self):
        self.write("profile.toml", PROFILE.replace(f'"{MODEL.name}"', '"qwen2.5-0.5b"'))
        plan = PLAN.replace("seed = 5", 'seed = 5\nshape_model = "qwen2.5-0.5b"').replace("count = 2", "count = 1")
        plan = plan.replace('"ns3-tcp", "ns3-udp"', '"ns3-udp"').replace("include_text = true", "")
        self.tradeoff(plan, "shape")
        runs = self.runs("shape")
        self.assertEqual({run["shape_model"] for run in runs}, {"qwen2.5-0.5b"})
        self.assertEqual({run["quality_model"] for run in runs}, {MODEL.name})
        for run in runs:
            self.assertEqual(run["kv_bytes_fp16"], run["tokens"] * 12288)
            self.assertEqual(run["ratio"], run["kv_bytes_fp16"] / run["card_bytes"])
        self.assertNotIn("text", {run["preset"] for run in runs})

    def test_bad_plans_are_told_in_one_line_and_leave_nothing(self):
        for change, message in [
            (("seed = 5", "sed = 5"), "FOLDER/plan.toml:2: key 'sed': unknown, expected one of name, seed, model, "
             "profile, shape_model, documents, link, transports, tcp, udp, presets, include_text"),
            (("facts = 4", "facts = 0"),
             "FOLDER/plan.toml:10: key 'documents.facts': expected a whole number from 1 to 200"),
            ((str(MODEL), f"{self.folder}/{MODEL.name}"),
             f"FOLDER/{MODEL.name}/config.json: not found, expected a model folder in Hugging Face's layout"),
        ]:
            plan = self.write("plan.toml", PLAN.replace(*change))
            self.fails(1, message, "tradeoff", plan, "--out", self.folder / "out")
        self.fails(1, "FOLDER/none.toml: expected a file, found none", "tradeoff", self.folder / "none.toml", "--out",
                   self.folder / "out")
        self.assertFalse((self.folder / "out").exists())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["plan.toml", "profile.toml"])

    def test_caches_that_do_not_fit_into_memory_are_not_begun(self):
        plan = self.write("plan.toml", PLAN.replace("count = 2", "count = 10000\nwords = 100000"))
        done = self.lab("tradeoff", plan, "--out", self.folder / "out")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^kvferry-lab: memory: 10000 full caches of \S+ TB together, expected at most the \S+ GB that are free\n$")
        self.assertFalse((self.folder / "out").exists())


if __name__ == "__main__":
    main()
