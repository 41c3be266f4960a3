// SPDX-License-Identifier: GPL-2.0-only
//
// Plans and folders for the simulator's tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "scenarios/sim/transfer_run.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::sim {

// A folder of the test's own, removed at its end.
class ScratchFolder {
 public:
  ScratchFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string("kvferry-") + test->test_suite_name() + "-" + test->name();
    for (auto& c : name) c = c == '/' ? '-' : c;
    folder_ = std::filesystem::temp_directory_path() / (name + "-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

 private:
  std::filesystem::path folder_;
};

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline TransferPlan transfer_plan(SimTransport transport, std::uint64_t seed) {
  TransferPlan transfer;
  transfer.id = "test";
  transfer.transport = transport;
  transfer.seed = seed;
  return transfer;
}

// 5 Mbit/s, 40 ms round trip.
inline SimPlan plan_with_loss(double loss) {
  SimPlan plan;
  plan.link.loss = loss;
  return plan;
}

inline std::shared_ptr<ChunkSource> source_of(const Card& card) { return std::make_shared<CardSource>(card); }

}  // namespace kvferry::sim
