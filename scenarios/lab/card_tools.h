// SPDX-License-Identifier: MIT
//
// What the commands that work on one card by hand share.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "codec/calibration/calibration.h"
#include "model/reader.h"

namespace kvferry {

class Stopwatch {
 public:
  // Seconds since the last lap, or since the beginning.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(since_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

// Opens a shipped model or a folder, and computes with one thread from then on. Throws Failure.
[[nodiscard]] Reader open_reader(const std::string& model);

// The file, or for an empty path what stands beside the model, if anything does. Throws Failure.
[[nodiscard]] std::shared_ptr<const LoadedCalibration> open_calibration(const std::filesystem::path& file,
                                                                        const std::string& model);

// A line on standard error if the model does not know some words of the text.
void note_unknown_words(const Reader& reader, const std::string& text);

}  // namespace kvferry
