// SPDX-License-Identifier: MIT
//
// What the subcommands of kvferry-lab do; main.cc reads their options. All throw Failure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kvferry {

struct TrainOptions {
  std::filesystem::path recipe, out;
  std::string command_line;  // recorded in training.json
  bool overwrite = false;
};
void run_train(const TrainOptions& options);

struct ScoreOptions {
  std::string model;
  uint64_t seed = 0;
  int jobs = 2;
  bool json = false;
};
void run_score(const ScoreOptions& options);

struct ProfileOptions {
  std::string model;
  std::filesystem::path out;  // empty: standard output
};
void run_profile(const ProfileOptions& options);

struct EncodeCommand {
  std::filesystem::path document, out;
  std::filesystem::path questions;    // a file, one a line: templates, and what a probe asks
  std::filesystem::path calibration;  // empty: none
  std::string model, preset, question;
  uint64_t seed = 1;
  bool probe = false;
  bool json = false;
};
void run_encode(const EncodeCommand& options);

struct DecodeCommand {
  std::filesystem::path card, out, calibration;
  std::string model;
  bool json = false;
};
void run_decode(const DecodeCommand& options);

struct AskCommand {
  std::filesystem::path card, calibration;
  std::string question, model;
  std::optional<double> max_kl, min_top1;  // the floor: refuse a card below it
  bool json = false;
};
void run_ask(const AskCommand& options);

struct CalibrateCommand {
  std::string model;
  std::vector<std::string> presets;  // whose static tables are made; empty: all named ones
  std::filesystem::path out;
  uint64_t seed = 1;
  bool json = false;
};
void run_calibrate(const CalibrateCommand& options);

struct BoundCommand {
  std::string model;
  unsigned levels = 16;
  int questions = 64;  // documents are drawn as for so many
  uint64_t seed = 1;
  bool json = false;
};
void run_bound(const BoundCommand& options);

struct BreakevenCommand {
  std::string model = "large";
  uint64_t seed = 1;
  bool json = false;
};
void run_breakeven(const BreakevenCommand& options);

struct OverheadCommand {
  std::filesystem::path out;
  uint64_t seed = 1;
  uint64_t seeds = 200;  // of transfers that lose packets
  bool real = false;     // over this machine's loopback, too
  uint64_t real_runs = 5;
  uint64_t largest_bytes = 16 << 20;  // larger cards are left out
  int jobs = 2;
};
void run_overhead(const OverheadCommand& options);

struct ReportCommand {
  std::filesystem::path folder;
};
void run_report(const ReportCommand& options);

void run_presets(bool json);

}  // namespace kvferry
