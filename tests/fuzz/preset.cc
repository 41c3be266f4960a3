// SPDX-License-Identifier: MIT
//
// What parses prints to text that parses to the same preset and prints the same; errors are one line.
#include "codec/preset.h"

#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(preset) {
  const std::string text(input.begin(), input.end());
  const auto preset = parse_preset(text);
  if (!preset) {
    fuzz::require(preset.error().message.find('\n') == std::string::npos, "errors are one line");
    return;
  }
  const std::string canonical = to_string(*preset);
  const auto again = parse_preset(canonical);
  fuzz::require(again.ok() && *again == *preset, "canonical text is the same preset");
  fuzz::require(to_string(*again) == canonical, "canonical text is a fixed point");
}
