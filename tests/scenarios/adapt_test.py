# SPDX-License-Identifier: MIT
"""Small runs of adapt and breakeven, from documents to the pictures."""

import json

from lab_program import MODEL, LabTest, main


class Adapt(LabTest):
    def adapt(self, out, *more):
        self.succeeds("adapt", "--out", self.folder / out, "--model", MODEL, "--profile", "one-core-small",
                      "--documents", 2, "--words", 64, "--offsets", 2, "--link", "steps", "--deadline", 0.02,
                      "--deadline", 0.5, "--policy", "fixed:fp16", "--policy", "mpc", "--policy", "progressive", *more)
        return [json.loads(line) for line in (self.folder / out / "results.jsonl").read_text().splitlines()]

    def test_from_documents_to_pictures(self):
        runs = self.adapt("one")
        self.assertEqual(sorted(file.name for file in (self.folder / "one").iterdir()),
                         ["adapt.md", "adapt.png", "results.jsonl", "timeline.json", "timeline.png"])
        # two transports, two deadlines, two offsets; two of three policies also with words
        self.assertEqual(len(runs), 2 * 2 * 2 * 5)
        for run in runs:
            self.assertLessEqual(run["f1"], run["f1_oracle"] + 1e-9, run)
            self.assertLessEqual(run["arrived_bytes"], run["oracle_bytes"] + 3000)
            self.assertTrue(0 <= run["answerable"] <= 1)
        late = [run for run in runs if run["deadline"] == 0.5 and run["policy"] == "progressive" and not run["text"]]
        for run in late:
            self.assertAlmostEqual(run["f1"], run["f1_full"], delta=0.1)
        raw = [run for run in runs if run["deadline"] == 0.02 and run["policy"] == "fixed:fp16"]
        self.assertTrue(any(run["answerable"] < 1 for run in raw))
        report = (self.folder / "one" / "adapt.md").read_text()
        self.assertIn("| `progressive` |", report)
        self.assertIn("## With the words among the choices", report)

    def test_the_same_seed_gives_the_same_lines(self):
        self.assertEqual(self.adapt("one", "--no-text"), self.adapt("two", "--no-text"))

    def test_unknown_links_and_empty_folders_are_named(self):
        self.fails(2, "--link nowhere: expected one of the links, such as steps", "adapt", "--out", "out", "--link",
                   "nowhere")
        (self.folder / "empty").mkdir()
        self.fails(1, "FOLDER/empty: expected files that end in .down or .up", "adapt", "--out", "out", "--traces",
                   self.folder / "empty")

    def test_breakeven_prefers_raw_caches_on_links_that_are_fast_enough(self):
        lines = [json.loads(line) for line in self.succeeds("breakeven", "--model", MODEL, "--json").splitlines()]
        for profile in {line["profile"] for line in lines}:
            by_rate = {line["rate_mbps"]: line for line in lines if line["profile"] == profile}
            self.assertTrue(by_rate[1]["best"].startswith("ferry"), by_rate[1])
            self.assertEqual(by_rate[400000]["best"], "fp16")
            for line in by_rate.values():
                self.assertEqual(line["best"], min(line["ready_s"], key=line["ready_s"].get))


if __name__ == "__main__":
    main()
