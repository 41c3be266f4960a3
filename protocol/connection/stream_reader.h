// SPDX-License-Identifier: MIT
//
// Takes frames out of a byte stream that arrives in any split. Messages are
// held until whole; DATA payload is handed on piece by piece. Nothing is
// allocated from a length on the wire: buffers grow with what arrives.
//
// A data stream that AFTER has put behind the control stream reads nothing until
// that has caught up.
#pragma once

#include <optional>

#include "protocol/connection/session.h"

namespace kvferry {

// Which frames have a place on it.
enum class StreamKind : std::uint8_t {
  kOnly,     // messages and DATA
  kControl,  // messages
  kData,     // DATA and AFTER
};

class StreamReader {
 public:
  // control: that of a data stream.
  StreamReader(Session& session, ByteClasses& received, StreamKind kind, std::uint32_t stream = 0,
               const StreamReader* control = nullptr)
      : session_(session), received_(received), control_(control), kind_(kind), stream_(stream) {}

  // Reads on until the bytes or the session's patience end, or the stream is ahead of its control stream.
  // Returns how many bytes it took.
  std::size_t read(Time now, ByteView bytes);

 private:
  enum class Part : std::uint8_t { kHead, kMessage, kPlace, kPayload, kSkip };

  [[nodiscard]] std::size_t read_head(Time now, ByteView bytes);  // each returns the bytes it took
  [[nodiscard]] std::size_t read_message(Time now, ByteView bytes);
  [[nodiscard]] std::size_t read_place(Time now, ByteView bytes);
  [[nodiscard]] std::size_t read_payload(Time now, ByteView bytes);
  [[nodiscard]] std::size_t skip(Time now, ByteView bytes);
  bool parse_head(Time now);
  void finish_frame(Time now);
  void read_after(Time now, ByteView body);
  [[nodiscard]] Part body_part() const;
  [[nodiscard]] bool has_a_place() const;
  [[nodiscard]] std::uint64_t& booked() const;  // frame heads
  [[nodiscard]] bool is_ahead() const { return control_ && after_ > control_->frames_read_; }
  void fail(Time now, ErrorCode code, const std::string& reason);
  [[nodiscard]] bool is(FrameType type) const { return type_ == static_cast<std::uint64_t>(type); }

  Session& session_;
  ByteClasses& received_;
  const StreamReader* control_;
  StreamKind kind_;
  std::uint32_t stream_;
  std::uint64_t frames_read_ = 0;
  std::uint64_t after_ = 0;  // of the control stream's frames, come before what follows
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
