// SPDX-License-Identifier: MIT
//
// What carries frames to the peer and back, on either binding, whether they make
// sense or not.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/time.h"
#include "protocol/wire/frame.h"

namespace kvferry::conform {

// A frame on its way out: type and length as they stand on the wire, whatever they say, and a body.
struct OutFrame {
  Bytes head;
  Bytes body;
};
[[nodiscard]] OutFrame out_frame(std::uint64_t type, ByteView body);

struct Arrival {
  std::uint64_t type = 0;
  Bytes body;
  Time at{};
  bool packed = false;  // stood in a packet, not in the control stream
};

// The end of the connection, as the peer or its socket told it.
struct Ending {
  std::optional<std::uint64_t> code;  // none: without a word
  std::string how;                    // "ERROR 4, 'a second HELLO'", "the end of the stream"
};

class Link {
 public:
  virtual ~Link() = default;

  // In one write, or one packet as long as they fit.
  virtual void send(const std::vector<OutFrame>& frames) = 0;
  // The same, DATA too where the messages go.
  virtual void send_messages(const std::vector<OutFrame>& frames) = 0;
  // Bytes of the stream; a whole datagram.
  virtual void send_raw(ByteView bytes) = 0;
  // What comes next, or nothing until then. Throws CheckFailed at what no peer may send.
  [[nodiscard]] virtual std::optional<Arrival> receive(Time until) = 0;
  // The end of what the socket gives: nothing more will come.
  [[nodiscard]] virtual bool ended() const = 0;
  [[nodiscard]] virtual std::string end_text() const = 0;
  virtual void say_goodbye() = 0;
};

}  // namespace kvferry::conform
