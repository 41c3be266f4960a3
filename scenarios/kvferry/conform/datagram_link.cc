// SPDX-License-Identifier: MIT
//
// Packets out. What comes in is in datagram_input.cc.
#include "scenarios/kvferry/conform/datagram_link.h"

#include <sys/socket.h>

#include <algorithm>

#include "protocol/card/chunk_info.h"
#include "protocol/wire/messages.h"
#include "scenarios/kvferry/conform/verdict.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr Duration kLate = milliseconds(300);
constexpr int kMostSendings = 8;
constexpr std::size_t kControlPieceBytes = 1100;

tcp::endpoint address_of(const HostPort& peer, Duration patience) {
  auto found = resolve(peer, patience);
  if (!found) throw Unreachable(found.error().message);
  if (found->empty()) throw Unreachable(peer.text() + ": no address");
  return found->front();
}

}  // namespace

DatagramLink::DatagramLink(const HostPort& peer, Duration patience, std::uint64_t seed)
    : name_(peer.text()),
      patience_(patience),
      server_(address_of(peer, patience)),
      socket_(udp_socket(server_)),
      rng_(seed),
      connection_id_(rng_.next()) {}

void DatagramLink::rebind() {
  former_ = std::move(socket_);
  socket_ = udp_socket(server_);
  traffic_ = {};
}

void DatagramLink::return_to_former() {
  std::swap(socket_, former_);
  traffic_ = {};
}

std::uint64_t DatagramLink::take_control(std::size_t size_bytes) {
  const std::uint64_t offset = control_out_;
  control_out_ += size_bytes;
  return offset;
}

Bytes DatagramLink::packed(std::uint64_t type, ByteView body) {
  Bytes out;
  put_varint(out, type);
  put_varint(out, body.size());
  append(out, body);
  return out;
}

Bytes DatagramLink::packet(std::uint64_t number, ByteView frames) const {
  Bytes all;
  if (retry && !heard_something_) append(all, packed(static_cast<std::uint64_t>(FrameType::kToken), *retry));
  append(all, frames);
  const PacketHeader header{connection_id_, number};
  const std::size_t size_bytes = header.size_bytes() + all.size();
  if ((habits.pads_always || (habits.pads && !heard_something_)) && size_bytes < kLeastFirstBytes) {
    // A frame of PADDING has a head of two or three bytes.
    const std::size_t room = kLeastFirstBytes - std::min(kLeastFirstBytes, size_bytes + 3);
    append(all,
           packed(static_cast<std::uint64_t>(FrameType::kPadding), Bytes(std::max<std::size_t>(room, 64))));
  }
  return seal_packet(header, all);
}

std::uint64_t DatagramLink::take_number() {
  sent_.add(next_number_, next_number_ + 1);
  return next_number_++;
}

std::uint64_t DatagramLink::send_packet(ByteView frames) {
  const std::uint64_t number = take_number();
  track(number, Bytes(frames.begin(), frames.end()), 1);
  send_raw(packet(number, frames));
  return number;
}

void DatagramLink::track(std::uint64_t number, Bytes frames, int sent_times) {
  outstanding_[number] = {std::move(frames), steady_now(), sent_times};
}

void DatagramLink::send_raw(ByteView datagram) {
  traffic_.sent_bytes += datagram.size();
  if (!socket_.writable(steady_now() + patience_)) return;
  if (::send(socket_.number(), datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0) {
    // An earlier datagram was refused: receive() sees that too. This one has not left.
    ::send(socket_.number(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
  }
}

void DatagramLink::send(const std::vector<OutFrame>& frames) {
  std::vector<OutFrame> messages;
  for (const OutFrame& frame : frames) {
    if (frame.head.front() != static_cast<std::uint8_t>(FrameType::kData)) {
      messages.push_back(frame);
      continue;
    }
    Bytes whole = frame.head;
    append(whole, frame.body);
    send_packet(whole);
  }
  send_messages(messages);
}

void DatagramLink::send_messages(const std::vector<OutFrame>& frames) {
  Bytes control;
  for (const OutFrame& frame : frames) {
    append(control, frame.head);
    append(control, frame.body);
  }
  send_control(control);
}

Bytes DatagramLink::control(std::uint64_t offset, ByteView bytes) const {
  Bytes body;
  put_varint(body, offset);
  append(body, bytes);
  return packed(static_cast<std::uint64_t>(FrameType::kControl), body);
}

void DatagramLink::send_control(ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(bytes.size(), kControlPieceBytes));
    send_packet(control(control_out_, piece));
    control_out_ += piece.size();
    bytes = bytes.subspan(piece.size());
  }
}

void DatagramLink::say_goodbye() {
  const Bytes body = encode_map(ErrorMessage{});
  send_raw(packet(take_number(), packed(static_cast<std::uint64_t>(FrameType::kClose), body)));
}

void DatagramLink::send_ack(const AckFrame& ack) {
  Bytes body;
  ack.serialize(body);
  send_raw(packet(take_number(), packed(static_cast<std::uint64_t>(FrameType::kAck), body)));
}

void DatagramLink::acknowledge_all() {
  AckFrame ack;
  const auto& ranges = received_.ranges();
  for (auto at = ranges.rbegin(); at != ranges.rend() && ack.ranges.size() < kMaxAckRanges; ++at)
    ack.ranges.push_back(*at);
  if (!ack.ranges.empty()) send_ack(ack);
}

Time DatagramLink::next_late() const {
  Time next = Time::max();
  for (const auto& [number, packet] : outstanding_) next = std::min(next, packet.sent_at + kLate);
  return next;
}

void DatagramLink::send_again_what_is_late() {
  const Time now = steady_now();
  for (auto at = outstanding_.begin(); at != outstanding_.end();) {
    if (at->second.sent_at + kLate > now) {
      ++at;
      continue;
    }
    Outstanding late = std::move(at->second);
    at = outstanding_.erase(at);
    if (!habits.sends_again || late.sent_times == kMostSendings) continue;
    const std::uint64_t number = take_number();  // greater: the loop comes to it, and it is not late
    send_raw(packet(number, late.frames));
    track(number, std::move(late.frames), late.sent_times + 1);
  }
}

bool DatagramLink::acknowledged(std::uint64_t number) const {
  return std::any_of(acks_.begin(), acks_.end(), [&](const HeardAck& heard) {
    return std::any_of(heard.ack.ranges.begin(), heard.ack.ranges.end(),
                       [&](const Range& range) { return range.begin <= number && number < range.end; });
  });
}

}  // namespace kvferry::conform
