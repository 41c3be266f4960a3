// SPDX-License-Identifier: MIT
//
// Which packet leaves next, and what goes into it.
#include <algorithm>

#include "protocol/datagram/datagram_binding.h"

namespace kvferry {
namespace {

constexpr std::uint64_t kFirstSkipOneIn = 64;
constexpr std::uint64_t kLastSkipOneIn = 4096;  // every gap costs room in ACKs
constexpr std::size_t kLeastDatagram = 48;      // holds an ACK and a CHALLENGE
constexpr int kBareAcks = 32;  // the next one asks for acknowledgement, so that ranges can be forgotten

}  // namespace

// Control frames wait in the session until the stream has room for them.
void DatagramBinding::move_control() {
  while (session_.has_control() && control_out_.has_room(kMaxManifestBodyBytes)) {
    ControlFrame frame = *session_.next_control();
    control_out_.push(frame);
    if (frame.source_of) manifests_.emplace_back(control_out_.pushed_bytes(), *frame.source_of);
  }
}

bool DatagramBinding::challenge_due(Time now) const {
  if (config_.role == Role::kClient || paths_.current().validated()) return false;
  auto next = paths_.current().next_challenge_at();
  return !next || *next <= now;
}

bool DatagramBinding::has_something(Time now) const {
  return control_out_.ready() || !responses_.empty() || !repairs_.empty() || challenge_due(now) ||
         challenge_to_send_.has_value() || (new_token_due_ && paths_.current().validated()) ||
         session_.has_data();
}

// One packet always may leave. A window that was full has room again when a quantum of it is free: what
// leaves together costs less on the way.
bool DatagramBinding::has_room_for_flight(double rate_bytes_per_s) const {
  if (sent_.bytes_in_flight() == 0) return true;
  std::uint64_t window = congestion_->window_bytes();
  auto quantum = static_cast<std::uint64_t>(Pacer::quantum_bytes(rate_bytes_per_s));
  std::uint64_t wanted =
      window_full_ ? std::max<std::uint64_t>(mtu_.size(), std::min(quantum, window / 4)) : mtu_.size();
  return sent_.bytes_in_flight() + wanted <= window;
}

// The window and the pacer agree. When only the pacer does not, its timer is armed.
bool DatagramBinding::may_send(Time now) {
  timers_.stop(DatagramTimer::kPacing);
  double rate = congestion_->pacing_bytes_per_s();
  bool wants = probes_ > 0 || has_something(now);
  if (wants) window_full_ = !has_room_for_flight(rate);
  if (!wants || (probes_ == 0 && window_full_)) {
    pacer_.on_other_limit();
    return false;
  }
  if (pacer_.ready(now, rate)) return true;
  timers_.arm(DatagramTimer::kPacing, pacer_.next(now, rate));
  return false;
}

bool DatagramBinding::muted() const { return !paths_.current().may_send(kLeastDatagram); }

// As large as the path carries, and as the peer's address has earned.
DatagramBinding::Draft DatagramBinding::new_draft() const {
  Draft draft;
  draft.path = paths_.id();
  std::uint64_t size = std::min<std::uint64_t>(mtu_.size(), paths_.current().allowance_bytes());
  draft.room = std::max(size, std::uint64_t{kLeastDatagram}) -
               PacketHeader{*connection_id_, next_number_ + 1}.size_bytes();
  draft.frames.reserve(mtu_.size());  // with its head
  return draft;
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
  if (muted()) return std::nullopt;
  if (session_.state() == SessionState::kClosed) return usual_packet(now);
  move_control();
  if (auto out = answer_elsewhere(now)) return out;
  if (auto out = mtu_probe(now)) return out;
  if (auto out = repair_packet(now)) return out;
  return usual_packet(now);
}

std::optional<Outgoing> DatagramBinding::usual_packet(Time now) {
  bool closed = session_.state() == SessionState::kClosed;
  Draft draft = new_draft();
  bool sends = !closed && may_send(now);
  if (sends && repairing())
    draft.room -= std::min(draft.room, RepairEncoder::overhead_bytes(next_number_ + 1));
  if (received_.ack_due(now) || (received_.ack_wanted() && (sends || closed))) {
    put_ack(now, draft);
    if (closed && !session_.closed_by_peer()) put_close(draft);  // the peer does not know yet
  }
  if (!closed && !recovered_.empty()) put_recovered(draft);
  if (sends) fill(now, draft);
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

void DatagramBinding::fill(Time now, Draft& draft) {
  // Before anything was heard, every probe repeats the first packet: nothing else can help.
  if (probes_ > 0 && !rtt_.has_sample()) forget_or_resend(now, sent_.oldest_pieces(1), false);
  put_tokens(draft);
  put_path_frames(now, draft);
  // A packet with data that comes too early is not acknowledged; what the data waits for must not share its
  // fate.
  if (!put_control(draft)) put_data(now, draft);
  move_control();  // a transfer that failed there, or chunks that are skipped
  put_control(draft);
  if (probes_ > 0 && !draft.eliciting) put_probe(draft);
  if (!heard_ || (probes_ > 0 && server_may_be_mute())) put_padding(draft);
  if (probes_ > 0) --probes_;
}

// Waiting for the proof of an address is not the path's fault, and a probe on an idle path says nothing of
// its rate.
void DatagramBinding::note_app_limited(Time now) {
  bool limited = !has_something(now) || !paths_.current().validated();
  if (limited && sent_.bytes_in_flight() < congestion_->window_bytes()) sent_.note_app_limited();
}

// A challenge is answered to where it came from.
std::optional<Outgoing> DatagramBinding::answer_elsewhere(Time now) {
  auto other = std::find_if(responses_.begin(), responses_.end(),
                            [&](const Response& response) { return response.path != paths_.id(); });
  if (other == responses_.end()) return std::nullopt;
  Draft draft = new_draft();
  draft.path = other->path;
  put_response(draft, *other);
  draft.record.pieces.clear();  // the peer asks again if it still wants to know
  responses_.erase(other);
  return seal(now, std::move(draft));
}

std::optional<Outgoing> DatagramBinding::mtu_probe(Time now) {
  if (session_.state() != SessionState::kOpen || !paths_.current().validated()) return std::nullopt;
  auto size = mtu_.next_probe(now);
  if (!size || sent_.bytes_in_flight() + *size > congestion_->window_bytes() ||
      !pacer_.ready(now, congestion_->pacing_bytes_per_s()))
    return std::nullopt;
  Draft draft = new_draft();
  std::size_t header = PacketHeader{*connection_id_, next_number_}.size_bytes();
  draft.room = *size - header;
  draft.record.mtu_probe = true;
  put_probe(draft, draft.room);
  mtu_.on_probe_sent(*size);
  return seal(now, std::move(draft));
}

void DatagramBinding::skip_number() {
  if (next_number_ > 0) sent_.skip(next_number_++);
  skip_one_in_ = std::clamp(skip_one_in_ * 2, kFirstSkipOneIn, kLastSkipOneIn);
  skip_at_ = next_number_ + 1 + rng_.below(2 * skip_one_in_);
}

Outgoing DatagramBinding::seal(Time now, Draft draft) {
  // The size of a probe was reckoned with the next number.
  if (next_number_ >= skip_at_ && !draft.record.mtu_probe) skip_number();
  PacketHeader header{*connection_id_, next_number_++};
  protect(now, header.number, draft);
  Outgoing out{seal_packet(header, std::move(draft.frames)), {}, draft.path};
  (draft.eliciting ? draft.bytes.framing : draft.bytes.acks) += header.size_bytes();
  ledger_.sent.payload += draft.bytes.payload;
  ledger_.sent.framing += draft.bytes.framing;
  ledger_.sent.signalling += draft.bytes.signalling;
  ledger_.sent.acks += draft.bytes.acks;
  ledger_.sent.retransmitted += draft.bytes.retransmitted;
  ledger_.sent.fec += draft.bytes.fec;
  ++packets_sent_;
  if (draft.path == paths_.id()) paths_.current().on_sent(out.head.size());
  if (draft.eliciting) {
    draft.record.sent_at = now;
    draft.record.size_bytes = out.head.size();
    pacer_.on_sent(out.head.size());
    note_app_limited(now);
    sent_.add(header.number, std::move(draft.record));
    arm_loss_timer();
  }
  return out;
}

// One packet that says why, if there is room; it is repeated only to a peer that goes on talking.
std::optional<Outgoing> DatagramBinding::close_packet(Time now) {
  Draft draft = new_draft();
  if (!muted()) put_close(draft);
  session_.on_flushed(now);
  timers_.stop_all();
  if (draft.frames.empty()) return std::nullopt;
  return seal(now, std::move(draft));
}

}  // namespace kvferry
