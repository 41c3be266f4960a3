// SPDX-License-Identifier: MIT
//
// What a receiver asks for. Which card answers it is the source's choice.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/digest.h"
#include "protocol/base/time.h"
#include "protocol/card/chunk_prefixes.h"
#include "protocol/card/chunk_ranges.h"
#include "protocol/card/digest_list.h"

namespace kvferry {

struct RequestOptions {
  static constexpr std::size_t kMaxTextBytes = 1024;
  static constexpr std::size_t kMaxQuestionTokens = 8192;
  static constexpr std::uint8_t kUsualUrgency = 3;
  static constexpr std::uint8_t kMaxUrgency = 7;

  std::optional<Digest> card;                  // this card and no other
  std::string document;                        // otherwise: a name or selector that the source understands
  std::vector<std::uint32_t> question_tokens;  // for selection that depends on the question
  std::optional<Duration> deadline;            // from the request on; whole microseconds on the wire
  std::optional<std::uint64_t> byte_budget;    // payload bytes
  std::optional<double> min_quality;           // 0 .. 1: least top-1 agreement, as measured in the manifest
  std::string preset;                          // a wish, empty for none
  ChunkRanges held;                            // chunks of `card` that need not be sent; needs `card`
  std::vector<PartialChunk> partial;     // beginnings of chunks of `card`, ascending; sizes go on the wire
  DigestList bases;                      // cards that are here whole: a delta of one of them will do
  bool manifest_first = false;           // the sink knows which chunks it has once it sees the manifest
  std::uint8_t urgency = kUsualUrgency;  // 0 .. 7, 0 first
  // Refinements of this level and above need not come if the network loses them; streams binding.
  std::optional<std::uint8_t> droppable_from;
  // Any card of the document but this one; where there is none, the answer waits for it. Needs a peer that
  // has kFeatureFollow.
  std::optional<Digest> after;

  bool operator==(const RequestOptions&) const = default;
};

}  // namespace kvferry
