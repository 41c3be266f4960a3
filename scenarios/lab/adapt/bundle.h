// SPDX-License-Identifier: MIT
//
// What adaptation is tried on: a bundle of documents that one agent has read and another one needs. Its
// caches travel either document by document, each in one of several presets, or as one progressive card of
// them all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/calibration/calibration.h"
#include "model/documents.h"
#include "model/reader.h"
#include "protocol/card/card.h"

namespace kvferry {

struct BundleSpec {
  int documents = 12;
  DocumentSpec document;
  std::vector<std::string> levels;  // presets, by name
};

struct BundledDocument {
  std::string text;
  std::vector<Question> questions;
  KvCache full;
  uint32_t begin = 0, end = 0;  // its positions in the bundle
  std::vector<Card> levels;     // in the order of BundleSpec, their divergence measured
  Card words;                   // the text
};

struct Bundle {
  BundleSpec spec;
  std::vector<BundledDocument> documents;
  uint64_t fp16_bytes = 0;
  Card progressive;  // of all documents, with its curve
  Card words;
  std::shared_ptr<const LoadedCalibration> calibration;
  double rope_theta = 0;

  // One document's cache out of what was decoded of the progressive card. The error says that none of its
  // rows is there.
  [[nodiscard]] Result<KvCache> part(const KvCache& decoded, size_t document) const;
};

// Draws the documents, reads them and makes all cards.
[[nodiscard]] Result<Bundle> make_bundle(const Reader& reader, const BundleSpec& spec,
                                         std::shared_ptr<const LoadedCalibration> calibration, uint64_t seed,
                                         int jobs);

// Numbers of chunks at which a card is cut where not every one is tried: each with at least `step` times the
// bytes of the one before; the last is all.
[[nodiscard]] std::vector<uint32_t> cuts_of(const Card& card, double step);

}  // namespace kvferry
