// SPDX-License-Identifier: MIT
//
// What a trade-off run sends: documents read by the first agent, and a card for each preset (and, where the
// selection looks at the question, for each question).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/calibration/calibration.h"
#include "model/documents.h"
#include "model/reader.h"
#include "protocol/card/card.h"
#include "scenarios/lab/plan.h"
#include "scenarios/lab/results.h"
#include "scenarios/lab/seeds.h"

namespace kvferry {

struct ReadDocument {
  std::string text;
  std::vector<Question> questions;
  KvCache cache;  // full
};

// A document's text as a card, so that it crosses a link like everything else. full: its cache, which the
// manifest describes.
[[nodiscard]] Card text_card(const ModelIdentity& model, const KvCache& full, const std::string& text);

struct Shipment {
  std::string id;  // "doc0/int4", "doc0/q2c:0.5 int4/q3", "doc0/text"
  size_t document = 0;
  std::optional<size_t> question;
  std::optional<size_t> preset;  // index into the plan's; none: the text itself
  int repeat = 0;                // the text is sent several times: one lost packet weighs much in so few
  CardFacts facts;
  std::filesystem::path card;     // of the model that ran
  std::filesystem::path travels;  // the card that goes over the link: another one where a shape scales it
  std::string digest;             // of the card that travels
};

// The error says that the full caches of so many documents like this one do not fit into memory.
[[nodiscard]] Result<void> check_memory(const Reader& reader, const Document& one, size_t count);

// Draws the documents and reads them with the model.
[[nodiscard]] Result<std::vector<ReadDocument>> read_documents(const TradeoffPlan& plan, const Reader& reader,
                                                               int jobs);

inline constexpr int kTextRepeats = 5;

// Encodes all cards of all documents into folder/cards; the calibration may be null where no preset needs
// one. Order: documents, presets, questions; each document's text comes last, kTextRepeats times.
[[nodiscard]] Result<std::vector<Shipment>> encode_shipments(
    const TradeoffPlan& plan, const Reader& reader, const std::vector<ReadDocument>& documents,
    std::shared_ptr<const LoadedCalibration> calibration, const std::filesystem::path& folder, int jobs);

}  // namespace kvferry
