// SPDX-License-Identifier: GPL-2.0-only
//
// The output folder: transfers.jsonl and arrived/N.card. Everything is gathered
// in a hidden folder inside and gets its name at the end, transfers.jsonl last,
// so that a failure leaves what was there before.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "scenarios/sim/job_run.h"

namespace kvferry::sim {

// One line of transfers.jsonl, without the line's end. Keys in a fixed order, doubles in their shortest form.
// arrived: the card's path in the folder; empty for none.
[[nodiscard]] std::string result_line(const TransferPlan& transfer, const TransferResult& result,
                                      const std::string& arrived, bool with_chunks);

[[nodiscard]] std::string job_line(const TransferPlan& transfer, const JobResult& result, bool with_chunks);

// What --json prints.
[[nodiscard]] std::string summary_json(std::size_t transfers, std::size_t arrived,
                                       const std::string& lines_file);

class ResultsFolder {
 public:
  // Makes the folder if it is not there.
  [[nodiscard]] static Result<ResultsFolder> open(const std::filesystem::path& folder);
  ~ResultsFolder();  // without commit(): removes what was gathered
  ResultsFolder(ResultsFolder&& other) noexcept;
  ResultsFolder& operator=(ResultsFolder&&) = delete;

  // Writes the card that arrived, if one did, and the line.
  [[nodiscard]] Result<void> add(const TransferPlan& transfer, const TransferResult& result,
                                 bool with_chunks);
  [[nodiscard]] Result<void> add(const TransferPlan& transfer, const JobResult& result, bool with_chunks);
  [[nodiscard]] Result<void> commit();

 private:
  ResultsFolder() = default;
  [[nodiscard]] Result<void> add_line(const std::string& line);

  std::filesystem::path folder_;
  std::filesystem::path gathering_;  // empty: nothing to remove
  bool made_folder_ = false;
  std::ofstream lines_;
  std::size_t count_ = 0;
};

}  // namespace kvferry::sim
