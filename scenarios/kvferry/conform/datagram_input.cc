// SPDX-License-Identifier: MIT
//
// Packets in: what no server may send ends the check.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "protocol/base/crc32c.h"
#include "protocol/wire/limits.h"
#include "scenarios/kvferry/conform/datagram_link.h"
#include "scenarios/kvferry/conform/verdict.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr std::uint8_t kVersionsKind = 0xA0;
constexpr std::uint8_t kRetryKind = 0xA3;
constexpr std::size_t kBeforeChecksumBytes = 1 + 8;     // of RETRY
constexpr std::size_t kMaxControlAheadBytes = 2 << 20;  // PKT-6
constexpr std::size_t kMaxControlBytes = 64 << 20;      // of a whole check

bool asks_for_acknowledgement(FrameType type) {
  return type != FrameType::kPadding && type != FrameType::kAck && type != FrameType::kClose &&
         type != FrameType::kRecovered;
}

}  // namespace

std::optional<Arrival> DatagramLink::receive(Time until) {
  std::array<std::uint8_t, 65'536> datagram;
  for (;;) {
    if (!arrivals_.empty()) {
      Arrival arrival = std::move(arrivals_.front());
      arrivals_.pop_front();
      return arrival;
    }
    if (refused_) return std::nullopt;
    if (!socket_.readable(std::min(until, next_late()))) {
      send_again_what_is_late();
      if (steady_now() >= until) return std::nullopt;
      continue;
    }
    const ssize_t got = ::recv(socket_.number(), datagram.data(), datagram.size(), 0);
    if (got >= 0) {
      take_datagram({datagram.data(), static_cast<std::size_t>(got)});
    } else if (errno == ECONNREFUSED) {
      if (!heard_something_) throw Unreachable(name_ + ": Connection refused");
      refused_ = true;
    }
  }
}

void DatagramLink::take_datagram(ByteView datagram) {
  traffic_.heard_bytes += datagram.size();
  if (!datagram.empty() && datagram.front() == kVersionsKind) {
    versions.emplace_back(datagram.begin(), datagram.end());
  } else if (!datagram.empty() && datagram.front() == kRetryKind) {
    take_retry(datagram);
  } else {
    const auto packet = open_packet(datagram);
    expect(packet.has_value(), "a datagram came that is no packet, or a damaged one (PKT-1)");
    expect(packet->header.connection_id == connection_id_,
           "a packet came with another connection id (PKT-2)");
    if (!drops(packet->frames, datagram.size())) take_packet(*packet, datagram.size(), crc32c(datagram));
  }
}

bool DatagramLink::drops(ByteView frames, std::size_t size_bytes) {
  if (drop_every_ == 0 && drop_next_ == 0 && size_bytes <= drop_larger_) return false;
  bool eliciting = false;
  ByteReader in(frames);
  while (!in.at_end()) {
    const auto frame = take_packet_frame(in);
    if (!frame) return false;
    eliciting = eliciting || asks_for_acknowledgement(static_cast<FrameType>(frame->type));
  }
  if (!eliciting) return false;
  if (size_bytes > drop_larger_ || (drop_every_ > 0 && ++came_ % drop_every_ == 0)) return true;
  if (drop_next_ == 0) return false;
  --drop_next_;
  return true;
}

// The first one is obeyed: everything so far goes out again, with the token.
void DatagramLink::take_retry(ByteView datagram) {
  ByteReader in(datagram);
  const auto head = in.take(kBeforeChecksumBytes);
  const auto checksum = in.take_le<std::uint32_t>();
  const bool whole = checksum && crc32c(in.rest(), crc32c(*head)) == *checksum && !in.rest().empty() &&
                     in.rest().size() <= 64;
  expect(whole, "a RETRY came that is damaged, or has no token of 1 to 64 bytes (ADR-4)");
  if (retry || heard_something_) return;
  retry = Bytes(in.rest().begin(), in.rest().end());
  for (auto& [number, packet] : outstanding_) packet.sent_at = Time{};
  send_again_what_is_late();
}

