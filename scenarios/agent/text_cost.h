// SPDX-License-Identifier: MIT
//
// What it would have cost to be sent a document's text instead of its cache, and to read it here.
#pragma once

#include "scenarios/agent/arrival.h"

namespace kvferry {

struct TextCost {
  std::uint64_t tokens = 0;  // of the document: from the card
  double text_bytes = 0;     // estimated: tokens, by the vocabulary's mean
  // Measured: the card's payload over the time that it came in; none where that was too short to tell.
  std::optional<double> rate_bytes_per_s;
  Duration transfer{};     // estimated: a round trip, and the text at that rate
  Duration prefill{};      // measured: the model, here, on as many tokens
  Duration first_token{};  // estimated: connecting, transfer, prefill, and the question
};

// The model runs for as long as it reads the document. The error says that it cannot.
[[nodiscard]] Result<TextCost> text_cost(const Reader& reader, const Arrival& arrival, const Answer& answer);

}  // namespace kvferry
