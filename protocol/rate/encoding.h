// SPDX-License-Identifier: MIT
//
// What a rate controller chooses from. A job is a row of segments that are handed over one after the other,
// such as the documents of a bundle; each segment can travel in several encodings.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/time.h"

namespace kvferry {

// What a beginning of a progressive card is worth.
struct Prefix {
  std::uint64_t bytes = 0;  // payload
  double quality = 0;
  bool operator==(const Prefix&) const = default;
};

struct Encoding {
  std::string preset;           // as in the registry; "text": the words instead of the cache
  std::uint64_t bytes = 0;      // payload
  double quality = 0;           // 0 .. 1, of the whole: top-1 agreement with the full cache
  Duration encode{};            // still to be done at the source
  Duration decode{};            // at the receiver; of a text its prefill
  std::vector<Prefix> curve{};  // ascending, if every beginning is a cache; empty: only the whole is one

  [[nodiscard]] bool is_text() const { return preset == "text"; }
  [[nodiscard]] bool is_progressive() const { return !curve.empty(); }
  // Of what has arrived when this many bytes of payload have.
  [[nodiscard]] double quality_of(double arrived_bytes) const;
  // From the decision on a free path to an idle receiver: encoding and transfer; then decoding too.
  [[nodiscard]] double arrives_s(double rate_bytes_per_s) const {
    return to_seconds(encode) + static_cast<double>(bytes) / rate_bytes_per_s;
  }
  [[nodiscard]] double ready_s(double rate_bytes_per_s) const {
    return arrives_s(rate_bytes_per_s) + to_seconds(decode);
  }
};

struct Segment {
  std::string document;  // as it is asked for
  std::vector<Encoding> encodings;

  [[nodiscard]] const Encoding* find(const std::string& preset) const;
};

struct Job {
  std::vector<Segment> segments;
  std::optional<Time> deadline;              // at the receiver, on this clock
  std::optional<std::uint64_t> byte_budget;  // payload of all segments together
  double quality_floor = 0;                  // encodings below are no choice
  bool text_allowed = false;

  // Indices of a segment's encodings that floor and text_allowed admit, fewest bytes first.
  [[nodiscard]] std::vector<std::size_t> admitted(const Segment& segment) const;
  // The fewest bytes that these segments can do with.
  [[nodiscard]] double least_bytes(std::span<const Segment> some) const;
};

}  // namespace kvferry
