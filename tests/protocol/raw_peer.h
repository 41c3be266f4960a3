// SPDX-License-Identifier: MIT
//
// One connection, and a peer that is played by hand, frame by frame, on any
// binding. It acknowledges what it is sent and answers challenges, and says
// nothing else by itself.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "protocol/base/crc32c.h"
#include "protocol/connection/connection.h"
#include "protocol/connection/stream_set.h"
#include "protocol/datagram/packet.h"
#include "protocol/wire/messages.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {

inline Bytes stream_frame(std::uint64_t type, ByteView body) {
  Bytes frame;
  put_stream_frame_head(frame, type, body);
  append(frame, body);
  return frame;
}

struct SeenFrame {
  FrameType type;
  Bytes body;         // of DATA: the payload
  DataPlace place{};  // of DATA
  std::uint32_t stream = 0;
  std::optional<std::uint64_t> datagram{};  // beside streams: its number
};

class RawPeer {
 public:
  explicit RawPeer(ConnectionConfig config)
      : stream_(config.binding != Binding::kDatagram),
        streams_(config.binding == Binding::kStreams),
        id_(77),
        connection(with_defaults(config), now) {
    if (config.role == Role::kClient && !stream_) id_ = *connection.connection_id();
    drain();
  }

  void greet(const Hello& hello = {}) {
    HelloMessage message;
    message.hello = hello;
    send(message);
  }
  template <typename Message>
  void send(const Message& message) {
    send_frame(static_cast<std::uint64_t>(Message::kType), encode_map(message));
  }
  void send_frame(std::uint64_t type, ByteView body) {
    if (stream_) {
      connection.handle_bytes(now, stream_frame(type, body));
      ++control_frames;
    } else {
      Bytes control;
      put_varint(control, type);
      put_varint(control, body.size());
      append(control, body);
      send_control(control);
    }
    drain();
  }
  // On the streams binding after all that the control stream has brought.
  void send_data(const DataPlace& place, ByteView bytes, std::uint32_t stream = 1) {
    Bytes body;
    put_data_place(body, place);
    append(body, bytes);
    if (streams_) {
      if (after_sent_[stream] < control_frames) send_after(control_frames, stream);
      give(FrameType::kData, body, stream);
    } else if (stream_) {
      give(FrameType::kData, body, 0);
    } else {
      send_packet(FrameType::kData, body);
    }
    drain();
  }
  // Beside streams: a datagram with the body of DATA.
  void send_datagram(const DataPlace& place, ByteView bytes) {
    Bytes body;
    put_data_place(body, place);
    append(body, bytes);
    connection.handle_datagram(now, body);
    drain();
  }
  void send_after(std::uint64_t frames, std::uint32_t stream) {
    Bytes body;
    put_varint(body, frames);
    give(FrameType::kAfter, body, stream);
    after_sent_[stream] = frames;
  }
  // A frame on any stream. Returns whether all of it was taken.
  bool give(FrameType type, ByteView body, std::uint32_t stream) {
    const Bytes frame = stream_frame(static_cast<std::uint64_t>(type), body);
    const bool whole = connection.handle_bytes(now, frame, stream) == frame.size();
    drain();
    return whole;
  }
  void send_packet(FrameType type, ByteView body) {
    Bytes frames;
    put_packet_frame_head(frames, type, body.size());
    append(frames, body);
    if (next_number_ == 0) frames.resize(1300 + frames.size() % 2);  // by PADDING frames without bodies
    connection.handle_datagram(now, seal_packet({id_, next_number_++}, frames));
  }

  // Time passes; the connection's timers fire.
  void wait(Duration duration) {
    drain();
    Time end = now + duration;
    for (auto due = connection.poll_timeout(); due && *due <= end; due = connection.poll_timeout()) {
      now = std::max(now, *due);
      connection.handle_timeout(now);
      drain();
      auto next = connection.poll_timeout();
      EXPECT_TRUE(!reading || !next || *next > now) << "a timer that is still due";
    }
    now = end;
  }

  template <typename Message>
  [[nodiscard]] std::vector<Message> seen_messages() const {
    std::vector<Message> found;
    for (const SeenFrame& frame : seen) {
      if (frame.type != Message::kType) continue;
      auto message = decode_map<Message>(frame.body, Message::kName);
      EXPECT_TRUE(message.ok());
      found.push_back(*message);
    }
    return found;
  }
  template <typename T>
  [[nodiscard]] const T* find() const {
    for (const Event& event : events) {
      if (const T* found = std::get_if<T>(&event)) return found;
    }
    return nullptr;
  }
  // The code with which the connection ended itself.
  [[nodiscard]] std::optional<ErrorCode> fault() const {
    auto* closed = find<event::Closed>();
    return closed && !closed->by_peer ? std::optional(closed->code) : std::nullopt;
  }
  [[nodiscard]] std::uint64_t seen_payload_bytes() const {
    std::uint64_t total = 0;
    for (const SeenFrame& frame : seen) total += frame.type == FrameType::kData ? frame.body.size() : 0;
    return total;
  }

