// SPDX-License-Identifier: MIT
#include "protocol/rate/encoding.h"

#include <algorithm>
#include <numeric>

namespace kvferry {

double Encoding::quality_of(double arrived_bytes) const {
  if (arrived_bytes >= static_cast<double>(bytes)) return quality;
  double reached = 0;
  for (const Prefix& prefix : curve) {
    if (static_cast<double>(prefix.bytes) > arrived_bytes) break;
    reached = prefix.quality;
  }
  return reached;
}

const Encoding* Segment::find(const std::string& preset) const {
  auto found = std::find_if(encodings.begin(), encodings.end(),
                            [&](const Encoding& encoding) { return encoding.preset == preset; });
  return found == encodings.end() ? nullptr : &*found;
}

std::vector<std::size_t> Job::admitted(const Segment& segment) const {
  std::vector<std::size_t> out(segment.encodings.size());
  std::iota(out.begin(), out.end(), 0);
  std::erase_if(out, [&](std::size_t i) {
    const Encoding& encoding = segment.encodings[i];
    return encoding.quality < quality_floor || (encoding.is_text() && !text_allowed);
  });
  std::stable_sort(out.begin(), out.end(), [&](std::size_t a, std::size_t b) {
    return segment.encodings[a].bytes < segment.encodings[b].bytes;
  });
  return out;
}

double Job::least_bytes(std::span<const Segment> some) const {
  double sum = 0;
  for (const Segment& segment : some) {
    const auto admitted_ones = admitted(segment);
    if (!admitted_ones.empty()) sum += static_cast<double>(segment.encodings[admitted_ones.front()].bytes);
  }
  return sum;
}

}  // namespace kvferry
