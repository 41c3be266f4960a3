// SPDX-License-Identifier: MIT
//
// The ordered, reliable stream of signalling frames inside packets: like QUIC's
// CRYPTO frames, offsets and bytes, sent again under new packet numbers.
#pragma once

#include <functional>
#include <optional>

#include "protocol/base/range_set.h"
#include "protocol/base/varint.h"
#include "protocol/connection/session.h"

namespace kvferry {

inline constexpr std::uint64_t kControlWindowBytes =
    2 * 1024 * 1024 + 1024;  // not yet acknowledged, not yet in order

class ControlSender {
 public:
  [[nodiscard]] bool has_room(std::size_t frame_bytes) const {
    return bytes_.size() + frame_bytes + 16 <= kControlWindowBytes;
  }
  void push(const ControlFrame& frame);

  struct Piece {
    std::uint64_t offset = 0;
    ByteView bytes;  // valid until the next call
    bool again = false;
  };
  [[nodiscard]] bool ready() const { return !lost_.empty() || next_ < base_ + bytes_.size(); }
  // The next piece of at most max_bytes, losses first.
  [[nodiscard]] std::optional<Piece> next(std::size_t max_bytes);
  void acknowledged(std::uint64_t offset, std::uint64_t size_bytes);
  void lost(std::uint64_t offset, std::uint64_t size_bytes);
  [[nodiscard]] bool all_acknowledged() const { return bytes_.empty(); }
  [[nodiscard]] std::uint64_t acknowledged_bytes() const { return base_; }  // from the beginning on
  [[nodiscard]] std::uint64_t pushed_bytes() const { return base_ + bytes_.size(); }

 private:
  Bytes bytes_;             // from base_ on
  std::uint64_t base_ = 0;  // everything below is acknowledged
  std::uint64_t next_ = 0;  // never sent from here on
  RangeSet acknowledged_;
  RangeSet lost_;
};

class ControlReceiver {
 public:
  static constexpr std::size_t kMaxGaps = 1024;  // that are remembered

  enum class Outcome : std::uint8_t { kTaken, kRepeated, kNoRoom };
  [[nodiscard]] Outcome add(std::uint64_t offset, ByteView bytes);

  struct Fault {
    ErrorCode code;
    std::string reason;
  };
  // Hands on every whole frame, until the peer is at fault.
  [[nodiscard]] std::optional<Fault> deliver(
      const std::function<void(std::uint64_t type, ByteView body)>& handle);

 private:
  Bytes bytes_;             // from base_ - used_ on, with gaps
  std::size_t used_ = 0;    // of bytes_, delivered; taken off now and then
  std::uint64_t base_ = 0;  // everything below has been delivered
  RangeSet here_;
};

}  // namespace kvferry
