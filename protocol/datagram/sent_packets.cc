// SPDX-License-Identifier: MIT
#include "protocol/datagram/sent_packets.h"

#include <algorithm>

namespace kvferry {
namespace {

constexpr std::size_t kMaxSkipped = 256;

}  // namespace

void SentPackets::add(std::uint64_t number, SentPacket packet) {
  if (packets_.empty()) flight_began_at_ = delivered_at_ = packet.sent_at;
  packet.delivered_bytes = delivered_bytes_;
  packet.delivered_at = delivered_at_;
  packet.flight_began_at = flight_began_at_;
  packet.app_limited = app_limited_until_bytes_ > delivered_bytes_;
  packet.number = number;
  bytes_in_flight_ += packet.size_bytes;
  last_sent_at_ = packet.sent_at;
  packets_.emplace_hint(packets_.end(), number, std::move(packet));
}

void SentPackets::skip(std::uint64_t number) {
  skipped_.push_back(number);
  if (skipped_.size() > kMaxSkipped) skipped_.pop_front();
}

bool SentPackets::names_skipped(const AckFrame& ack) const {
  for (const Range& range : ack.ranges) {
    auto at = std::lower_bound(skipped_.begin(), skipped_.end(), range.begin);
    if (at != skipped_.end() && *at < range.end) return true;
  }
  return false;
}

// What the ACK is the first to name, no longer in flight; the newest stands first. Returns its number.
std::uint64_t SentPackets::take_named(const AckFrame& ack, std::vector<SentPacket>& taken) {
  std::uint64_t newest = 0;
  for (const Range& range : ack.ranges) {
    auto at = packets_.lower_bound(range.begin);
    while (at != packets_.end() && at->first < range.end) {
      newest = std::max(newest, at->first);
      bytes_in_flight_ -= at->second.size_bytes;
      delivered_bytes_ += at->second.size_bytes;
      taken.push_back(std::move(at->second));
      if (newest == at->first) std::swap(taken.front(), taken.back());
      at = packets_.erase(at);
    }
  }
  return newest;
}

Result<SentPackets::Acked> SentPackets::on_ack(Time now, const AckFrame& ack, std::uint64_t next_number,
                                               RttEstimator& rtt) {
  if (ack.ranges.front().end > next_number) return Error{"ACK of a packet that was never sent"};
  if (names_skipped(ack)) return Error{"ACK of a packet number that was skipped"};
  Acked acked;
  AckSample sample;
  std::uint64_t delivered_before = delivered_bytes_;
  std::uint64_t newest = take_named(ack, acked.packets);
  std::uint64_t largest = ack.ranges.front().end - 1;
  largest_acked_ = std::max(largest_acked_.value_or(0), largest);
  if (acked.packets.empty()) return acked;
  acked_sent_at_.clear();
  for (const SentPacket& packet : acked.packets) acked_sent_at_.push_back(packet.sent_at);
  std::sort(acked_sent_at_.begin(), acked_sent_at_.end());
  const SentPacket& first = acked.packets.front();
  if (newest == largest) {
    sample.rtt = rtt.sample(now - first.sent_at, std::min(ack.delay, kMaxAckDelay));
  }
  sample.now = now;
  sample.acked_bytes = delivered_bytes_ - delivered_before;
  sample.bytes_in_flight = bytes_in_flight_;
  sample.newest_sent_at = first.sent_at;
  sample.delivered_bytes = delivered_bytes_;
  sample.delivered_when_sent = first.delivered_bytes;
  sample_rate(now, first, sample, rtt);
  acked.sample = sample;
  return acked;
}

void SentPackets::sample_rate(Time now, const SentPacket& newest, AckSample& sample,
                              const RttEstimator& rtt) {
  Duration sending = newest.sent_at - newest.flight_began_at;
  Duration arriving = now - newest.delivered_at;
  Duration interval = std::max(sending, arriving);
  delivered_at_ = now;
  flight_began_at_ = newest.sent_at;
  sample.app_limited = newest.app_limited;
  if (interval <= Duration::zero() || interval < rtt.min().value_or(Duration::zero())) return;
  rate_ = static_cast<double>(delivered_bytes_ - newest.delivered_bytes) / to_seconds(interval);
  sample.rate_bytes_per_s = rate_;
}

SentPackets::Lost SentPackets::detect_lost(Time now, const RttEstimator& rtt) {
  Lost lost;
  lost.sample.now = now;
  lost.sample.bytes_in_flight = bytes_in_flight_;
  loss_time_.reset();
  if (!largest_acked_) return lost;
  Duration delay = rtt.loss_delay();
  for (auto at = packets_.begin(); at != packets_.end() && at->first < *largest_acked_;) {
    const SentPacket& packet = at->second;
    bool late = packet.sent_at + delay <= now;
    if (!late && at->first + kPacketThreshold > *largest_acked_) {
      Time when = packet.sent_at + delay;
      if (!loss_time_ || when < *loss_time_) loss_time_ = when;
      ++at;
      continue;
    }
    count_lost(lost, std::move(at->second));
    at = packets_.erase(at);
  }
  lost.sample.persistent = is_persistent(lost.packets, rtt);
  return lost;
}

void SentPackets::count_lost(Lost& lost, SentPacket packet) {
  bytes_in_flight_ -= packet.size_bytes;
  if (!packet.mtu_probe) {
    lost.sample.newest_sent_at = std::max(lost.sample.newest_sent_at, packet.sent_at);
    lost.sample.lost_bytes += packet.size_bytes;
    ++lost.sample.lost_packets;
  }
  lost.packets.push_back(std::move(packet));
}

SentPackets::Lost SentPackets::take_recovered(Time now, const AckFrame& recovered) {
  Lost lost;
  lost.sample.now = now;
  lost.sample.bytes_in_flight = bytes_in_flight_;
  for (const Range& range : recovered.ranges) {
    for (auto at = packets_.lower_bound(range.begin); at != packets_.end() && at->first < range.end;) {
      count_lost(lost, std::move(at->second));
      at = packets_.erase(at);
    }
  }
  if (packets_.empty()) loss_time_.reset();
  return lost;
}

std::vector<SentPacket> SentPackets::take_all() {
  std::vector<SentPacket> all;
  all.reserve(packets_.size());
  for (auto& [number, packet] : packets_) all.push_back(std::move(packet));
  packets_.clear();
  bytes_in_flight_ = 0;
  loss_time_.reset();
  return all;
}

// RFC 9002 §7.6: nothing sent over three probe timeouts got through. What an earlier ACK named cannot stand
// between packets that are found lost together: it would have shown the older ones to be lost.
bool SentPackets::is_persistent(const std::vector<SentPacket>& lost, const RttEstimator& rtt) const {
  if (!rtt.has_sample() || lost.empty()) return false;
  Time began_at = lost.front().sent_at;
  for (std::size_t i = 1; i < lost.size(); ++i) {
    auto after = std::upper_bound(acked_sent_at_.begin(), acked_sent_at_.end(), lost[i - 1].sent_at);
    if (after != acked_sent_at_.end() && *after < lost[i].sent_at) began_at = lost[i].sent_at;
    if (lost[i].sent_at - began_at > 3 * rtt.probe_timeout(kMaxAckDelay)) return true;
  }
  return false;
}

std::vector<SentPiece> SentPackets::oldest_pieces(std::size_t packets) const {
  std::vector<SentPiece> pieces;
  for (const auto& [number, packet] : packets_) {
    if (packets-- == 0) break;
    pieces.insert(pieces.end(), packet.pieces.begin(), packet.pieces.end());
  }
  return pieces;
}

}  // namespace kvferry
