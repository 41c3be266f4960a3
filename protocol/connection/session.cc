// SPDX-License-Identifier: MIT
//
// The life of a session: greeting, timers, closing.
#include "protocol/connection/session.h"

#include <algorithm>

#include "protocol/base/printable.h"

namespace kvferry {
namespace {

constexpr Duration kDrainTimeout = std::chrono::seconds(10);
constexpr Duration kMovedSilence = std::chrono::seconds(1);
constexpr std::uint64_t kGreaseOneIn = 16;

// What a transfer waits for from the peer, if it does.
const char* waits_for(const Transfer& transfer) {
  switch (transfer.state) {
    case TransferState::kAsked:
      return transfer.after && !transfer.assembler ? nullptr : "no manifest";
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

// What nobody knows, so that everybody learns to ignore it. SPEC.md, VER-1.
void add_grease(HelloMessage& hello, Rng& rng) {
  hello.hello.features |= std::uint64_t{1} << (32 + rng.below(16));
  hello.unknown.count = 1;
  hello.unknown.raw = {0xCC, static_cast<std::uint8_t>(128 + rng.below(16)),
                       static_cast<std::uint8_t>(rng.below(128))};
}

}  // namespace

Session::Session(const ConnectionConfig& config, Time now)
    : config_(config),
      rng_(config.seed ^ (config.role == Role::kServer ? 0x5E55u : 0xC11Eu)),
      next_own_id_(config.role == Role::kClient ? 0 : 1),
      next_peer_id_(config.role == Role::kClient ? 1 : 0),
      reported_at_(now) {
  Limits& limits = config_.hello.limits;
  limits.initial_credit_bytes = std::max(limits.initial_credit_bytes, limits.max_chunk_bytes);
  config_.hello.versions = {Hello::kVersion};
  config_.hello.idle_timeout_ms = static_cast<std::uint64_t>(to_us(config.idle_timeout) / 1000);
  HelloMessage hello;
  hello.hello = config_.hello;
  if (config_.grease) add_grease(hello, rng_);
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

void Session::queue_control(std::uint64_t type, Bytes body, std::optional<TransferId> source_of) {
  control_.push_back({type, std::move(body), source_of});
  if (config_.grease && state_ == SessionState::kOpen && rng_.below(kGreaseOneIn) == 0) queue_grease();
}

void Session::queue_grease() {
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
  std::optional<Duration> silence;
  if (idle > Duration::zero()) silence = idle / 3;
  if (may_have_moved()) silence = std::min(silence.value_or(moved_silence()), moved_silence());
  if (state_ == SessionState::kOpen && silence) timers_.arm(SessionTimer::kKeepAlive, now + *silence);
  if (!timers_.at(SessionTimer::kProgress)) arm_progress_timer(now);
}

Duration Session::moved_silence() const { return std::max(kMovedSilence, 3 * min_rtt_); }

// A client that only listens would never tell its server of a new address, which it may not know itself.
bool Session::may_have_moved() const {
  return config_.binding != Binding::kStream && config_.role == Role::kClient &&
         std::any_of(transfers_.begin(), transfers_.end(),
                     [](const auto& each) { return waits_for(each.second) != nullptr; });
}

// The first thing that could be due of transfers that stand still from now on.
void Session::arm_progress_timer(Time now) {
  std::optional<Duration> least;
  for (Duration timeout : {config_.progress_timeout, config_.give_up_timeout}) {
    if (timeout > Duration::zero()) least = std::min(least.value_or(timeout), timeout);
  }
  if (least) timers_.arm(SessionTimer::kProgress, now + *least);
}

void Session::handle_timeout(Time now) {
  while (auto timer = timers_.take_expired(now)) on_timer(now, *timer);
}

void Session::on_timer(Time now, SessionTimer timer) {
  switch (timer) {
    case SessionTimer::kHandshake:
      return fault(now, ErrorCode::kHandshake, "no HELLO within the handshake timeout");
    case SessionTimer::kIdle:
      return fault(now, ErrorCode::kIdle, "nothing heard within the idle timeout");
    case SessionTimer::kKeepAlive:
      // Not once only: a server that heard of the new address may have lost it again.
      if (may_have_moved()) timers_.arm(SessionTimer::kKeepAlive, now + moved_silence());
      return send(PingMessage{++ping_nonce_, {}});
    case SessionTimer::kProgress:
      return on_progress_timer(now);
    case SessionTimer::kDeadline:
      return expire_late(now);
    case SessionTimer::kDrain:
      return on_flushed(now);
    case SessionTimer::kCount:
      return;
  }
}

// Stalls are told again each time the timeout has passed; in the end the transfer is given up.
void Session::on_progress_timer(Time now) {
  arm_progress_timer(now);
  Time next = *timers_.at(SessionTimer::kProgress);
  std::vector<std::pair<TransferId, std::string>> hopeless;
  for (auto& [id, transfer] : transfers_) {
    const char* missing = waits_for(transfer);
    if (!missing || !transfer.being_checked.empty()) continue;  // the peer may be waiting for us
    if (config_.progress_timeout > Duration::zero()) {
      Time quiet_since = std::max(transfer.active_at, transfer.stalled_at);
      if (quiet_since + config_.progress_timeout <= now) {
        events_.push_back(event::Stalled{id, std::string(missing) + " for the progress timeout"});
        quiet_since = transfer.stalled_at = now;
      }
      next = std::min(next, quiet_since + config_.progress_timeout);
    }
    bool verdict = transfer.state == TransferState::kSent || transfer.state == TransferState::kEnded;
    Duration patience = verdict ? config_.verdict_timeout : config_.give_up_timeout;
    if (patience == Duration::zero()) continue;
    Time end = transfer.active_at + patience;
    if (end <= now)
      hopeless.emplace_back(id, std::string(missing) + " for the give-up timeout");
    else
      next = std::min(next, end);
  }
  for (const auto& [id, reason] : hopeless) fail_transfer(id, {TransferError::kStalled, reason});
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

void Session::on_end(Time now, const GoodbyeMessage& why, bool by_peer) {
  if (state_ == SessionState::kClosed) return;
  if (state_ != SessionState::kClosing) {
    farewell_ = {why.code, printable(why.reason), {}};
    by_peer_ = by_peer;
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
