// SPDX-License-Identifier: MIT
//
// What a server offers from a pool: whatever stands in it when somebody asks.
#pragma once

#include "protocol/wire/request_options.h"
#include "transport/store/card_store.h"

namespace kvferry {

class PoolShelf {
 public:
  explicit PoolShelf(std::shared_ptr<CardStore> pool) : pool_(std::move(pool)) {}

  // One source for all who want the card. What is wrong with the pool is logged; the peer hears only that it
  // is.
  [[nodiscard]] Result<std::shared_ptr<ChunkSource>> find(const RequestOptions& request) const;
  // Of a card that is here, or nothing.
  [[nodiscard]] std::shared_ptr<const Manifest> find_base(const Digest& digest) const;

 private:
  [[nodiscard]] Result<std::optional<Digest>> wanted(const RequestOptions& request) const;

  std::shared_ptr<CardStore> pool_;
};

}  // namespace kvferry
