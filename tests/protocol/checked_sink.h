// SPDX-License-Identifier: MIT
//
// A sink that keeps what it was given over many attempts, as a disk would, and
// finds fault with every call that should not have been made.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/card/card.h"
#include "tests/protocol/counted_heap.h"

namespace kvferry::test {

// The first thing that was wrong; empty: nothing.
class Findings {
 public:
  void expect(bool holds, const char* what) {
    if (!holds && first_.empty()) first_ = what;
  }
  [[nodiscard]] const std::string& first() const { return first_; }

 private:
  std::string first_;
};

class CheckedSink final : public ChunkSink {
 public:
  CheckedSink(Findings& findings, const Card& card) : findings_(findings), card_(card) {}

  // A new attempt, with what is here.
  void expect_attempt() {
    stage_ = Stage::kWaiting;
    given_.clear();
    said_held_ = requested_held_ = {};
  }
  // What a request names as held, and as partial; it is not to come again.
  [[nodiscard]] ChunkRanges name_held() {
    for (const auto& [index, payload] : here_) requested_held_.add(index);
    return requested_held_;
  }
  [[nodiscard]] std::vector<PartialChunk> name_partial() const {
    std::vector<PartialChunk> partial;
    for (const auto& [index, prefix] : partial_) {
      if (!here_.contains(index) && partial.size() < ChunkPrefixes::kMaxCount)
        partial.push_back({index, prefix});
    }
    return partial;
  }
  [[nodiscard]] std::uint64_t partial_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [index, prefix] : partial_) bytes += prefix.size();
    return bytes;
  }
  void vouch_when_asked(bool vouch) { vouch_ = vouch; }
  void hold(std::uint32_t index) { here_[index] = card_.chunks[index]; }
  // Bytes of its stream were damaged on the way: what is kept in part was handed on before the checksum
  // (STR-1).
  void expect_damaged_partial() { damaged_partial_ = true; }

  Result<void> begin(const Manifest& manifest) override {
    const HeapScope outside(nullptr);
    findings_.expect(stage_ == Stage::kWaiting, "begin() once, and first");
    findings_.expect(manifest == card_.manifest, "the manifest is the card's");
    stage_ = Stage::kBegun;
    return {};
  }
  ChunkRanges held(const Manifest&) override {
    if (vouch_) {
      for (const auto& [index, payload] : here_) said_held_.add(index);
    }
    return said_held_;
  }
  Result<void> chunk(std::uint32_t index, Slice payload) override {
    const HeapScope outside(nullptr);
    findings_.expect(stage_ == Stage::kBegun, "chunk() after begin() and before the end");
    findings_.expect(index < card_.chunks.size() && given_.insert(index).second, "each index once");
    findings_.expect(!said_held_.contains(index) && !requested_held_.contains(index), "nothing that is held");
    const ByteView right = card_.chunks[index].view();
    findings_.expect(std::ranges::equal(payload.view(), right), "a released chunk is the card's");
    here_[index] = card_.chunks[index];
    return {};
  }
  Result<void> finish(bool whole) override {
    findings_.expect(stage_ == Stage::kBegun, "finish() after begin(), once");
    findings_.expect(!whole || here_.size() == card_.chunks.size(), "whole means whole");
    stage_ = Stage::kEnded;
    return {};
  }
  void keep(const std::vector<PartialChunk>& partial) override {
    const HeapScope outside(nullptr);
    for (const PartialChunk& chunk : partial) keep(chunk);
  }
  void abandon(const std::string&) override {
    findings_.expect(stage_ != Stage::kEnded, "abandon() once, and not after finish()");
    stage_ = Stage::kEnded;
  }

  [[nodiscard]] bool has(std::uint32_t index) const { return here_.contains(index); }
  [[nodiscard]] bool whole() const { return here_.size() == card_.chunks.size(); }
  [[nodiscard]] bool ended() const { return stage_ == Stage::kEnded; }

 private:
  enum class Stage { kWaiting, kBegun, kEnded };

  void keep(const PartialChunk& chunk) {
    bool inside = chunk.index < card_.chunks.size() && !chunk.prefix.empty() &&
                  chunk.prefix.size() < card_.chunks[chunk.index].size();
    findings_.expect(inside, "a partial chunk is a part of a chunk");
    if (!inside) return;
    const ByteView right = card_.chunks[chunk.index].view().first(chunk.prefix.size());
    findings_.expect(damaged_partial_ || std::ranges::equal(chunk.prefix.view(), right),
                     "a partial chunk is the card's");
    partial_[chunk.index] = Slice::copy_of(right);
  }

  Findings& findings_;
  const Card& card_;
  Stage stage_ = Stage::kWaiting;
  bool vouch_ = false;
  bool damaged_partial_ = false;
  std::map<std::uint32_t, Slice> here_;
  std::map<std::uint32_t, Slice> partial_;
  std::set<std::uint32_t> given_;
  ChunkRanges said_held_;
  ChunkRanges requested_held_;
};

}  // namespace kvferry::test
