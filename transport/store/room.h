// SPDX-License-Identifier: MIT
//
// How a pool's folder stays within its bound: dead chunks of packs go first, then whole cards, least recently
// used first, never one that is being read. By who holds the lock.
#pragma once

#include <functional>

#include "transport/store/catalogue.h"
#include "transport/store/pins.h"

namespace kvferry::store {

class Room {
 public:
  // All must outlive it.
  Room(const PoolFolder& folder, Catalogue& catalogue, Pins& pins)
      : folder_(folder), catalogue_(catalogue), pins_(pins) {}

  // What a process has left that was killed here. The catalogue is fresh then.
  [[nodiscard]] Result<void> sweep();
  // Until `needed` bytes are free below the bound; asked again after each step. coming: the chunks that they
  // are for. An error, before anything is evicted, when readers hold too much.
  [[nodiscard]] Result<void> make(std::uint64_t bound, const std::function<std::uint64_t()>& needed,
                                  const std::vector<ChunkInfo>& coming);
  // A card's names, entry and unshared chunks.
  [[nodiscard]] Result<void> drop(const Digest& card);

 private:
  [[nodiscard]] Result<void> remove_unused_packs();
  void remove_broken_off();
  [[nodiscard]] Result<bool> evict_one();
  [[nodiscard]] Result<bool> repack_one(std::uint64_t bound);
  // At least: the chunks of cards that are being read, and those that come.
  [[nodiscard]] std::uint64_t bytes_that_stay(const std::vector<ChunkInfo>& coming);
  [[nodiscard]] Error no_room(std::uint64_t bound, std::uint64_t needed) const;

  const PoolFolder& folder_;
  Catalogue& catalogue_;
  Pins& pins_;
};

// Marks the card as used now. Best effort: a pool that may not be written keeps its order.
void touch(const PoolFolder& folder, const Digest& card);

}  // namespace kvferry::store
