// SPDX-License-Identifier: MIT
//
// Packets out: what goes into the next one, and how its bytes are booked.
#include <algorithm>

#include "protocol/datagram/datagram_binding.h"

namespace kvferry {
namespace {

constexpr std::uint64_t kSkipOneIn = 64;
constexpr int kBareAcks = 16;  // the next one asks for acknowledgement, so that ranges can be forgotten
constexpr std::size_t kDataHeadBytes = 1 + 2 + 3 * 4;  // type, length, and place: each below 2^30
constexpr std::size_t kLeastPiece = 32;                // smaller leftovers of a packet stay unused

}  // namespace

// Control frames wait in the session until the stream has room for them.
void DatagramBinding::move_control() {
  while (session_.has_control() && control_out_.has_room(kMaxManifestBodyBytes)) {
    control_out_.push(*session_.next_control());
  }
}

bool DatagramBinding::has_something() const { return control_out_.ready() || session_.has_data(); }

// The window and the pacer agree. When only the pacer does not, its timer is armed.
bool DatagramBinding::may_send(Time now) {
  timers_.stop(DatagramTimer::kPacing);
  if (probes_ == 0 && !has_something()) return false;
  if (probes_ == 0 && sent_.bytes_in_flight() + max_datagram_bytes_ > congestion_->window_bytes())
    return false;
  double rate = congestion_->pacing_bytes_per_s();
  if (pacer_.ready(now, rate)) return true;
  timers_.arm(DatagramTimer::kPacing, pacer_.next(now, rate));
  return false;
}

std::optional<Outgoing> DatagramBinding::poll_transmit(Time now) {
  if (!connection_id_) {  // a server that nobody has spoken to
    if (session_.state() == SessionState::kClosing) session_.on_flushed(now);
    return std::nullopt;
  }
  if (session_.closing_by_fault()) return close_packet(now);
  if (session_.state() == SessionState::kClosing && !session_.has_control() &&
      control_out_.all_acknowledged()) {
    session_.on_flushed(now);
  }
  bool closed = session_.state() == SessionState::kClosed;
  if (!closed) move_control();
  Draft draft;
  draft.room = max_datagram_bytes_ - PacketHeader{*connection_id_, next_number_ + 1}.size_bytes();
  bool sends = !closed && may_send(now);
  if (received_.ack_due(now) || (received_.ack_wanted() && (sends || closed))) {
    put_ack(now, draft);
    if (closed && !session_.closed_by_peer()) put_close(draft);  // the peer does not know yet
  }
  if (sends) {
    // Before anything was heard, every probe repeats the first packet: nothing else can help.
    if (probes_ > 0 && !rtt_.has_sample()) forget_or_resend(now, sent_.oldest_pieces(1), false);
    put_control(draft);
    put_data(now, draft);
    if (probes_ > 0 && !draft.eliciting) put_probe(draft);
    if (probes_ > 0) --probes_;
    if (!has_something() && sent_.bytes_in_flight() < congestion_->window_bytes()) sent_.note_app_limited();
  }
  if (draft.frames.empty()) {
    if (closed) timers_.stop_all();
    return std::nullopt;
  }
  bare_acks_ = draft.eliciting ? 0 : bare_acks_ + 1;
  if (bare_acks_ > kBareAcks && !closed) {
    put_probe(draft);
    bare_acks_ = 0;
  }
  return seal(now, std::move(draft));
}

void DatagramBinding::put_ack(Time now, Draft& draft) {
  AckFrame ack = received_.make_ack(now);
  timers_.stop(DatagramTimer::kAck);
  Bytes body;
  ack.serialize(body);
  while (body.size() + 8 > draft.left() && ack.ranges.size() > 1) {  // tiny datagrams: the newest ones
    ack.ranges.resize(ack.ranges.size() / 2);
    body.clear();
    ack.serialize(body);
  }
  std::size_t before = draft.frames.size();
  put_packet_frame_head(draft.frames, FrameType::kAck, body.size());
  append(draft.frames, body);
  draft.bytes.acks += draft.frames.size() - before;
  draft.record.acked_up_to = ack.ranges.front().end - 1;
}

void DatagramBinding::put_control(Draft& draft) {
  constexpr std::size_t kHead = 1 + 2 + 8;
  while (draft.left() > kHead + kLeastPiece) {
    auto piece = control_out_.next(draft.left() - kHead);
    if (!piece) return;
    Bytes offset;
    put_varint(offset, piece->offset);
    std::size_t before = draft.frames.size();
    put_packet_frame_head(draft.frames, FrameType::kControl, offset.size() + piece->bytes.size());
    append(draft.frames, offset);
    draft.bytes.framing += draft.frames.size() - before;
    append(draft.frames, piece->bytes);
    (piece->again ? draft.bytes.retransmitted : draft.bytes.signalling) += piece->bytes.size();
    draft.record.pieces.push_back({true, {0, 0, piece->offset}, piece->bytes.size()});
    draft.eliciting = true;
  }
}

void DatagramBinding::put_data(Time now, Draft& draft) {
  while (draft.left() > kDataHeadBytes + kLeastPiece) {
    auto piece = session_.next_data(now, draft.left() - kDataHeadBytes);
    if (!piece) return;
    Bytes place;
    put_data_place(place, piece->place);
    std::size_t size = piece->bytes.size();
    std::size_t before = draft.frames.size();
    put_packet_frame_head(draft.frames, FrameType::kData, place.size() + size);
    append(draft.frames, place);
    draft.bytes.framing += draft.frames.size() - before;
    append(draft.frames, piece->bytes.view());
    (piece->again ? draft.bytes.retransmitted : draft.bytes.payload) += size;
    draft.record.pieces.push_back({false, piece->place, size});
    draft.eliciting = true;
  }
}

void DatagramBinding::put_probe(Draft& draft) {
  std::size_t before = draft.frames.size();
  put_packet_frame_head(draft.frames, FrameType::kProbe, 0);
  draft.bytes.framing += draft.frames.size() - before;
  draft.eliciting = true;
}

Outgoing DatagramBinding::seal(Time now, Draft draft) {
  if (next_number_ > 0 && rng_.below(kSkipOneIn) == 0) sent_.skip(next_number_++);
  PacketHeader header{*connection_id_, next_number_++};
  Outgoing out{seal_packet(header, draft.frames), {}};
  (draft.eliciting ? draft.bytes.framing : draft.bytes.acks) += header.size_bytes();
  ledger_.sent.payload += draft.bytes.payload;
  ledger_.sent.framing += draft.bytes.framing;
  ledger_.sent.signalling += draft.bytes.signalling;
  ledger_.sent.acks += draft.bytes.acks;
  ledger_.sent.retransmitted += draft.bytes.retransmitted;
  ++packets_sent_;
  if (draft.eliciting) {
    draft.record.sent_at = now;
    draft.record.size_bytes = out.head.size();
    pacer_.on_sent(out.head.size());
    sent_.add(header.number, std::move(draft.record));
    arm_loss_timer();
  }
  return out;
}

void DatagramBinding::put_close(Draft& draft) {
  const GoodbyeMessage& farewell = session_.farewell();
  Bytes body = encode_map(ErrorMessage{farewell.code, farewell.reason.substr(0, 128), {}});
  std::size_t before = draft.frames.size();
  put_packet_frame_head(draft.frames, FrameType::kClose, body.size());
  append(draft.frames, body);
  draft.bytes.signalling += draft.frames.size() - before;
}

// One packet that says why; it is repeated only to a peer that goes on talking.
Outgoing DatagramBinding::close_packet(Time now) {
  Draft draft;
  put_close(draft);
  session_.on_flushed(now);
  timers_.stop_all();
  return seal(now, std::move(draft));
}

}  // namespace kvferry
