// SPDX-License-Identifier: MIT
//
// Text as messages may hold it: bounded, no control characters.
#pragma once

#include <algorithm>
#include <string>

namespace kvferry {

[[nodiscard]] inline std::string printable(std::string text, std::size_t max_bytes = 1024) {
  if (text.size() > max_bytes) text.resize(max_bytes);
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::replace_if(text.begin(), text.end(), is_control, ' ');
  return text;
}

}  // namespace kvferry
