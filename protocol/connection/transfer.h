// SPDX-License-Identifier: MIT
//
// What a session remembers of one transfer, on either side.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "protocol/card/chunk_flow.h"
#include "protocol/connection/chunk_sender.h"
#include "protocol/connection/chunk_stakes.h"
#include "protocol/connection/events.h"
#include "protocol/connection/state_tables.h"

namespace kvferry {

inline constexpr std::uint8_t kEveryLevel = 255;

// What has become of each chunk at the receiver.
class ChunkArrivals {
 public:
  enum class State : std::uint8_t { kMissing, kBeingChecked, kVerified, kHeld, kSkipped };

  void reset(std::size_t chunks) {
    states_.assign(chunks, State::kMissing), missing_ = chunks;
    charged_.assign(chunks, false);
  }
  // Only what is missing becomes something else, and once.
  bool set(std::uint32_t chunk, State state) {
    if (states_[chunk] != State::kMissing) return false;
    states_[chunk] = state;
    --missing_;
    ++counts_[static_cast<std::size_t>(state)];
    return true;
  }
  // Of a chunk that is missing: it is whole, and whether it is the right one not yet known.
  void begin_check(std::uint32_t chunk) { states_[chunk] = State::kBeingChecked; }
  void end_check(std::uint32_t chunk) { states_[chunk] = State::kMissing; }
  // Whether it counts against the credit: once, from its first DATA or SKIP on.
  [[nodiscard]] bool is_charged(std::uint32_t chunk) const { return charged_[chunk]; }
  void set_charged(std::uint32_t chunk) { charged_[chunk] = true; }
  [[nodiscard]] State of(std::uint32_t chunk) const { return states_[chunk]; }
  [[nodiscard]] std::size_t size() const { return states_.size(); }
  // Those that are being checked too.
  [[nodiscard]] std::size_t missing() const { return missing_; }
  [[nodiscard]] std::uint64_t count(State state) const { return counts_[static_cast<std::size_t>(state)]; }
  [[nodiscard]] std::uint64_t here() const { return count(State::kVerified) + count(State::kHeld); }
  [[nodiscard]] ChunkRanges chunks_here() const {
    ChunkRanges out;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] == State::kVerified || states_[i] == State::kHeld)
        out.add(static_cast<std::uint32_t>(i));
    }
    return out;
  }

 private:
  std::vector<State> states_;
  std::vector<bool> charged_;
  std::size_t missing_ = 0;
  std::uint64_t counts_[5] = {};
};

// A chunk that has become whole, and is not in the sink.
struct WholeChunk {
  Slice payload;
  bool while_receiving = true;          // the source could still be asked for it again
  std::optional<SkipReason> skipped{};  // the source will not send it again
};

// `sink` is set on the receiver's side, `source` or `sender` on the other.
struct Transfer {
  TransferState state = TransferState::kDone;
  Time active_at{};                  // a state changed, or enough new bytes moved
  std::uint64_t trickled_bytes = 0;  // new ones since then, that were not enough
  Time stalled_at{};                 // the application was last told that it stands still
  std::optional<Digest> card;        // the one that must come
  std::optional<Digest> after;       // the one that must not, and whose successor may be long in coming
  ChunkRanges held;                  // as the receiver said when it began
  ChunkPrefixes partial;
  DigestList bases;
  bool manifest_first = false;
  std::optional<std::uint8_t> droppable_from;  // refinements of this level and above, as the receiver says
  std::uint8_t wanted_level = kEveryLevel;

  // Receiver
  ChunkSink* sink = nullptr;
  std::map<std::uint32_t, Slice> prefixes;  // of `partial`
  bool eager = false;                       // an offer that did not wait
  bool any_base = false;                    // an offer: the application has judged its base
  std::optional<ManifestAssembler> assembler;
  ChunkRanges known;  // as the source says
  Manifest manifest;
  ChunkArrivals arrivals;
  std::map<std::uint32_t, WholeChunk> being_checked;
  std::map<std::uint32_t, int> failures;  // digests that differed, per chunk
  std::set<std::uint32_t> unreleased;     // verified, and the application holds them
  std::uint64_t charged_bytes = 0;        // sizes of the chunks begun or skipped, each once
  std::uint32_t largest_chunk_bytes = 0;
  std::uint64_t released_bytes = 0;
  std::uint64_t granted_bytes = 0;  // credit, as the source knows it
  std::uint64_t untold_bytes = 0;   // of chunks skipped before they had begun here, not yet in it

  // Source
  std::shared_ptr<ChunkSource> source;
  std::optional<ChunkSender> sender;
  std::optional<Digest> digest;  // of the card that is being sent
  std::optional<Time> deadline;  // at the receiver, on this side's clock
  std::optional<ChunkStakes> stakes;
  std::optional<std::uint64_t> byte_budget;
  std::optional<double> min_quality;
  std::uint8_t urgency = RequestOptions::kUsualUrgency;
  std::uint8_t own_level = kEveryLevel;
  bool offered = false;
  bool manifest_acknowledged = false;  // datagram binding
  std::uint64_t before_manifest_bytes = 0;
  std::uint64_t eager_bytes = 0;  // sent before the offer was accepted
};

}  // namespace kvferry
