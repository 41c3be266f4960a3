// SPDX-License-Identifier: MIT
//
// A source's chunks, cut into pieces: first what was lost, then what was asked
// for again, then what is preferred, then the table's order. Credit, byte
// budget, level and deadline decide what is begun and what is skipped.
// On the datagram binding chunks are held until acknowledged. On the streams
// binding several are under way at once, one a stream: the one begun first goes
// on wherever its stream takes bytes, and the next begins where it does not.
// Refinements that may be dropped go in datagrams beside the streams, once: with
// a part that is lost its chunk is given up.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "protocol/base/range_set.h"
#include "protocol/card/chunk_flow.h"
#include "protocol/card/chunk_prefixes.h"
#include "protocol/card/chunk_ranges.h"
#include "protocol/card/refinements.h"
#include "protocol/connection/events.h"
#include "protocol/connection/stream_set.h"
#include "protocol/wire/frame.h"

namespace kvferry {

// A part of a chunk on its way out.
struct DataPiece {
  DataPlace place;
  Slice bytes;
  bool again = false;        // these bytes were sent before
  std::uint32_t stream = 0;  // to go on, or kDatagrams
};

class ChunkSender {
 public:
  struct Options {
    std::uint64_t transfer = 0;
    bool until_acknowledged = false;              // datagram binding
    std::uint64_t credit_bytes = 0;               // sizes of chunks that may be begun
    std::optional<std::uint64_t> budget_bytes{};  // payload that may be sent for the first time
    ChunkPrefixes partial{};                      // beginnings that the receiver has
    bool wait_for_have = false;
    // From HAVE on, refinements of this level and above go in datagrams.
    std::optional<std::uint8_t> droppable_from{};
  };
  // Datagrams of one chunk, and chunks that are under way in datagrams at once. SPEC.md, SMS-10
  static constexpr std::uint64_t kMaxDatagramsOfChunk = 1024;
  static constexpr std::size_t kMaxChunksInDatagrams = 1024;

  // known: chunks that need not be sent.
  ChunkSender(Options options, std::shared_ptr<ChunkSource> source, const ChunkRanges& known);

  // The next piece of at most max_bytes, for one of the streams that take bytes; nothing when there is none
  // now. A datagram's is smaller, so that with its place it has at most datagram_bytes (kMinDatagramBytes or
  // more, where they are among the streams). An error of the source ends the transfer.
  [[nodiscard]] Result<std::optional<DataPiece>> next(std::size_t max_bytes, StreamSet takes = kOnlyStream,
                                                      std::size_t datagram_bytes = 0);
  // Every chunk has been handed out, skipped or was known, and nothing waits to be sent again.
  [[nodiscard]] bool exhausted() const;
  // Something could be sent now on one of these streams.
  [[nodiscard]] bool ready(StreamSet takes = kOnlyStream) const;

  // The receiver's wishes.
  void resend(const ChunkRanges& chunks);
  void have(const ChunkRanges& chunks);
  // Of chunks that have not begun only the rest is sent; wait: for HAVE.
  void resume_from(const ChunkPrefixes& partial, bool wait) {
    options_.partial = partial;
    options_.wait_for_have = wait;
  }
  void allow_drops(std::optional<std::uint8_t> from) { options_.droppable_from = from; }  // before HAVE
  void know(const ChunkRanges& chunks);  // need not be sent: by one of the receiver's bases
  void prefer(const ChunkRanges& chunks);
  void limit_level(std::uint8_t level) { level_ = level; }
  void raise_credit(std::uint64_t credit_bytes) { options_.credit_bytes = credit_bytes; }
  [[nodiscard]] std::uint64_t credit_bytes() const { return options_.credit_bytes; }

  // Chunks that are not wholly sent are given up.
  void skip(const ChunkRanges& chunks, SkipReason reason);
  void expire();  // all of them, and what is lost from now on: the deadline is too near
  [[nodiscard]] bool expired() const { return expired_; }
  // Chunks given up since the last call, one reason at a time.
  struct Skips {
    SkipReason reason;
    ChunkRanges chunks;
  };
  [[nodiscard]] std::optional<Skips> take_skipped();
  [[nodiscard]] bool has_skipped() const { return !skipped_.empty(); }

