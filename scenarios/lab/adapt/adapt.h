// SPDX-License-Identifier: MIT
//
// adapt: policies of rate control on links whose rate changes, by deadlines, against an oracle.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kvferry {

struct AdaptOptions {
  std::string model = "large";
  std::string profile = "one-core-large";
  std::filesystem::path traces;  // a folder of recordings; empty: none
  std::filesystem::path out;
  std::vector<double> deadlines = {0.01, 0.03, 0.1, 0.25, 0.5, 1, 2, 5};  // times what FP16 would take
  std::vector<std::string> policies = {"fixed:fp16", "fixed:int4", "fixed:ferry", "cachegen",
                                       "throughput", "mpc",        "progressive"};
  std::vector<std::string> only;  // links by name; empty: all
  int offsets = 50;
  int documents = 12;
  int words = 128;
  bool text = true;  // also with the words among the choices
  uint64_t seed = 1;
  int jobs = 2;
};

// Writes results.jsonl (a line a run), timeline.json, adapt.md and pictures into options.out. Throws Failure,
// having left nothing behind.
void run_adapt(const AdaptOptions& options);

}  // namespace kvferry
