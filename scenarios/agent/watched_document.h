// SPDX-License-Identifier: MIT
//
// A document's file, looked at now and then on a thread of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "scenarios/now_and_then.h"

namespace kvferry {

inline constexpr std::uintmax_t kMaxDocumentBytes = 16u << 20;

// Throws Failure.
[[nodiscard]] std::string read_document(const std::filesystem::path& path);

class WatchedDocument {
 public:
  // `changed` is given the new text, on the watching thread. A file that cannot be read, or is empty, as
  // while it is being written, is not looked at.
  WatchedDocument(std::filesystem::path path, std::function<void(const std::string& text)> changed);

 private:
  void look();
  [[nodiscard]] std::string read() const;  // empty: not now

  std::filesystem::path path_;
  std::function<void(const std::string& text)> changed_;
  std::string known_, seen_;
  NowAndThen watch_;
};

}  // namespace kvferry
