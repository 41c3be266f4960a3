// SPDX-License-Identifier: MIT
//
// One line of `kvferry bench`: ours beside something known, both measured in turn, medians.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace kvferry::bench {

// Bytes a second.
using Measure = std::function<Result<double>()>;

struct Figure {
  std::string name;
  std::string beside;  // what it is compared with
  double wanted = 0;   // least ratio
  Measure ours;
  Measure theirs;
};

// What is printed of a figure.
struct Line {
  std::string name;
  std::string unit;
  double ours = 0;
  std::string beside;
  double theirs = 0;
  std::optional<double> wanted = {};  // the least ratio,
  bool at_most = false;               // or the greatest
};

// What every figure shares.
struct Setting {
  std::uint64_t bytes = 0;  // moved by each measurement
  double seconds = 0;       // of programs that take a time instead
};

[[nodiscard]] std::vector<Figure> tcp_figures(const Setting& setting);
[[nodiscard]] std::vector<Figure> tls_figures(const Setting& setting);
[[nodiscard]] std::vector<Figure> quic_figures(const Setting& setting);
[[nodiscard]] std::vector<Figure> udp_figures(const Setting& setting);

}  // namespace kvferry::bench
