// SPDX-License-Identifier: MIT
//
// A card that came from another agent, or what has come of it, and what that took.
#pragma once

#include <cstdint>
#include <optional>

#include "codec/decoder.h"
#include "model/reader.h"
#include "protocol/card/card.h"
#include "transport/fetch.h"

namespace kvferry {

// How much of a card an answer is given from.
struct Used {
  std::uint64_t chunks = 0, of_chunks = 0;
  std::uint64_t payload_bytes = 0, of_payload_bytes = 0;
  std::uint32_t in_order = 0;         // chunks from the table's beginning
  std::optional<QualityPoint> worth;  // what those are by the card's curve
  [[nodiscard]] bool is_all() const { return chunks == of_chunks; }
};
[[nodiscard]] Used used_of(const Card& card);

struct Arrival {
  CardSink sink;
  KvCache cache;
  Used used;
  FetchReport report;
  Duration decode{};

  [[nodiscard]] const Card& card() const { return sink.card(); }
  [[nodiscard]] const Manifest& manifest() const { return sink.card().manifest; }
  // Of the whole cache in FP16 to the card's file.
  [[nodiscard]] double ratio() const;
  // The peer's work for the card included.
  [[nodiscard]] Duration transfer() const { return report.manifest + report.chunk_data; }
};

// How agents fetch: with their model, for as long as a peer may take that has to read and encode first.
[[nodiscard]] FetchOptions agent_fetch(const Reader& reader);

// Decodes the chunks that are here, which the sink has verified.
[[nodiscard]] Result<void> decode_what_is_here(Arrival& arrival, const DecodeOptions& decoding);

}  // namespace kvferry
