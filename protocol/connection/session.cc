// SPDX-License-Identifier: MIT
//
// The life of a session: greeting, timers, closing.
#include "protocol/connection/session.h"

#include <algorithm>

namespace kvferry {
namespace {

constexpr Duration kDrainTimeout = std::chrono::seconds(10);
constexpr std::uint64_t kGreaseOneIn = 16;

// What may stand in a message: no control characters, not too long.
std::string printable(std::string text) {
  if (text.size() > kMaxReasonBytes) text.resize(kMaxReasonBytes);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

// Which states wait for the peer, and for what.
const char* waits_for(TransferState state) {
  switch (state) {
    case TransferState::kAsked:
      return "no manifest";
    case TransferState::kReceiving:
      return "no data";
    case TransferState::kStopping:
      return "no end after stop";
    case TransferState::kOffering:
      return "no answer to the offer";
    case TransferState::kSending:
      return "nothing could be sent";
    case TransferState::kSent:
    case TransferState::kEnded:
      return "no verdict";
    default:
      return nullptr;
  }
}

}  // namespace

Session::Session(const ConnectionConfig& config, Time now)
    : config_(config),
      rng_(config.seed ^ (config.role == Role::kServer ? 0x5E55u : 0xC11Eu)),
      next_own_id_(config.role == Role::kClient ? 0 : 1),
      next_peer_id_(config.role == Role::kClient ? 1 : 0),
      arriving_(config.hello.limits.window_bytes),
      reported_at_(now) {
  config_.hello.version = Hello::kVersion;
  config_.hello.idle_timeout_ms = static_cast<std::uint64_t>(to_us(config.idle_timeout) / 1000);
  HelloMessage hello;
  hello.hello = config_.hello;
  send(hello);
  timers_.arm(SessionTimer::kHandshake, now + config_.handshake_timeout);
}

bool Session::advance(Time now, SessionInput input) {
  auto next = next_state(state_, input);
  if (!next) return false;
  bool closes = *next == SessionState::kClosed && state_ != SessionState::kClosed;
  bool begins_closing = *next == SessionState::kClosing && state_ != SessionState::kClosing;
  state_ = *next;
  if (begins_closing) {
    timers_.stop_all();
    timers_.arm(SessionTimer::kDrain, now + kDrainTimeout);
  }
  if (closes) enter_closed();
  return true;
}

void Session::enter_closed() {
  timers_.stop_all();
  control_.clear();
  end_transfers("connection closed: " + farewell_.reason);
  events_.push_back(event::Closed{static_cast<ErrorCode>(farewell_.code), farewell_.reason, by_peer_});
}

void Session::end_transfers(const std::string& reason) {
  while (!transfers_.empty()) drop(transfers_.begin()->first, reason);
  early_.clear();
  early_bytes_ = 0;
}

void Session::queue_control(std::uint64_t type, Bytes body) {
  control_.push_back({type, std::move(body), {}});
  if (!config_.grease || state_ != SessionState::kOpen || rng_.below(kGreaseOneIn) != 0) return;
  Bytes noise(rng_.below(16));
  for (auto& byte : noise) byte = static_cast<std::uint8_t>(rng_.next());
  control_.push_back({reserved_type(rng_.below(64)), std::move(noise), {}});
}

void Session::on_heard(Time now) {
  if (state_ == SessionState::kOpen || state_ == SessionState::kGreeting) arm_timers(now);
}

void Session::arm_timers(Time now) {
  if (config_.idle_timeout > Duration::zero()) timers_.arm(SessionTimer::kIdle, now + config_.idle_timeout);
  Duration idle = config_.idle_timeout;
  auto peers = std::chrono::duration_cast<Duration>(
      std::chrono::milliseconds(std::min<std::uint64_t>(peer_.idle_timeout_ms, 86'400'000)));
  if (peers > Duration::zero()) idle = idle > Duration::zero() ? std::min(idle, peers) : peers;
  if (state_ == SessionState::kOpen && idle > Duration::zero())
    timers_.arm(SessionTimer::kKeepAlive, now + idle / 3);
  if (config_.progress_timeout > Duration::zero() && !timers_.at(SessionTimer::kProgress)) {
    timers_.arm(SessionTimer::kProgress, now + config_.progress_timeout);
  }
}

void Session::handle_timeout(Time now) {
  while (auto timer = timers_.take_expired(now)) {
    switch (*timer) {
      case SessionTimer::kHandshake:
        fault(now, ErrorCode::kHandshake, "no HELLO within the handshake timeout");
        break;
      case SessionTimer::kIdle:
        fault(now, ErrorCode::kIdle, "nothing heard within the idle timeout");
        break;
      case SessionTimer::kKeepAlive:
        if (!transfers_.empty()) send(PingMessage{++ping_nonce_, {}});
        break;
      case SessionTimer::kProgress:
        on_progress_timer(now);
        break;
      case SessionTimer::kDrain:
        on_flushed(now);
        break;
      case SessionTimer::kCount:
        break;
    }
  }
}

void Session::on_progress_timer(Time now) {
  Time next = now + config_.progress_timeout;
  for (auto& [id, transfer] : transfers_) {
    const char* missing = waits_for(transfer.state);
    if (!missing) continue;
    if (transfer.active_at + config_.progress_timeout <= now) {
      events_.push_back(event::Stalled{id, std::string(missing) + " for the progress timeout"});
      transfer.active_at = now;
    }
    next = std::min(next, transfer.active_at + config_.progress_timeout);
  }
  timers_.arm(SessionTimer::kProgress, next);
}

void Session::fault(Time now, ErrorCode code, const std::string& reason) {
  if (state_ == SessionState::kClosing || state_ == SessionState::kClosed) return;
  farewell_ = GoodbyeMessage{static_cast<std::uint64_t>(code), printable(reason), {}};
  by_fault_ = true;
  advance(now, SessionInput::kFault);
  end_transfers("connection failed: " + farewell_.reason);
  control_.clear();
  send(ErrorMessage{farewell_.code, farewell_.reason, {}});
}

void Session::close(Time now, ErrorCode code, const std::string& reason) {
  if (state_ == SessionState::kClosing || state_ == SessionState::kClosed) return;
  farewell_ = GoodbyeMessage{static_cast<std::uint64_t>(code), printable(reason), {}};
  advance(now, SessionInput::kClose);
  end_transfers("connection closed: " + farewell_.reason);
  send(farewell_);
}

void Session::on_flushed(Time now) { advance(now, SessionInput::kFlushed); }

void Session::on_end(Time now) {
  if (state_ == SessionState::kClosed) return;
  if (state_ != SessionState::kClosing) {
    farewell_ =
        GoodbyeMessage{static_cast<std::uint64_t>(ErrorCode::kEndOfStream), "the stream ended early", {}};
    by_peer_ = true;
  }
  advance(now, SessionInput::kEnd);
}

void Session::on_peer_close(Time now, std::uint64_t code, const std::string& reason) {
  if (state_ == SessionState::kClosed) return;
  if (state_ != SessionState::kClosing) {
    farewell_ = GoodbyeMessage{code, printable(reason), {}};
    by_peer_ = true;
  }
  advance(now, SessionInput::kPeerFarewell);
}

std::optional<ControlFrame> Session::next_control() {
  if (control_.empty()) return std::nullopt;
  ControlFrame frame = std::move(control_.front());
  control_.pop_front();
  return frame;
}

std::optional<Event> Session::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace kvferry
