// SPDX-License-Identifier: MIT
//
// From a document that a reader has read to a card, with all that presets may ask the model for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/update.h"
#include "model/attention.h"
#include "model/reader.h"

namespace kvferry {

struct CardOrder {
  Preset preset;
  std::string document;                     // the text that the cache was made of
  std::vector<int64_t> question = {};       // tokens; for presets that are query-aware
  std::vector<std::string> templates = {};  // questions that stand for any; empty: made from the document
  uint64_t seed = 1;
  SnapKvOptions snapkv = {};
  std::shared_ptr<const LoadedCalibration> calibration = {};  // for presets that need one
  std::shared_ptr<const Card> base =
      {};  // that the reader has: query-aware selection is of the rows that it lacks
};

// `full` is the document's whole cache. The question is looked at by query-aware presets only, so that other
// cards serve everybody. With a base the card is its refinement. The error says what is missing, or that the
// base lacks nothing or cannot be refined.
[[nodiscard]] Result<Card> make_card(const Reader& reader, const KvCache& full, const CardOrder& wanted,
                                     EncodeStats* stats = nullptr);

// The card of a document that has changed: codec/update.h. `now` is the whole cache of the order's document.
[[nodiscard]] Result<Card> update_card(const Reader& reader, const Card& before, const KvCache& now,
                                       const Reuse& reuse, const CardOrder& order);

// Measures a card that was made of `full`, as its reader will use it, and writes the divergence into its
// manifest, and of a progressive card the quality curve. The questions are those given, else the order's own
// question, else its templates or the first kProbeTemplates of the document's.
[[nodiscard]] Result<void> probe_card(const Reader& reader, const KvCache& full, const CardOrder& order,
                                      const std::vector<std::string>& questions, Card& card);

}  // namespace kvferry
