// SPDX-License-Identifier: MIT
//
// Whole files in and out.
#pragma once

#include <filesystem>
#include <string>

#include "protocol/base/result.h"

namespace kvferry {

inline constexpr size_t kMaxDocumentBytes = 16 << 20;

// Text of at most kMaxDocumentBytes.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& file);

// The file is there whole or not at all.
[[nodiscard]] Result<void> write_whole_file(const std::filesystem::path& file, const std::string& bytes);

}  // namespace kvferry
