// SPDX-License-Identifier: GPL-2.0-only
//
// The output folder of a plan with transfers: transfers.jsonl and arrived/N.card.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "scenarios/sim/gathering.h"
#include "scenarios/sim/job_run.h"

namespace kvferry::sim {

// One line of transfers.jsonl, without the line's end. Keys in a fixed order, doubles in their shortest form.
// arrived: the card's path in the folder; empty for none.
[[nodiscard]] std::string result_line(const TransferPlan& transfer, const TransferResult& result,
                                      const std::string& arrived, bool with_chunks);

[[nodiscard]] std::string job_line(const TransferPlan& transfer, const JobResult& result, bool with_chunks);

// What --json prints: how many of what ("transfers", "runs") there were, and how many ended how ("arrived").
[[nodiscard]] std::string summary_json(const std::string& what, std::size_t count, const std::string& how,
                                       std::size_t good, const std::string& lines_file);

class ResultsFolder {
 public:
  // Makes the folder if it is not there.
  [[nodiscard]] static Result<ResultsFolder> open(const std::filesystem::path& folder);
  // Writes the card that arrived, if one did, and the line.
  [[nodiscard]] Result<void> add(const TransferPlan& transfer, const TransferResult& result,
                                 bool with_chunks);
  [[nodiscard]] Result<void> add(const TransferPlan& transfer, const JobResult& result, bool with_chunks);
  [[nodiscard]] Result<void> commit();

 private:
  explicit ResultsFolder(Gathering gathering) : gathering_(std::move(gathering)) {}
  [[nodiscard]] Result<void> add_line(const std::string& line);

  Gathering gathering_;
  std::ofstream lines_;
  std::size_t count_ = 0;
};

}  // namespace kvferry::sim
