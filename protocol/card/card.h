// SPDX-License-Identifier: MIT
//
// A card in memory: a manifest and its chunks' payloads, in table order.
#pragma once

#include <memory>

#include "protocol/base/slice.h"
#include "protocol/card/chunk_flow.h"
#include "protocol/card/manifest.h"

namespace kvferry {

struct Card {
  Manifest manifest;
  std::vector<Slice> chunks;  // payloads, one per table entry

  [[nodiscard]] Digest digest() const;  // SHA-256 of the canonical root

  // The manifest is valid and every payload has the size and digest that the table names; the error names the
  // first chunk that has not.
  [[nodiscard]] Result<void> verify() const;

  // What write_card_file() writes, in bytes: every header and table counted.
  [[nodiscard]] std::uint64_t file_bytes() const;
};

// Builds the table entry's size and digest from the payload.
void add_chunk(Card& card, ChunkInfo info, Slice payload);

// Serves a card's chunks.
class CardSource final : public ChunkSource {
 public:
  explicit CardSource(Card card) : card_(std::move(card)) {}
  [[nodiscard]] const Manifest& manifest() const override { return card_.manifest; }
  [[nodiscard]] Result<Slice> chunk(std::uint32_t index) override;

 private:
  Card card_;
};

// Collects a card in memory, refusing payloads of more than max_bytes in all.
class CardSink final : public ChunkSink {
 public:
  explicit CardSink(std::uint64_t max_bytes = std::uint64_t{1} << 32) : max_bytes_(max_bytes) {}
  [[nodiscard]] Result<void> begin(const Manifest& manifest) override;
  [[nodiscard]] Result<void> chunk(std::uint32_t index, Slice payload) override;
  [[nodiscard]] Result<void> finish(bool whole) override;
  void abandon(const std::string& reason) override;

  // For a resumed transfer: a chunk that is here already. After begin() has seen the same manifest it stays.
  void hold(std::uint32_t index, Slice payload);
  // Before begin(): a card that is here, verified. What the new one shares with it need not come.
  void use_base(std::shared_ptr<const Card> base) { base_ = std::move(base); }
  [[nodiscard]] ChunkRanges held(const Manifest& manifest) override;

  [[nodiscard]] bool whole() const { return whole_; }                        // finish(true) has been called
  [[nodiscard]] const std::string& abandoned() const { return abandoned_; }  // the reason, empty if not
  [[nodiscard]] const Card& card() const { return card_; }
  [[nodiscard]] Card take() { return std::move(card_); }

 private:
  std::uint64_t max_bytes_;
  Card card_;
  std::shared_ptr<const Card> base_;
  std::string abandoned_;
  bool whole_ = false;
};

}  // namespace kvferry
