// SPDX-License-Identifier: MIT
//
// A card on its way into a pool. What the pool has of it need not come; what comes is collected in a file
// first, from which the next one goes on when it breaks off.
#pragma once

#include <optional>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/arriving_card.h"
#include "transport/store/card_store.h"

namespace kvferry {

class PooledCard final : public ArrivingCard {
 public:
  // name: that the card is bound to when it is in the pool, unless it is empty.
  PooledCard(std::shared_ptr<CardStore> pool, std::filesystem::path incoming, std::string name)
      : pool_(std::move(pool)), incoming_(std::move(incoming)), name_(std::move(name)) {}

  Result<void> begin(const Manifest& manifest) override;
  ChunkRanges held(const Manifest& manifest) override;
  Result<void> chunk(std::uint32_t index, Slice payload) override;
  // In the pool, under its name.
  Result<void> finish(bool whole) override;
  void abandon(const std::string& reason) override;

  [[nodiscard]] std::string place() const override { return digest_.hex(); }

 private:
  [[nodiscard]] Result<void> put_file();

  std::shared_ptr<CardStore> pool_;
  std::filesystem::path incoming_;
  std::string name_;
  Digest digest_;
  std::optional<CardFileSink> sink_;  // none: the whole card is in the pool already
};

// Whether the pool has the card, and every digest is right.
[[nodiscard]] Result<std::optional<Card>> whole_card(CardStore& pool, const Digest& digest);

}  // namespace kvferry
