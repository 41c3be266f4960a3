// SPDX-License-Identifier: MIT
//
// Peers that write their own bytes: frames and packets with whatever is in
// them, against one connection under watch.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/base/crc32c.h"
#include "protocol/card/manifest_root.h"
#include "protocol/datagram/packet.h"
#include "protocol/wire/messages.h"
#include "tests/protocol/checked_end.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {

[[nodiscard]] inline Bytes raw_frame(std::uint64_t type, ByteView body) {
  Bytes frame;
  put_varint(frame, type);
  put_varint(frame, body.size());
  put_le(frame, crc32c(body, crc32c(frame)));
  append(frame, body);
  return frame;
}

template <typename Message>
[[nodiscard]] Bytes raw_frame(const Message& message) {
  return raw_frame(static_cast<std::uint64_t>(Message::kType), encode_map(message));
}

[[nodiscard]] inline Bytes packet_frame(FrameType type, ByteView body) {
  Bytes frame;
  put_packet_frame_head(frame, type, body.size());
  append(frame, body);
  return frame;
}

[[nodiscard]] inline Bytes data_body(const DataPlace& place, ByteView bytes) {
  Bytes body;
  put_data_place(body, place);
  append(body, bytes);
  return body;
}

[[nodiscard]] inline Bytes ranges_body(std::initializer_list<std::uint64_t> varints) {
  Bytes body;
  for (std::uint64_t value : varints) put_varint(body, value);
  return body;
}

// The connection under attack, and what it has said and told.
class Victim {
 public:
  explicit Victim(ConnectionConfig config) : config_(config), end_(findings, config, now) { drain(); }

  void take(ByteView bytes, PathId path = 0) {
    end_.handle(now, bytes, path);
    drain();
  }
  void wait(Duration duration) {
    for (const Time until = now + duration;;) {
      const auto next = end_.next_timeout();
      if (!next || *next > until) {
        now = until;
        return drain();
      }
      now = std::max(now, *next);
      end_.handle_timeout(now);
      drain();
    }
  }
  template <typename Command>
  void command(Command&& f) {
    end_.call(f);
    drain();
  }

  // The code that the connection has ended with; nothing while it has not.
  [[nodiscard]] std::optional<ErrorCode> ended_with() const {
    const auto* closed = find<event::Closed>();
    return closed ? std::optional(closed->code) : std::nullopt;
  }
  template <typename T>
  [[nodiscard]] const T* find() const {
    for (const Event& event : events) {
      if (const T* found = std::get_if<T>(&event)) return found;
    }
    return nullptr;
  }
  [[nodiscard]] const Connection& connection() const { return end_.connection(); }
  [[nodiscard]] std::int64_t heap_bytes() const { return end_.heap().live_bytes; }
  [[nodiscard]] const HeapAccount& heap() const { return end_.heap(); }
  void drain() {
    end_.drain(now, {[&] { return reads; },
                     [&](Bytes bytes, PathId path) {
                       said_bytes_to[path] += bytes.size();
                       said.push_back(std::move(bytes));
                     },
                     [&](const Event& event) {
                       events.push_back(event);
                       if (on_event) on_event(event);
                     }});
  }

  Time now = time_from_ns(1'000'000'000);
  Findings findings;
  bool reads = true;  // stream: the socket takes what it says
  std::vector<Event> events;
  std::function<void(const Event&)> on_event;
  std::deque<Bytes> said;
  std::map<PathId, std::uint64_t> said_bytes_to;

 private:
  ConnectionConfig config_;
  CheckedEnd end_;
};

// Speaks datagrams of one connection.
class RawPackets {
 public:
  explicit RawPackets(std::uint64_t connection_id = 7) : id_(connection_id) {}

  [[nodiscard]] Bytes packet(ByteView frames) { return packet(next_++, frames); }
  [[nodiscard]] Bytes packet(std::uint64_t number, ByteView frames) const {
    return seal_packet({id_, number}, frames);
  }
  // Padded as a first one has to be.
  [[nodiscard]] Bytes first_packet(Bytes frames) {
    Bytes padding(1200 - std::min<std::size_t>(1190, frames.size()));
    append(frames, packet_frame(FrameType::kPadding, padding));
    return packet(frames);
  }
  // The next piece of the control stream.
  [[nodiscard]] Bytes control(ByteView bytes) {
    Bytes body;
    put_varint(body, control_);
    append(body, bytes);
    control_ += bytes.size();
    return packet_frame(FrameType::kControl, body);
  }
  template <typename Message>
  [[nodiscard]] Bytes message(const Message& message) {
    Bytes bytes;
    const Bytes body = encode_map(message);
    put_varint(bytes, static_cast<std::uint64_t>(Message::kType));
    put_varint(bytes, body.size());
    append(bytes, body);
    return control(bytes);
  }

 private:
  std::uint64_t id_;
  std::uint64_t next_ = 0;
  std::uint64_t control_ = 0;
};

[[nodiscard]] inline HelloMessage raw_hello() {
  HelloMessage hello;
  hello.hello.limits.initial_credit_bytes = hello.hello.limits.max_chunk_bytes;
  return hello;
}

// The frames of a packet that somebody has sent.
[[nodiscard]] inline std::vector<PacketFrame> frames_of(ByteView datagram) {
  std::vector<PacketFrame> frames;
  const auto packet = open_packet(datagram);
  if (!packet) return frames;
  ByteReader in(packet->frames);
  while (!in.at_end()) {
    auto frame = take_packet_frame(in);
    if (!frame) break;
    frames.push_back(*frame);
  }
  return frames;
}

}  // namespace kvferry::test