void DatagramLink::take_packet(const OpenedPacket& packet, std::size_t size_bytes, std::uint32_t checksum) {
  const std::uint64_t number = packet.header.number;
  const auto [known, fresh] = checksums_.emplace(number, checksum);
  expect(known->second == checksum,
         "packet number " + std::to_string(number) + " came twice with different contents (PKT-3)");
  if (!fresh) return;
  heard_something_ = true;
  heard_.push_back({number, size_bytes, false, steady_now()});
  const std::size_t at = heard_.size() - 1;
  heard_[at].eliciting = take_frames(packet.frames, size_bytes);
  if (!habits.acknowledges || size_bytes > habits.acknowledges_up_to_bytes) return;
  received_.add(number, number + 1);
  if (!heard_[at].eliciting) return;
  acknowledge_all();
  largest_proven_bytes_ = std::max(largest_proven_bytes_, size_bytes);
}

bool DatagramLink::take_frames(ByteView frames, std::size_t size_bytes) {
  bool eliciting = false;
  bool payload = false;
  ByteReader in(frames);
  while (!in.at_end()) {
    const auto frame = take_packet_frame(in);
    expect(frame.has_value(), "a packet came with a frame that does not parse");
    const auto type = static_cast<FrameType>(frame->type);
    eliciting = eliciting || asks_for_acknowledgement(type);
    payload = payload || type == FrameType::kData || type == FrameType::kControl;
    take_frame(*frame);
  }
  expect(!payload || size_bytes <= largest_proven_bytes_,
         "a datagram of " + std::to_string(size_bytes) +
             " bytes came with DATA or CONTROL, before a PROBE of that " + "size was acknowledged (MTU-1)");
  return eliciting;
}

void DatagramLink::take_frame(const PacketFrame& frame) {
  const auto type = static_cast<FrameType>(frame.type);
  if (type == FrameType::kPadding) return;
  if (type == FrameType::kControl) return take_control(frame.body);
  if (type == FrameType::kAck) take_ack(frame.body);
  if (type == FrameType::kToken) tokens.emplace_back(frame.body.begin(), frame.body.end());
  if (type == FrameType::kChallenge) {
    expect(frame.body.size() == 8, "a CHALLENGE came that has not 8 bytes (ADR-3)");
    if (habits.answers_challenges)
      send_packet(packed(static_cast<std::uint64_t>(FrameType::kResponse), frame.body));
  }
  arrivals_.push_back({frame.type, Bytes(frame.body.begin(), frame.body.end()), steady_now(), true});
}

void DatagramLink::take_ack(ByteView body) {
  auto ack = AckFrame::parse(body);
  if (!ack) throw CheckFailed("the peer sent a malformed ACK: " + ack.error().message + " (ACK-2)");
  for (const Range& range : ack->ranges) {
    expect(sent_.missing(range.begin, range.end).empty(),
           "the peer acknowledged a packet number that was never sent (PKT-4)");
    outstanding_.erase(outstanding_.lower_bound(range.begin), outstanding_.lower_bound(range.end));
  }
  acks_.push_back({std::move(*ack), steady_now()});
}

void DatagramLink::take_control(ByteView body) {
  ByteReader offset(body);
  const auto begin = offset.take_varint();
  expect(begin && *begin <= kMaxControlBytes, "the peer sent CONTROL without an offset, or far away (PKT-6)");
  const ByteView bytes = offset.rest();
  const std::size_t end = *begin + bytes.size();
  expect(end <= delivered_ + kMaxControlAheadBytes + kMaxControlBodyBytes,
         "the peer sent more than 2 MiB of control stream ahead (PKT-6)");
  if (control_in_.size() < end) control_in_.resize(end);
  std::copy(bytes.begin(), bytes.end(), control_in_.begin() + static_cast<std::ptrdiff_t>(*begin));
  control_here_.add(*begin, end);
  for (;;) {
    const auto missing = control_here_.missing(0, control_in_.size());
    const std::size_t contiguous = missing.empty() ? control_in_.size() : missing.front().begin;
    ByteReader in(ByteView(control_in_).first(contiguous).subspan(delivered_));
    const auto type = in.take_varint();
    const auto size = in.take_varint();
    if (!size) return;
    expect(*size <= max_body_bytes(*type), "the peer sent a message longer than its limit (FRM-3)");
    expect(*type != static_cast<std::uint64_t>(FrameType::kData), "the peer sent DATA in the control stream");
    const auto whole = in.take(*size);
    if (!whole) return;
    delivered_ += in.position();
    arrivals_.push_back({*type, Bytes(whole->begin(), whole->end()), steady_now(), false});
  }
}

}  // namespace kvferry::conform
