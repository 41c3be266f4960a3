// SPDX-License-Identifier: MIT
//
// Takes frames out of a byte stream that arrives in any split. Messages are
// held until whole; DATA payload is handed on piece by piece. Nothing is
// allocated from a length on the wire: buffers grow with what arrives.
#pragma once

#include <optional>

#include "protocol/connection/session.h"

namespace kvferry {

class StreamReader {
 public:
  StreamReader(Session& session, ByteClasses& received) : session_(session), received_(received) {}

  // Reads on until the bytes or the session's patience end.
  void read(Time now, ByteView bytes);

 private:
  enum class Part : std::uint8_t { kHead, kMessage, kPlace, kPayload, kSkip };

  [[nodiscard]] std::size_t read_head(Time now, ByteView bytes);  // each returns the bytes it took
  [[nodiscard]] std::size_t read_message(Time now, ByteView bytes);
  [[nodiscard]] std::size_t read_place(Time now, ByteView bytes);
  [[nodiscard]] std::size_t read_payload(Time now, ByteView bytes);
  [[nodiscard]] std::size_t skip(Time now, ByteView bytes);
  bool parse_head(Time now);
  void finish_frame(Time now);
  void fail(Time now, ErrorCode code, const std::string& reason);
  [[nodiscard]] bool is(FrameType type) const { return type_ == static_cast<std::uint64_t>(type); }

  Session& session_;
  ByteClasses& received_;
  Part part_ = Part::kHead;
  bool broken_ = false;  // a fault of the peer: nothing after it can be told apart
  Bytes held_;           // head, message body or place so far
  std::uint64_t type_ = 0;
  std::uint64_t left_ = 0;  // of the body
  std::uint32_t expected_checksum_ = 0;
  std::uint32_t checksum_ = 0;
  DataPlace place_;
};

}  // namespace kvferry
