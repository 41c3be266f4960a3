// SPDX-License-Identifier: MIT
//
// What putting a card into a pool's folder will write: the chunks that no card has yet, and the card's entry.
#pragma once

#include "protocol/card/card.h"
#include "transport/store/catalogue.h"
#include "transport/store/pack.h"

namespace kvferry::store {

class PutPlan {
 public:
  // All must outlive the plan.
  PutPlan(const PoolFolder& folder, const Catalogue& catalogue, const Card& card)
      : folder_(folder), catalogue_(catalogue), card_(card) {}

  // The card stands there, with the right bytes.
  [[nodiscard]] bool is_done(const CardEntry& entry);
  // Anew, after the catalogue has changed.
  void make();

  [[nodiscard]] const PackPlan& pack() const { return pack_; }
  [[nodiscard]] const CardEntry& entry() const { return entry_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  // Whether the payload stands there: damaged chunks are not shared.
  [[nodiscard]] bool stands_at(const Digest& pack, std::uint64_t offset, ByteView payload);
  [[nodiscard]] const Slice& map_pack(const Digest& pack);

  const PoolFolder& folder_;
  const Catalogue& catalogue_;
  const Card& card_;
  std::map<Digest, Slice> packs_;                               // mapped; empty: not there
  std::map<std::pair<Digest, std::uint64_t>, bool> stands_at_;  // as compared
  PackPlan pack_;
  CardEntry entry_;
  std::uint64_t bytes_ = 0;
};

}  // namespace kvferry::store
