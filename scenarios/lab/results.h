// SPDX-License-Identifier: MIT
//
// results.jsonl: one line per run, that is per card, transport and document. analysis/ reads these lines and
// nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codec/encoder.h"
#include "scenarios/lab/plan.h"
#include "scenarios/lab/transfers.h"

namespace kvferry {

// Answers against the gold answers, and the cache that gave them against the full FP16 cache.
struct Quality {
  int n_questions = 0;
  double f1 = 0;  // means over the questions, 0 to 1
  double exact_match = 0;
  double kld = 0;              // nats per token of the gold answers
  double top1 = 0;             // share of these tokens
  double ppl_delta = 0;        // perplexity over that of the full cache, minus 1
  double answer_tokens = 0;    // mean, generated
  double question_tokens = 0;  // mean
};

// What a card is and what it costs, in the quality model's own bytes unless a shape scales them.
struct CardFacts {
  std::string preset;    // label
  std::string pipeline;  // canonical text
  double nominal = 0;    // ratio without scales and headers
  bool query_aware = false;
  uint64_t tokens = 0, kept_tokens = 0;
  uint64_t kv_bytes_fp16 = 0;    // all positions
  uint64_t kept_bytes_fp16 = 0;  // kept positions
  uint64_t card_bytes = 0;       // that travelled
  uint64_t chunks = 0;
};

struct StageTimes {
  double encode = 0, queue = 0, transfer = 0, decode = 0, inject = 0, prefill = 0, generate = 0;
  [[nodiscard]] double first_token() const { return encode + queue + transfer + decode + inject + prefill; }
};

// Sending the same document as text over the same link: means over several transfers.
struct TextOption {
  uint64_t card_bytes = 0;
  uint64_t wire_total = 0;
  StageTimes time_s;
  // Prefill speed of the receiver, tokens/s, under which the cache is there before the text is read; none: at
  // any speed.
  std::optional<double> break_even_prefill;
};

struct RunLine {
  const TradeoffPlan* plan = nullptr;
  std::string transport;
  size_t document = 0;
  std::optional<size_t> question;  // a card for this question only
  std::string model_weights;       // digest
  std::string libtorch;            // version
  CardFacts card;
  Transfer transfer;
  StageTimes time_s;
  Quality quality;
  TextOption text;
};

// Compute times of a card that was transferred, by the plan's profile.
[[nodiscard]] StageTimes card_times(const Profile& profile, const CardFacts& card, const Quality& quality,
                                    double transfer_s);
// The same for the text, which the receiver reads itself.
[[nodiscard]] StageTimes text_times(const Profile& profile, uint64_t tokens, const Quality& quality,
                                    double transfer_s);
[[nodiscard]] std::optional<double> break_even_prefill(uint64_t tokens, const StageTimes& card,
                                                       const StageTimes& text);

// A line of JSON, its end included; keys in DESIGN.md's order.
[[nodiscard]] std::string to_json_line(const RunLine& run);

}  // namespace kvferry
