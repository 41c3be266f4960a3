// SPDX-License-Identifier: MIT
//
// Packets in, acknowledgements, timers.
#include "protocol/datagram/datagram_binding.h"

#include <algorithm>

namespace kvferry {

DatagramBinding::DatagramBinding(const ConnectionConfig& config, Session& session, Ledger& ledger, Time)
    : session_(session),
      ledger_(ledger),
      rng_(config.seed + 0xDA7A),
      max_datagram_bytes_(std::clamp<std::size_t>(config.max_datagram_bytes, 256, 16383)),
      congestion_(make_congestion_controller(config.congestion, max_datagram_bytes_, config.seed)),
      pacer_(max_datagram_bytes_) {
  if (config.role == Role::kClient) connection_id_ = rng_.next();
}

void DatagramBinding::handle_bytes(Time now, ByteView datagram) {
  auto packet = open_packet(datagram);
  if (!packet || (connection_id_ && packet->header.connection_id != *connection_id_)) {
    ledger_.received.framing += datagram.size();
    return;
  }
  connection_id_ = packet->header.connection_id;
  if (!received_.is_new(packet->header.number)) {
    ledger_.received.retransmitted += datagram.size();
    return;
  }
  ByteClasses bytes;
  bool eliciting = false;
  Verdict verdict = read_frames(now, packet->frames, bytes, eliciting);
  (eliciting ? bytes.framing : bytes.acks) += packet->header.size_bytes();
  bytes.framing += datagram.size() - std::min<std::uint64_t>(datagram.size(), bytes.total());
  ledger_.received.payload += bytes.payload;
  ledger_.received.framing += bytes.framing;
  ledger_.received.signalling += bytes.signalling;
  ledger_.received.acks += bytes.acks;
  ledger_.received.retransmitted += bytes.retransmitted;
  session_.on_heard(now);
  if (verdict == Verdict::kAccepted) {
    received_.add(now, packet->header.number, eliciting);
    ++packets_received_;
    auto due = received_.due_at();
    if (due) timers_.arm(DatagramTimer::kAck, *due);
  }
  arm_loss_timer();
}

DatagramBinding::Verdict DatagramBinding::read_frames(Time now, ByteView frames, ByteClasses& bytes,
                                                      bool& eliciting) {
  Verdict verdict = Verdict::kAccepted;
  ByteReader in(frames);
  while (!in.at_end()) {
    auto frame = take_packet_frame(in);
    if (!frame) {
      session_.fault(now, ErrorCode::kMalformed, "packet: a frame does not parse");
      return Verdict::kFault;
    }
    auto type = static_cast<FrameType>(frame->type);
    if (type != FrameType::kAck && type != FrameType::kClose && type != FrameType::kPadding) eliciting = true;
    Verdict one = read_frame(now, *frame, bytes);
    if (one == Verdict::kFault) return one;
    if (one == Verdict::kNotNow) verdict = one;
  }
  return verdict;
}

DatagramBinding::Verdict DatagramBinding::read_frame(Time now, const PacketFrame& frame, ByteClasses& bytes) {
  std::uint64_t size = frame.head_bytes + frame.body.size();
  switch (static_cast<FrameType>(frame.type)) {
    case FrameType::kAck:
      bytes.acks += size;
      return read_ack(now, frame.body);
    case FrameType::kControl:
      return read_control(now, frame, bytes);
    case FrameType::kData:
      return read_data(now, frame, bytes);
    case FrameType::kClose:
      bytes.signalling += size;
      return read_close(now, frame.body);
    case FrameType::kProbe:
    case FrameType::kPadding:
      bytes.framing += size;
      return Verdict::kAccepted;
    default:
      bytes.signalling += size;
      if (!is_critical(frame.type)) return Verdict::kAccepted;
      session_.fault(now, ErrorCode::kUnknownCritical, "packet: frame type " + std::to_string(frame.type));
      return Verdict::kFault;
  }
}

DatagramBinding::Verdict DatagramBinding::read_ack(Time now, ByteView body) {
  auto ack = AckFrame::parse(body);
  if (!ack) {
    session_.fault(now, ErrorCode::kMalformed, ack.error().message);
    return Verdict::kFault;
  }
  auto acked = sent_.on_ack(now, *ack, next_number_, rtt_);
  if (!acked) {
    session_.fault(now, ErrorCode::kAcknowledgement, acked.error().message);
    return Verdict::kFault;
  }
  for (const SentPacket& packet : acked->packets) {
    forget_or_resend(now, packet.pieces, true);
    if (packet.acked_up_to) received_.acknowledged_up_to(*packet.acked_up_to);
  }
  if (acked->sample) {
    probe_timeouts_ = 0;
    congestion_->on_acked(*acked->sample);
    if (rtt_.min()) session_.note_rtt(now, *rtt_.min());
  }
  on_lost(now, sent_.detect_lost(now, rtt_));
  return Verdict::kAccepted;
}

void DatagramBinding::on_lost(Time now, const SentPackets::Lost& lost) {
  if (lost.packets.empty()) return;
  for (const SentPacket& packet : lost.packets) forget_or_resend(now, packet.pieces, false);
  packets_lost_ += lost.packets.size();
  congestion_->on_lost(lost.sample);
}

void DatagramBinding::forget_or_resend(Time now, const std::vector<SentPiece>& pieces, bool arrived) {
  for (const SentPiece& piece : pieces) {
    if (piece.control) {
      arrived ? control_out_.acknowledged(piece.place.offset, piece.size_bytes)
              : control_out_.lost(piece.place.offset, piece.size_bytes);
    } else {
      arrived ? session_.data_acknowledged(now, piece.place, piece.size_bytes)
              : session_.data_lost(piece.place, piece.size_bytes);
    }
  }
}

DatagramBinding::Verdict DatagramBinding::read_control(Time now, const PacketFrame& frame,
                                                       ByteClasses& bytes) {
  ByteReader in(frame.body);
  auto offset = in.take_varint();
  if (!offset) {
    session_.fault(now, ErrorCode::kMalformed, "CONTROL: no offset");
    return Verdict::kFault;
  }
  std::size_t head = frame.head_bytes + in.position();
  auto outcome = control_in_.add(*offset, in.rest());
  bytes.framing += head;
  (outcome == ControlReceiver::Outcome::kTaken ? bytes.signalling : bytes.retransmitted) += in.rest().size();
  if (outcome == ControlReceiver::Outcome::kNoRoom) return Verdict::kNotNow;
  auto delivered =
      control_in_.deliver([&](std::uint64_t type, ByteView body) { session_.on_frame(now, type, body); });
  if (!delivered) {
    session_.fault(now, ErrorCode::kMalformed, delivered.error().message);
    return Verdict::kFault;
  }
  return Verdict::kAccepted;
}

DatagramBinding::Verdict DatagramBinding::read_data(Time now, const PacketFrame& frame, ByteClasses& bytes) {
  ByteReader in(frame.body);
  auto place = take_data_place(in);
  if (!place) {
    session_.fault(now, ErrorCode::kMalformed, "DATA: transfer, chunk and offset do not parse");
    return Verdict::kFault;
  }
  bytes.framing += frame.head_bytes + in.position();
  DataVerdict verdict = session_.on_data(now, *place, in.rest());
  (verdict == DataVerdict::kTaken ? bytes.payload : bytes.retransmitted) += in.rest().size();
  return verdict == DataVerdict::kNotNow ? Verdict::kNotNow : Verdict::kAccepted;
}

DatagramBinding::Verdict DatagramBinding::read_close(Time now, ByteView body) {
  auto message = decode_map<ErrorMessage>(body, "CLOSE");
  if (!message) {
    session_.fault(now, ErrorCode::kMalformed, message.error().message);
    return Verdict::kFault;
  }
  session_.on_peer_close(now, message->code, message->reason);
  return Verdict::kAccepted;
}

void DatagramBinding::arm_loss_timer() {
  timers_.stop(DatagramTimer::kLoss);
  if (session_.state() == SessionState::kClosed || sent_.empty()) return;
  if (probes_ > 0) return;  // armed again when they leave
  if (auto late = sent_.loss_time()) return timers_.arm(DatagramTimer::kLoss, *late);
  Duration timeout = rtt_.probe_timeout(kMaxAckDelay) * (std::int64_t{1} << std::min(probe_timeouts_, 10));
  timers_.arm(DatagramTimer::kLoss,
              *sent_.last_sent_at() + std::min<Duration>(timeout, std::chrono::seconds(10)));
}

void DatagramBinding::handle_timeout(Time now) {
  while (auto timer = timers_.take_expired(now)) {
    switch (*timer) {
      case DatagramTimer::kLoss:
        if (sent_.loss_time()) {
          on_lost(now, sent_.detect_lost(now, rtt_));
        } else {
          on_probe_timeout(now);
        }
        arm_loss_timer();
        break;
      case DatagramTimer::kAck:     // poll_transmit() sees that it is due
      case DatagramTimer::kPacing:  // and that the pacer is ready
      case DatagramTimer::kCount:
        break;
    }
  }
}

// RFC 9002 §6.2.4: two packets that ask for an answer, with the oldest bytes in flight if nothing else.
void DatagramBinding::on_probe_timeout(Time now) {
  constexpr int kProbes = 2;
  probes_ = kProbes;
  ++probe_timeouts_;
  forget_or_resend(now, sent_.oldest_pieces(kProbes), false);
}

void DatagramBinding::describe(PathStats& stats) const {
  if (rtt_.has_sample()) stats.rtt = rtt_.smoothed();
  stats.min_rtt = rtt_.min();
  stats.delivery_rate_bytes_per_s = sent_.rate_bytes_per_s();
  stats.congestion_window_bytes = congestion_->window_bytes();
  stats.bytes_in_flight = sent_.bytes_in_flight();
  stats.packets_sent = packets_sent_;
  stats.packets_lost = packets_lost_;
  stats.packets_received = packets_received_;
}

std::unique_ptr<BindingLayer> make_datagram_binding(const ConnectionConfig& config, Session& session,
                                                    Ledger& ledger, Time now) {
  return std::make_unique<DatagramBinding>(config, session, ledger, now);
}

}  // namespace kvferry
