// SPDX-License-Identifier: MIT
//
// Acknowledgement, loss, timers, and changes of path.
#include <algorithm>

#include "protocol/datagram/datagram_binding.h"

namespace kvferry {
namespace {

constexpr std::size_t kMaxLostLately = 256;  // packets that the peer may still solve for
constexpr Duration kMaxProbeTimeout = std::chrono::seconds(2);

// Its output says nothing about the generator that the seed alone would give.
Rng secret_rng(std::uint64_t seed) {
  Bytes raw;
  put_le(raw, seed);
  return Rng(load_le<std::uint64_t>(sha256(raw).bytes.data()));
}

}  // namespace

DatagramBinding::DatagramBinding(const ConnectionConfig& config, Session& session, Ledger& ledger)
    : session_(session),
      ledger_(ledger),
      config_(config),
      rng_(config.seed + 0xDA7A),
      secret_(secret_rng(config.seed)),
      paths_(config.role == Role::kClient || config.address_validated),
      token_(config.token),
      new_token_due_(config.role == Role::kServer && !config.new_token.empty()),
      pacer_(MtuSearch::kBaseBytes),
      mtu_(std::clamp<std::size_t>(config.max_datagram_bytes, 256, MtuSearch::kMaxCeilingBytes)),
      repair_out_(kMaxRepairSources),
      repair_rate_(config.repair_loss_floor) {
  congestion_ = make_congestion_controller(config.congestion, mtu_.size(), config.seed);
  if (config.role == Role::kClient) connection_id_ = secret_.next();
}

DatagramBinding::Verdict DatagramBinding::read_ack(Time now, ByteView body) {
  auto ack = AckFrame::parse(body);
  if (!ack) return fault(now, ErrorCode::kMalformed, ack.error().message);
  auto acked = sent_.on_ack(now, *ack, next_number_, rtt_);
  if (!acked) return fault(now, ErrorCode::kAcknowledgement, acked.error().message);
  on_acked(now, std::move(*acked));
  on_lost(now, sent_.detect_lost(now, rtt_));
  return Verdict::kAccepted;
}

void DatagramBinding::on_acked(Time now, SentPackets::Acked acked) {
  for (const SentPacket& packet : acked.packets) {
    forget_or_resend(now, packet.pieces, true);
    if (packet.acked_up_to) received_.acknowledged_up_to(*packet.acked_up_to);
    if (packet.mtu_probe) {
      mtu_.on_probe_acked(now, packet.size_bytes);
      congestion_->set_packet_bytes(mtu_.size());
    } else {
      mtu_.on_packet_acked(now, packet.number, packet.size_bytes);
    }
  }
  note_manifests();
  repair_rate_.sample(acked.packets.size(), 0);
  if (!acked.sample) return;
  probe_timeouts_ = 0;
  congestion_->on_acked(*acked.sample);
  if (rtt_.min()) session_.note_rtt(now, *rtt_.min());
  mtu_.on_confirmed();
  arm_mtu_timer();
}

void DatagramBinding::note_manifests() {
  while (!manifests_.empty() && manifests_.front().first <= control_out_.acknowledged_bytes()) {
    TransferId id = manifests_.front().second;
    manifests_.pop_front();
    bool last = manifests_.empty() || manifests_.front().second != id;  // of its pages
    if (last) session_.manifest_acknowledged(id);
  }
}

void DatagramBinding::on_lost(Time now, SentPackets::Lost lost) {
  if (lost.packets.empty()) return;
  std::size_t size_before = mtu_.size();
  packets_lost_ += lost.packets.size();
  repair_rate_.sample(lost.sample.lost_packets, lost.sample.lost_packets);
  for (SentPacket& packet : lost.packets) {
    forget_or_resend(now, packet.pieces, false);
    if (packet.mtu_probe) {
      mtu_.on_probe_lost(now, packet.size_bytes);
    } else {
      mtu_.on_packet_lost(now, packet.number, packet.size_bytes);
    }
    remember_lost(std::move(packet));
  }
  if (mtu_.size() != size_before) congestion_->set_packet_bytes(mtu_.size());
  if (lost.sample.lost_packets > 0) congestion_->on_lost(lost.sample);
  arm_mtu_timer();
}

void DatagramBinding::remember_lost(SentPacket packet) {
  if (!repairing()) return;
  lost_lately_.emplace(packet.number, std::move(packet.pieces));
  if (lost_lately_.size() > kMaxLostLately) lost_lately_.erase(lost_lately_.begin());
}

// Lost, says congestion control; arrived, say their contents.
DatagramBinding::Verdict DatagramBinding::read_recovered(Time now, ByteView body) {
  auto recovered = AckFrame::parse(body);
  if (!recovered) return fault(now, ErrorCode::kMalformed, recovered.error().message);
  if (recovered->delay != Duration::zero())
    return fault(now, ErrorCode::kMalformed, "RECOVERED with a delay");
  if (recovered->ranges.front().end > next_number_)
    return fault(now, ErrorCode::kAcknowledgement, "RECOVERED of a packet that was never sent");
  auto lost = sent_.take_recovered(now, *recovered);
  for (const SentPacket& packet : lost.packets) forget_or_resend(now, packet.pieces, true);
  for (const Range& range : recovered->ranges) {
    auto at = lost_lately_.lower_bound(range.begin);
    while (at != lost_lately_.end() && at->first < range.end) {
      forget_or_resend(now, at->second, true);
      at = lost_lately_.erase(at);
    }
  }
  packets_lost_ += lost.packets.size();
  repair_rate_.sample(lost.sample.lost_packets, lost.sample.lost_packets);
  if (lost.sample.lost_packets > 0) congestion_->on_lost(lost.sample);
  on_lost(now, sent_.detect_lost(now, rtt_));  // when the next one is late has changed
  return Verdict::kAccepted;
}

void DatagramBinding::forget_or_resend(Time now, const std::vector<SentPiece>& pieces, bool arrived) {
  for (const SentPiece& piece : pieces) {
    switch (piece.kind) {
      case SentPiece::Kind::kControl:
        arrived ? control_out_.acknowledged(piece.place.offset, piece.size_bytes)
                : control_out_.lost(piece.place.offset, piece.size_bytes);
        break;
      case SentPiece::Kind::kData:
        arrived ? session_.data_acknowledged(now, piece.place, piece.size_bytes)
                : session_.data_lost(now, piece.place, piece.size_bytes);
        break;
      case SentPiece::Kind::kToken:
        new_token_due_ = new_token_due_ || !arrived;
        break;
      case SentPiece::Kind::kChallenge:
        if (!arrived && piece.place.chunk == paths_.id() && !paths_.current().validated())
          challenge_to_send_ = piece.place.transfer;
        break;
      case SentPiece::Kind::kResponse:
        proved_ = proved_ || arrived;
        if (!arrived) respond({paths_.id(), piece.place.transfer});
        break;
    }
  }
}

void DatagramBinding::send_all_again(Time now) {
  for (const SentPacket& packet : sent_.take_all()) forget_or_resend(now, packet.pieces, false);
  probes_ = 0;
  arm_loss_timer();
}

// RFC 9000 §9.4: nothing that was learnt of the old path holds.
void DatagramBinding::restart_path(Time now) {
  rtt_ = {};
  mtu_ = MtuSearch(std::clamp<std::size_t>(config_.max_datagram_bytes, 256, MtuSearch::kMaxCeilingBytes));
  congestion_ = make_congestion_controller(config_.congestion, mtu_.size(), config_.seed);
  pacer_ = Pacer(mtu_.size());
  probe_timeouts_ = 0;
  challenge_to_send_.reset();
  send_all_again(now);
}

// A server may say no more before its client has proved its address, and wait for it in vain. RFC 9002
// §6.2.2.1.
bool DatagramBinding::server_may_be_mute() const {
  if (config_.role != Role::kClient || proved_ || !sent_.last_sent_at()) return false;
  bool open = session_.state() == SessionState::kOpen;
  return open ? token_.empty() : session_.state() == SessionState::kGreeting;
}

void DatagramBinding::arm_loss_timer() {
  timers_.stop(DatagramTimer::kLoss);
  if (session_.state() == SessionState::kClosed || (sent_.empty() && !server_may_be_mute())) return;
  if (auto late = sent_.loss_time()) return timers_.arm(DatagramTimer::kLoss, *late);
  if (probes_ > 0 || muted()) return;  // armed again when they leave, or when the peer is heard
  int timeouts = sent_.empty() ? std::max(probe_timeouts_, idle_timeouts_) : probe_timeouts_;
  Duration timeout = rtt_.probe_timeout(kMaxAckDelay) * (std::int64_t{1} << std::min(timeouts, 10));
  timers_.arm(DatagramTimer::kLoss, *sent_.last_sent_at() + std::min<Duration>(timeout, kMaxProbeTimeout));
}

void DatagramBinding::arm_mtu_timer() {
  timers_.stop(DatagramTimer::kMtu);
  if (auto at = mtu_.next_probe_at()) timers_.arm(DatagramTimer::kMtu, *at);
}

void DatagramBinding::handle_timeout(Time now) {
  while (auto timer = timers_.take_expired(now)) {
    switch (*timer) {
      case DatagramTimer::kLoss:
        on_loss_timer(now);
        break;
      case DatagramTimer::kPath:
        on_path_timer(now);
        break;
      case DatagramTimer::kAck:     // poll_transmit() sees that it is due,
      case DatagramTimer::kPacing:  // that the pacer is ready,
      case DatagramTimer::kMtu:     // and that there is a size to try
      case DatagramTimer::kCount:
        break;
    }
  }
}

// Late packets; else RFC 9002 §6.2.4: two packets that ask for an answer, with the oldest bytes in flight if
// nothing else.
void DatagramBinding::on_loss_timer(Time now) {
  constexpr int kProbes = 2;
  if (sent_.loss_time()) {
    on_lost(now, sent_.detect_lost(now, rtt_));
  } else {
    probes_ = kProbes;
    if (sent_.empty()) ++idle_timeouts_;
    mtu_.on_probe_timeout(now, ++probe_timeouts_);
    congestion_->set_packet_bytes(mtu_.size());
    arm_mtu_timer();
    forget_or_resend(now, sent_.oldest_pieces(kProbes), false);
  }
  arm_loss_timer();
}

void DatagramBinding::on_path_timer(Time now) {
  bool failed = paths_.current().failed(now);
  if (!failed && !muted()) return;  // poll_transmit() challenges again
  if (paths_.give_up()) return restart_path(now);
  if (!failed) return;  // and when it was heard again
  session_.fault(now, ErrorCode::kHandshake, "the peer's address was not confirmed");
}

void DatagramBinding::describe(PathStats& stats) const {
  if (rtt_.has_sample()) stats.rtt = rtt_.smoothed();
  stats.min_rtt = rtt_.min();
  stats.delivery_rate_bytes_per_s = sent_.rate_bytes_per_s();
  stats.delivered_bytes = session_.acknowledged_bytes();
  stats.congestion_window_bytes = congestion_->window_bytes();
  stats.bytes_in_flight = sent_.bytes_in_flight();
  stats.packets_sent = packets_sent_;
  stats.packets_lost = packets_lost_;
  stats.packets_received = packets_received_;
  stats.packets_recovered = packets_recovered_;
  stats.datagram_bytes = mtu_.size();
  stats.path = paths_.id();
}

std::unique_ptr<BindingLayer> make_datagram_binding(const ConnectionConfig& config, Session& session,
                                                    Ledger& ledger) {
  return std::make_unique<DatagramBinding>(config, session, ledger);
}

}  // namespace kvferry
