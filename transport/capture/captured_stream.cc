// SPDX-License-Identifier: MIT
#include "transport/capture/captured_stream.h"

#include <algorithm>

namespace kvferry {

CapturedStream::CapturedStream(std::shared_ptr<Capture> capture, Role role, const tcp::endpoint& local,
                               const tcp::endpoint& peer)
    : capture_(std::move(capture)), local_{local}, peer_{peer} {
  role == Role::kClient ? shake_hands(local_, peer_) : shake_hands(peer_, local_);
}

void CapturedStream::shake_hands(End& client, End& server) {
  segment(client, server, TcpSegment::kSyn);
  client.next = 1;
  segment(server, client, TcpSegment::kSyn | TcpSegment::kAck);
  server.next = 1;
  segment(client, server, TcpSegment::kAck);
}

void CapturedStream::pass(End& from, const End& to, ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(bytes.size(), kMaxSegmentBytes));
    segment(from, to, TcpSegment::kPush | TcpSegment::kAck, piece);
    from.next += static_cast<std::uint32_t>(piece.size());
    bytes = bytes.subspan(piece.size());
  }
}

void CapturedStream::segment(const End& from, const End& to, int flags, ByteView payload) {
  capture_->segment(
      {from.endpoint, to.endpoint, from.next, to.next, static_cast<std::uint8_t>(flags), payload});
}

}  // namespace kvferry
