// SPDX-License-Identifier: MIT
//
// A source's chunks, cut into pieces in table order. On the datagram binding
// chunks are held until acknowledged, and what was lost goes out first.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "protocol/base/range_set.h"
#include "protocol/card/chunk_flow.h"
#include "protocol/card/chunk_ranges.h"
#include "protocol/wire/frame.h"

namespace kvferry {

// A part of a chunk on its way out.
struct DataPiece {
  DataPlace place;
  Slice bytes;
  bool again = false;  // these bytes were sent before
};

class ChunkSender {
 public:
  struct Options {
    std::uint64_t transfer = 0;
    bool until_acknowledged = false;  // datagram binding
    std::uint64_t window_bytes = 0;   // chunks begun and not wholly acknowledged; one is always allowed
    std::shared_ptr<std::uint64_t> open_bytes;  // of these, shared by all senders of the connection
  };

  ChunkSender(Options options, std::shared_ptr<ChunkSource> source, ChunkRanges held);
  ~ChunkSender() { drop(); }
  ChunkSender(const ChunkSender&) = delete;
  ChunkSender& operator=(const ChunkSender&) = delete;

  // The next piece of at most max_bytes; nothing when there is none now. An error of the source ends the
  // transfer.
  [[nodiscard]] Result<std::optional<DataPiece>> next(std::size_t max_bytes);
  // Every chunk has been handed out at least once, and nothing waits to be sent again.
  [[nodiscard]] bool exhausted() const;
  // Something could be sent now.
  [[nodiscard]] bool ready() const;

  void resend(const ChunkRanges& chunks);
  void acknowledged(const DataPlace& place, std::uint64_t size_bytes);
  void lost(const DataPlace& place, std::uint64_t size_bytes);
  // In the middle of a chunk.
  [[nodiscard]] bool mid_chunk() const { return current_.has_value(); }
  // Nothing more is to be sent.
  void drop();

  [[nodiscard]] const ChunkSource& source() const { return *source_; }
  [[nodiscard]] std::uint64_t chunks_begun() const { return chunks_begun_; }

 private:
  struct Open {
    Slice bytes;
    RangeSet acknowledged;
    RangeSet lost;
  };

  [[nodiscard]] Result<bool> open_next_chunk();  // false: none left, or the window is full
  [[nodiscard]] bool window_allows(std::uint32_t size_bytes) const;
  [[nodiscard]] std::optional<DataPiece> next_lost(std::size_t max_bytes);
  void skip_held();

  Options options_;
  std::shared_ptr<ChunkSource> source_;
  ChunkRanges held_;
  std::uint32_t next_chunk_ = 0;   // of the table
  std::set<std::uint32_t> again_;  // asked for by RESEND
  std::uint64_t chunks_begun_ = 0;
  bool dropped_ = false;

  std::optional<std::uint32_t> current_;  // being cut
  Slice current_bytes_;
  std::size_t current_offset_ = 0;
  bool current_again_ = false;

  std::map<std::uint32_t, Open> open_;  // until acknowledged
  std::set<std::uint32_t> with_losses_;
};

}  // namespace kvferry