  // Of what is held until acknowledged, and of datagrams.
  // Returns how many of these bytes had not been acknowledged before.
  std::uint64_t acknowledged(const DataPlace& place, std::uint64_t size_bytes);
  void lost(const DataPlace& place, std::uint64_t size_bytes);
  // Nothing more is to be sent.
  void drop();

  [[nodiscard]] const ChunkSource& source() const { return *source_; }
  [[nodiscard]] std::uint64_t chunks_begun() const { return chunks_begun_; }
  [[nodiscard]] std::uint32_t first_waiting() const { return next_chunk_; }  // or the end of the table
  // Of a chunk that has begun: what was never sent.
  [[nodiscard]] std::uint64_t rest_of(std::uint32_t chunk) const {
    const Cut* cut = cut_of(chunk);
    return cut ? cut->bytes.size() - cut->offset : 0;
  }

 private:
  enum class State : std::uint8_t { kWaiting, kBegun, kKnown, kSkipped };
  struct Open {
    Slice bytes;
    RangeSet acknowledged;
    RangeSet lost;
    bool droppable = false;
  };
  // A chunk that has begun and is not wholly handed out.
  struct Cut {
    std::uint32_t chunk = 0;
    std::uint32_t stream = 0;
    Slice bytes;
    std::size_t offset = 0;
    bool again = false;
  };

  [[nodiscard]] std::optional<std::uint32_t> choose();  // the next chunk to begin; skips what may not be sent
  [[nodiscard]] std::uint32_t next_waiting() const {
    return preferred_.empty() ? next_chunk_ : *preferred_.begin();
  }
  [[nodiscard]] std::optional<SkipReason> unwanted(std::uint32_t chunk) const;
  [[nodiscard]] bool has_credit_for(std::uint32_t chunk) const;
  [[nodiscard]] Result<bool> begin_next_chunk(StreamSet takes);  // false: none, or no credit or stream
  [[nodiscard]] const Cut* cut_of(std::uint32_t chunk) const;
  [[nodiscard]] std::size_t first_cut(StreamSet takes) const;  // index, or the end
  [[nodiscard]] std::optional<std::uint32_t> free_stream(StreamSet takes) const;
  [[nodiscard]] bool may_be_dropped(std::uint32_t chunk) const;
  [[nodiscard]] std::optional<std::uint32_t> stream_for(std::uint32_t chunk, StreamSet takes) const;
  [[nodiscard]] DataPiece cut_piece(std::size_t index, std::size_t max_bytes, std::size_t datagram_bytes);
  [[nodiscard]] std::optional<DataPiece> next_lost(std::size_t max_bytes);
  void settle(std::uint32_t chunk, State state);  // no longer waiting
  void give_up(std::uint32_t chunk, SkipReason reason);
  void give_up_with_refinements(std::uint32_t chunk);
  [[nodiscard]] const ChunkInfo& info(std::uint32_t chunk) const { return source_->manifest().chunks[chunk]; }
  template <typename Function>
  void for_each(const ChunkRanges& chunks, Function&& function) const;

  Options options_;
  std::shared_ptr<ChunkSource> source_;
  std::vector<State> states_;
  std::size_t waiting_ = 0;
  std::uint32_t next_chunk_ = 0;       // none before it waits
  std::set<std::uint32_t> again_;      // asked for by RESEND
  std::set<std::uint32_t> preferred_;  // asked for by PREFER, waiting
  std::map<SkipReason, ChunkRanges> skipped_;
  std::uint8_t level_ = 255;
  std::uint64_t charged_bytes_ = 0;   // of the credit; each chunk once
  std::uint64_t budgeted_bytes_ = 0;  // of the budget
  std::uint64_t chunks_begun_ = 0;
  Refinements refinements_;
  bool in_datagrams_ = false;  // HAVE came, and something may be dropped
  bool dropped_ = false;
  bool expired_ = false;

  std::vector<Cut> cuts_;  // as they were begun; at most one a stream
  std::uint32_t last_stream_ = 0;

  std::map<std::uint32_t, Open> open_;  // until acknowledged, or dropped
  std::set<std::uint32_t> with_losses_;
};

}  // namespace kvferry