  // Takes everything that the connection has to say.
  void drain() {
    for (bool more = true; more;) {
      more = false;
      while (auto out = reading ? connection.poll_transmit(now) : std::nullopt) {
        Bytes bytes = std::move(out->head);
        append(bytes, out->payload.view());
        if (out->datagram) {
          take_frame(FrameType::kData, bytes);
          seen.back().stream = kDatagrams;
          seen.back().datagram = out->datagram;
        } else {
          stream_ ? take_stream(bytes, out->stream) : take_datagram(bytes);
        }
        more = true;
      }
      while (auto check = connection.poll_check()) checks.push_back(std::move(*check));
      while (auto event = connection.poll_event()) {
        events.push_back(std::move(*event));
        more = true;
      }
      if (more && !stream_ && acknowledging) acknowledge();
    }
  }

 private:
  static ConnectionConfig with_defaults(ConnectionConfig config) {
    config.grease = false;
    return config;
  }

  void take_stream(ByteView bytes, std::uint32_t stream) {
    for (ByteReader in(bytes); !in.at_end();) {
      auto type = static_cast<FrameType>(*in.take_varint());
      const std::uint64_t size = *in.take_varint();
      (void)in.take_le<std::uint32_t>();
      take_frame(type, *in.take(size), stream);
    }
  }
  void take_frame(FrameType type, ByteView body, std::uint32_t stream = 0) {
    ByteReader in(body);
    SeenFrame frame{type, {}, {}, stream};
    if (type == FrameType::kData) frame.place = *take_data_place(in);
    append(frame.body, in.rest());
    seen.push_back(std::move(frame));
  }
  void take_datagram(ByteView bytes) {
    auto packet = open_packet(bytes);
    ASSERT_TRUE(packet);
    if (acknowledging) arrived_.add(packet->header.number, packet->header.number + 1);
    ByteReader in(packet->frames);
    while (!in.at_end()) {
      auto frame = take_packet_frame(in);
      ASSERT_TRUE(frame);
      auto type = static_cast<FrameType>(frame->type);
      if (type == FrameType::kChallenge) challenges_.emplace_back(frame->body.begin(), frame->body.end());
      owes_ack_ = owes_ack_ || asks_for_acknowledgement(frame->type);
      type == FrameType::kControl ? take_control(frame->body) : take_frame(type, frame->body);
    }
  }
  // Nothing is lost between the two, so that the control stream grows in order.
  void take_control(ByteView body) {
    ByteReader in(body);
    if (*in.take_varint() != control_in_.size() + control_base_) return;  // a probe's repetition
    append(control_in_, in.rest());
    while (auto frame = whole_control_frame()) {
      std::size_t used = frame->head_bytes + frame->body.size();
      take_frame(static_cast<FrameType>(frame->type), frame->body);
      control_in_.erase(control_in_.begin(), control_in_.begin() + static_cast<std::ptrdiff_t>(used));
      control_base_ += used;
    }
  }
  std::optional<PacketFrame> whole_control_frame() const {
    ByteReader in(control_in_);
    return take_packet_frame(in);
  }
  void send_control(ByteView bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 1100) {
      Bytes body;
      put_varint(body, control_sent_);
      ByteView part = bytes.subspan(at, std::min<std::size_t>(1100, bytes.size() - at));
      append(body, part);
      control_sent_ += part.size();
      send_packet(FrameType::kControl, body);
    }
  }
  void acknowledge() {
    for (const Bytes& challenge : std::exchange(challenges_, {}))
      send_packet(FrameType::kResponse, challenge);
    if (!std::exchange(owes_ack_, false)) return;
    AckFrame ack;
    ack.ranges.assign(arrived_.ranges().rbegin(), arrived_.ranges().rend());
    ack.ranges.resize(std::min(ack.ranges.size(), kMaxAckRanges));
    Bytes body;
    ack.serialize(body);
    send_packet(FrameType::kAck, body);
  }

  bool stream_;
  bool streams_;
  std::map<std::uint32_t, std::uint64_t> after_sent_;
  std::uint64_t id_;
  std::uint64_t next_number_ = 0;
  RangeSet arrived_;
  bool owes_ack_ = false;
  std::vector<Bytes> challenges_;
  Bytes control_in_;
  std::uint64_t control_base_ = 0;
  std::uint64_t control_sent_ = 0;

 public:
  Time now = time_from_ns(1'000'000'000);
  Connection connection;
  std::vector<Event> events;
  std::vector<SeenFrame> seen;
  std::vector<ChunkCheck> checks;    // to be answered by hand
  std::uint64_t control_frames = 0;  // sent, on streams
  bool reading = true;               // false: what the connection has to say waits
  bool acknowledging = true;         // false: as if it were lost
};

// MANIFEST and every PAGE of a card.
inline void send_manifest(RawPeer& peer, TransferId id, const Card& card, const ChunkRanges& known = {}) {
  EncodedManifest encoded = encode_manifest(card.manifest);
  peer.send(ManifestMessage{id, encoded.root, known, {}});
  for (std::size_t i = 0; i < encoded.pages.size(); ++i) peer.send(PageMessage{id, i, encoded.pages[i], {}});
}

inline void send_chunk(RawPeer& peer, TransferId id, const Card& card, std::uint32_t chunk) {
  ByteView bytes = card.chunks[chunk].view();
  for (std::size_t at = 0; at < bytes.size(); at += 1100)
    peer.send_data({id, chunk, at}, bytes.subspan(at, std::min<std::size_t>(1100, bytes.size() - at)));
}

inline ChunkRanges chunks_of(std::initializer_list<std::uint32_t> indices) {
  ChunkRanges out;
  for (std::uint32_t index : indices) out.add(index);
  return out;
}

}  // namespace kvferry::test
