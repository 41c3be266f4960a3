// SPDX-License-Identifier: MIT
//
// What stands in a pool's folder, as one process knows it: entries are read once, and again when they have
// changed.
#pragma once

#include <map>
#include <unordered_map>

#include "transport/store/card_entry.h"
#include "transport/store/pool_folder.h"

namespace kvferry::store {

class Catalogue {
 public:
  struct Place {
    Digest pack;
    std::uint64_t offset = 0;
  };
  struct ChunkUse {
    std::uint32_t size_bytes = 0;
    std::uint32_t times = 0;  // in cards
  };
  struct Pack {
    std::uint64_t file_bytes = 0;                        // 0: missing
    std::uint64_t live_bytes = 0;                        // of chunks that some card has
    std::unordered_map<std::uint64_t, ChunkUse> chunks;  // by offset
  };
  struct Listed {
    CardEntry entry;
    FileStamp stamp;
  };

  explicit Catalogue(PoolFolder folder) : folder_(std::move(folder)) {}

  // Reads what has changed since the last time. What is damaged is no error, but no card either.
  [[nodiscard]] Result<void> refresh();

  [[nodiscard]] const std::map<Digest, Listed>& cards() const { return cards_; }
  [[nodiscard]] const std::map<Digest, Pack>& packs() const { return packs_; }
  [[nodiscard]] const std::vector<Error>& damaged() const { return damaged_; }
  // Of an entry that cannot be read nobody knows which packs it needs.
  [[nodiscard]] const std::optional<Error>& unreadable_entry() const { return unreadable_entry_; }
  [[nodiscard]] std::optional<Place> place_of(const Digest& chunk) const;
  // All of cards, packs and names.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t names() const { return names_; }

 private:
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const { return load_le<std::size_t>(digest.bytes.data()); }
  };

  [[nodiscard]] Result<void> refresh_cards();
  [[nodiscard]] Result<void> refresh_packs();
  void add(const Digest& card, Listed listed);
  void drop(const Digest& card);

  PoolFolder folder_;
  std::map<Digest, Listed> cards_;
  std::map<Digest, Pack> packs_;
  std::unordered_map<Digest, Place, DigestHash> chunks_;
  std::vector<Error> damaged_;
  std::optional<Error> unreadable_entry_;
  std::uint64_t bytes_ = 0;
  std::uint64_t names_ = 0;
};

}  // namespace kvferry::store
