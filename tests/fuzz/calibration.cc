// SPDX-License-Identifier: MIT
//
// Only the bytes that a calibration serializes to parse to it.
#include "codec/calibration/calibration.h"

#include <algorithm>

#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(calibration) {
  const auto parsed = Calibration::parse(input);
  if (!parsed) {
    fuzz::require(parsed.error().message.find('\n') == std::string::npos, "errors are one line");
    return;
  }
  fuzz::require(std::ranges::equal(parsed->serialize(), input), "serialized again, the same bytes");
}
