// SPDX-License-Identifier: MIT
//
// One card that a side wants, over as many attempts as it takes, and what both
// applications do on the way.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "tests/protocol/checked_end.h"
#include "tests/protocol/fault_plan.h"

namespace kvferry::test {

struct Wish {
  enum class Settled : std::uint8_t { kNot, kWhole, kInPart, kNotAtAll };

  Wish(Findings& findings, const WishPlan& planned, std::uint64_t seed)
      : plan(planned),
        card(with_levels(seed, planned)),
        source(std::make_shared<CardSource>(card)),
        sink(findings, card),
        rng(seed) {
    some(plan.held + plan.vouched).for_each([&](std::uint32_t chunk) { sink.hold(chunk); });
    sink.vouch_when_asked(plan.vouched > 0);
  }
  Wish(const Wish&) = delete;
  Wish& operator=(const Wish&) = delete;

  [[nodiscard]] static Card with_levels(std::uint64_t seed, const WishPlan& plan) {
    Card card = sample_card(seed, plan.chunks, plan.max_chunk_bytes);
    Rng rng(seed);
    for (ChunkInfo& chunk : card.manifest.chunks)
      chunk.level = static_cast<std::uint8_t>(rng.below(plan.levels));
    return card;
  }

  [[nodiscard]] ChunkRanges some(double share) {
    ChunkRanges chunks;
    for (std::uint32_t i = 0; i < plan.chunks; ++i) {
      if (rng.chance(share)) chunks.add(i);
    }
    return chunks;
  }

  // Another attempt begins.
  void begin() {
    ++attempt;
    open = true;
    seen = false;
    arrived = 0;
    arrived_bytes = 0;
    skipped = {};
    sink.expect_attempt();
  }

  [[nodiscard]] RequestOptions options() {
    RequestOptions options;
    options.deadline = plan.deadline;
    options.byte_budget = plan.byte_budget;
    options.urgency = plan.urgency;
    options.manifest_first = plan.manifest_first;
    if (plan.too_good) options.min_quality = 1;
    if (plan.known > 0) options.bases = DigestList({sha256(as_bytes("base"))});
    if (plan.held == 0 && attempt == 1) return options;
    options.card = card.digest();
    options.held = sink.name_held();
    options.partial = sink.name_partial();
    return options;
  }
  [[nodiscard]] AcceptOptions accept_options() {
    return {sink.name_held(), sink.name_partial(), plan.manifest_first};
  }

  [[nodiscard]] bool has_or_skips_all() const {
    for (std::uint32_t i = 0; i < plan.chunks; ++i) {
      if (!sink.has(i) && !skipped.contains(i)) return false;
    }
    return true;
  }
  [[nodiscard]] bool may_skip_for(SkipReason reason) const {
    switch (reason) {
      case SkipReason::kLevel:
        return plan.receiver_level || plan.source_level;
      case SkipReason::kDeadline:
        return plan.deadline.has_value();
      case SkipReason::kBudget:
        return plan.byte_budget.has_value();
      case SkipReason::kChoice:
        return plan.skipped > 0;
      case SkipReason::kLost:
        return false;
    }
    return false;
  }

  WishPlan plan;
  Card card;
  std::shared_ptr<CardSource> source;
  CheckedSink sink;
  Rng rng;
  Settled settled = Settled::kNot;
  int attempt = 0;
  bool open = false;  // an attempt is under way
  bool seen = false;  // by the receiver
  Time asked_at{};
  // Of this attempt:
  std::uint32_t arrived = 0;
  std::uint64_t arrived_bytes = 0;
  ChunkRanges skipped;
};

}  // namespace kvferry::test
