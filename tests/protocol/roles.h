// SPDX-License-Identifier: MIT
//
// What applications do in most tests: serve a card, confirm it, count, hold and keep.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/protocol/pair.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {

inline std::string binding_name(const testing::TestParamInfo<Binding>& param) {
  return param.param == Binding::kStream    ? "stream"
         : param.param == Binding::kStreams ? "streams"
                                            : "datagram";
}

inline void serve(Side& side, std::shared_ptr<ChunkSource> source) {
  side.on_event = [&side, source](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      side.connection.provide(now, wanted->id, source);
  };
}

inline void serve(Side& side, const Card& card) { serve(side, std::make_shared<CardSource>(card)); }

inline void confirm_when_complete(Side& side) {
  side.on_event = [&side](Time now, const Event& event) {
    if (auto* complete = std::get_if<event::Complete>(&event)) side.connection.confirm(now, complete->id);
  };
}

template <typename T>
std::size_t count_of(const Side& side) {
  return static_cast<std::size_t>(std::count_if(
      side.log.begin(), side.log.end(), [](const Event& event) { return std::holds_alternative<T>(event); }));
}

// chunk_count chunks of exactly size_bytes, all of one level.
inline void add_chunks(Card& card, std::uint64_t seed, std::size_t chunk_count, std::size_t size_bytes,
                       std::uint8_t level = 0) {
  Rng rng(seed);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 64;
  info.level = level;
  for (std::size_t i = 0; i < chunk_count; ++i) add_chunk(card, info, Slice(random_bytes(rng, size_bytes)));
}

inline Card even_card(std::uint64_t seed, std::size_t chunk_count, std::size_t size_bytes) {
  Card card = sample_card(seed, 0, 1);
  add_chunks(card, seed, chunk_count, size_bytes);
  return card;
}

// Remembers which chunks were begun, in order.
class CountingSource final : public ChunkSource {
 public:
  explicit CountingSource(Card card) : card_(std::move(card)) {}
  const Manifest& manifest() const override { return card_.manifest; }
  Result<Slice> chunk(std::uint32_t index) override {
    begun.push_back(index);
    begun_bytes += card_.chunks[index].size();
    return card_.chunks[index];
  }
  std::vector<std::uint32_t> begun;
  std::uint64_t begun_bytes = 0;

 private:
  Card card_;
};

// Has some chunks before the transfer, and keeps what came of it when it breaks off.
class KeepingSink final : public ChunkSink {
 public:
  Result<void> begin(const Manifest& manifest) override {
    card.manifest = manifest;
    card.chunks.resize(manifest.chunks.size());
    return {};
  }
  ChunkRanges held(const Manifest& manifest) override {
    ChunkRanges out;
    for (const Slice& chunk : store) {
      Digest digest = sha256(chunk.view());
      for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) {
        if (digest != manifest.chunks[i].digest) continue;
        card.chunks[i] = chunk;
        out.add(i);
      }
    }
    return out;
  }
  Result<void> chunk(std::uint32_t index, Slice payload) override {
    taken_bytes += payload.size();
    card.chunks[index] = std::move(payload);
    arrived.push_back(index);
    return {};
  }
  Result<void> finish(bool is_whole) override {
    finished = true;
    whole = is_whole;
    return {};
  }
  void keep(const std::vector<PartialChunk>& chunks) override { partial = chunks; }
  void abandon(const std::string& reason) override { abandoned = reason; }

  std::vector<Slice> store;  // payloads that are here already
  Card card;
  std::vector<std::uint32_t> arrived;
  std::uint64_t taken_bytes = 0;
  std::vector<PartialChunk> partial;
  std::string abandoned;
  bool finished = false;
  bool whole = false;
};

}  // namespace kvferry::test
