// SPDX-License-Identifier: MIT
//
// One TCP connection in a capture: a handshake, then its bytes in segments as they come and go.
#pragma once

#include "protocol/connection/config.h"
#include "transport/capture/capture.h"

namespace kvferry {

class CapturedStream {
 public:
  // role: of the local end.
  CapturedStream(std::shared_ptr<Capture> capture, Role role, const tcp::endpoint& local,
                 const tcp::endpoint& peer);

  void sent(ByteView bytes) { pass(local_, peer_, bytes); }
  void received(ByteView bytes) { pass(peer_, local_, bytes); }

 private:
  struct End {
    tcp::endpoint endpoint;
    std::uint32_t next = 0;  // sequence number
  };
  void shake_hands(End& client, End& server);
  void pass(End& from, const End& to, ByteView bytes);
  void segment(const End& from, const End& to, int flags, ByteView payload = {});

  std::shared_ptr<Capture> capture_;
  End local_, peer_;
};

}  // namespace kvferry
