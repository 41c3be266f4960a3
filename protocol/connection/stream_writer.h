// SPDX-License-Identifier: MIT
//
// Frames on their way out to a stream, booked by class.
#pragma once

#include "protocol/connection/session.h"

namespace kvferry {

class StreamWriter {
 public:
  explicit StreamWriter(ByteClasses& sent) : sent_(sent) {}

  [[nodiscard]] Outgoing control(ControlFrame frame);
  [[nodiscard]] Outgoing data(DataPiece piece);
  [[nodiscard]] Outgoing datagram(DataPiece piece, std::uint64_t number);
  // In front of what goes out next on a data stream: the count of control frames that come before it.
  void put_after(Bytes& out, std::uint64_t control_frames);

 private:
  ByteClasses& sent_;
};

}  // namespace kvferry
