// SPDX-License-Identifier: MIT
//
// Messages from the peer: where each goes, and those of the connection itself.
#include <algorithm>

#include "protocol/connection/session.h"

namespace kvferry {

template <typename Message>
void Session::read(Time now, ByteView body) {
  auto message = decode_map<Message>(body, Message::kName);
  if (!message) return fault(now, ErrorCode::kMalformed, message.error().message);
  on(now, *message);
}

void Session::on_frame(Time now, std::uint64_t type, ByteView body) {
  if (state_ == SessionState::kClosed) return;
  if (!is_message(type)) {
    if (is_critical(type)) fault(now, ErrorCode::kUnknownCritical, "frame type " + std::to_string(type));
    return;
  }
  auto name = static_cast<FrameType>(type);
  bool farewell = name == FrameType::kGoodbye || name == FrameType::kError;
  if (!farewell &&
      !advance(now, name == FrameType::kHello ? SessionInput::kPeerHello : SessionInput::kPeerMessage)) {
    return fault(now, ErrorCode::kUnexpected,
                 name == FrameType::kHello ? "a second HELLO" : "a message before HELLO");
  }
  if (state_ == SessionState::kClosing && !farewell) return;
  dispatch(now, name, body);
}

void Session::dispatch(Time now, FrameType type, ByteView body) {
  switch (type) {
    case FrameType::kHello:
      return read<HelloMessage>(now, body);
    case FrameType::kPing:
      return read<PingMessage>(now, body);
    case FrameType::kPong:
      return read<PongMessage>(now, body);
    case FrameType::kProgress:
      return read<ProgressMessage>(now, body);
    case FrameType::kError:
      return read<ErrorMessage>(now, body);
    case FrameType::kGoodbye:
      return read<GoodbyeMessage>(now, body);
    case FrameType::kReject:
      return read<RejectMessage>(now, body);
    case FrameType::kCancel:
      return read<CancelMessage>(now, body);
    case FrameType::kRefuse:
      return read<RefuseMessage>(now, body);
    case FrameType::kLevel:
      return read<LevelMessage>(now, body);
    default:
      dispatch_to_receiver(now, type, body);
      return dispatch_to_source(now, type, body);
  }
}

void Session::dispatch_to_receiver(Time now, FrameType type, ByteView body) {
  switch (type) {
    case FrameType::kOffer:
      return read<OfferMessage>(now, body);
    case FrameType::kManifest:
      return read<ManifestMessage>(now, body);
    case FrameType::kPage:
      return read<PageMessage>(now, body);
    case FrameType::kSkip:
      return read<SkipMessage>(now, body);
    case FrameType::kEnd:
      return read<EndMessage>(now, body);
    default:
      return;
  }
}

void Session::dispatch_to_source(Time now, FrameType type, ByteView body) {
  switch (type) {
    case FrameType::kRequest:
      return read<RequestMessage>(now, body);
    case FrameType::kAccept:
      return read<AcceptMessage>(now, body);
    case FrameType::kHave:
      return read<HaveMessage>(now, body);
    case FrameType::kCredit:
      return read<CreditMessage>(now, body);
    case FrameType::kPrefer:
      return read<PreferMessage>(now, body);
    case FrameType::kResend:
      return read<ResendMessage>(now, body);
    case FrameType::kStop:
      return read<StopMessage>(now, body);
    case FrameType::kConfirm:
      return read<ConfirmMessage>(now, body);
    default:
      return;
  }
}

void Session::on(Time now, HelloMessage& message) {
  const Hello& peer = message.hello;
  if (message.magic != "kvferry") return fault(now, ErrorCode::kMalformed, "HELLO: no kvferry peer");
  if (peer.versions.empty() ||
      !std::is_sorted(peer.versions.begin(), peer.versions.end(), std::less_equal<>()))
    return fault(now, ErrorCode::kMalformed, "HELLO: no versions, or not ascending");
  if (std::find(peer.versions.begin(), peer.versions.end(), Hello::kVersion) == peer.versions.end())
    return fault(now, ErrorCode::kVersion, "the peer does not speak version 1");
  if (peer.limits.initial_credit_bytes < peer.limits.max_chunk_bytes)
    return fault(now, ErrorCode::kMalformed, "HELLO: credit for less than one chunk");
  peer_ = peer;
  timers_.stop(SessionTimer::kHandshake);
  reported_at_ = now;
  arm_timers(now);
  events_.push_back(event::Connected{peer_});
  if (config_.binding != Binding::kDatagram) {
    ping_sent_at_ = now;
    send(PingMessage{++ping_nonce_, {}});
  }
}

void Session::on(Time, PingMessage& message) {
  if (control_.size() < kMaxQueuedAnswers) send(PongMessage{message.nonce, {}});
}

void Session::on(Time now, PongMessage& message) {
  if (!ping_sent_at_ || message.nonce != ping_nonce_) return;
  Duration sample = now - *ping_sent_at_;
  ping_rtt_ = ping_rtt_ ? (*ping_rtt_ * 7 + sample) / 8 : sample;
  ping_sent_at_.reset();
  note_rtt(now, min_rtt_ > Duration::zero() ? std::min(min_rtt_, sample) : sample);
}

void Session::on(Time, ProgressMessage& message) {
  if (message.payload_bytes > peer_received_bytes_ && message.since_previous_us > 0) {
    progress_rate_ = static_cast<double>(message.payload_bytes - peer_received_bytes_) * 1e6 /
                     static_cast<double>(message.since_previous_us);
  }
  peer_received_bytes_ = message.payload_bytes;
}

void Session::on(Time now, ErrorMessage& message) { on_peer_close(now, message.code, message.reason); }
void Session::on(Time now, GoodbyeMessage& message) { on_peer_close(now, message.code, message.reason); }

}  // namespace kvferry
