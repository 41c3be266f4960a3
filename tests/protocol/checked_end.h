// SPDX-License-Identifier: MIT
//
// A connection under watch: every call is booked and checked. Its ledger adds
// up to what it handed out, its timers let time go by, its memory stays below a
// limit, and whoever drives it can ask which transfers are still open.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "protocol/connection/connection.h"
#include "tests/protocol/checked_sink.h"
#include "tests/protocol/late_checks.h"

namespace kvferry::test {

class CheckedEnd {
 public:
  // What a driver does for a connection.
  struct Driver {
    std::function<bool()> writable;
    std::function<void(Bytes, PathId)> send;
    std::function<void(const Event&)> react;
  };

  CheckedEnd(Findings& findings, const ConnectionConfig& config, Time now)
      : findings_(findings),
        stream_(config.binding == Binding::kStream),
        most_datagram_bytes_(std::max<std::size_t>(config.max_datagram_bytes, 1200) + 1) {
    const HeapScope scope(&heap_);
    checks_ = std::make_unique<LateChecks>(config.seed);
    connection_ = std::make_unique<Connection>(config, now);
  }
  ~CheckedEnd() {
    const HeapScope scope(&heap_);
    checks_.reset();
    connection_.reset();
  }
  CheckedEnd(const CheckedEnd&) = delete;
  CheckedEnd& operator=(const CheckedEnd&) = delete;

  // The most that it may hold; 0: not checked.
  void limit_memory(std::int64_t bytes) { most_heap_bytes_ = bytes; }

  // Verification::kDeferred: how long checks take at most; at first no time.
  void delay_checks_by_up_to(Duration most) { checks_->delay_by_up_to(most); }

  // Calls that open and end transfers go through here.
  template <typename Command>
  auto call(Command&& command) {
    const HeapScope scope(&heap_);
    return command(*connection_);
  }
  TransferId request(Time now, const RequestOptions& options, ChunkSink& sink) {
    const TransferId id = call([&](Connection& c) { return c.request(now, options, sink); });
    open_.insert(id);
    return id;
  }
  TransferId offer(Time now, std::shared_ptr<ChunkSource> source, bool eager = false) {
    const TransferId id = call([&](Connection& c) { return c.offer(now, "card", std::move(source), eager); });
    open_.insert(id);
    return id;
  }
  void ended(TransferId id) { open_.erase(id); }
  [[nodiscard]] const std::set<TransferId>& open_transfers() const { return open_; }

  void handle(Time now, ByteView bytes, PathId path) {
    count(now);
    taken_bytes_ += bytes.size();
    ++spins_allowed_;
    call([&](Connection& c) {
      stream_ ? static_cast<void>(c.handle_bytes(now, bytes)) : c.handle_datagram(now, bytes, path);
    });
  }
  void handle_end(Time now) {
    call([&](Connection& c) { c.handle_end_of_stream(now); });
  }
  // True if it was due, or a check is to be answered: by drain().
  bool handle_timeout(Time now) {
    const auto due = connection_->poll_timeout();
    if (!due || *due > now) return checks_->next().value_or(now + Duration(1)) <= now;
    count(now);
    ++timeouts_;
    findings_.expect(++timeouts_now_ <= 16, "timers: at most 16 timeouts at one moment");
    findings_.expect(timeouts_ <= 2000 + 4 * spins_allowed_, "timers: bounded timeouts in a second");
    call([&](Connection& c) { c.handle_timeout(now); });
    timed_out_ = true;
    return true;
  }

  // Drains both outputs. True if there was anything.
  bool drain(Time now, const Driver& driver) {
    bool any = false;
    while (drain_transmit(now, driver) || drain_checks(now) || drain_event(driver)) any = true;
    check(now);
    return any;
  }

  [[nodiscard]] std::optional<Time> next_timeout() const {
    const auto timer = connection_->poll_timeout();
    const auto check = checks_->next();
    return timer && check ? std::min(*timer, *check) : timer ? timer : check;
  }
  [[nodiscard]] bool closed() const { return connection_->is_closed(); }
  [[nodiscard]] const Connection& connection() const { return *connection_; }
  [[nodiscard]] const HeapAccount& heap() const { return heap_; }

 private:
  bool drain_transmit(Time now, const Driver& driver) {
    if (!driver.writable()) return false;
    auto out = call([&](Connection& c) { return c.poll_transmit(now); });
    if (!out) return false;
    ++spins_allowed_;
    Bytes bytes = out->head;
    append(bytes, out->payload.view());
    const PathId path = out->path;
    call([&](Connection&) { out.reset(); });
    handed_out_bytes_ += bytes.size();
    findings_.expect(stream_ || bytes.size() <= most_datagram_bytes_, "a datagram keeps to its size");
    driver.send(std::move(bytes), path);
    return true;
  }
  bool drain_checks(Time now) {
    return call([&](Connection& c) { return checks_->pump(now, c); });
  }
  bool drain_event(const Driver& driver) {
    auto event = call([&](Connection& c) { return c.poll_event(); });
    if (!event) return false;
    note(*event);
    findings_.expect(++events_ <= 100'000, "bounded events in a second");
    driver.react(*event);
    call([&](Connection&) { event.reset(); });
    return true;
  }
  void note(const Event& event) {
    findings_.expect(!closed_told_, "Closed is the last event");
    if (auto* requested = std::get_if<event::Requested>(&event)) open_.insert(requested->id);
    if (auto* offered = std::get_if<event::Offered>(&event)) open_.insert(offered->id);
    if (auto* confirmed = std::get_if<event::Confirmed>(&event)) open_.erase(confirmed->id);
    if (auto* rejected = std::get_if<event::Rejected>(&event)) open_.erase(rejected->id);
    if (auto* refused = std::get_if<event::Refused>(&event)) open_.erase(refused->id);
    if (auto* cancelled = std::get_if<event::Cancelled>(&event)) open_.erase(cancelled->id);
    if (std::holds_alternative<event::Closed>(event)) {
      closed_told_ = true;
      open_.clear();
    }
  }
  // Counts are per simulated second.
  void count(Time now) {
    if (now != moment_) timeouts_now_ = 0;
    moment_ = now;
    if (now - second_ < std::chrono::seconds(1)) return;
    second_ = now;
    timeouts_ = spins_allowed_ = events_ = 0;
  }
  void check(Time now) {
    const Ledger& ledger = connection_->ledger();
    findings_.expect(ledger.sent.total() == handed_out_bytes_, "the ledger adds up to what was handed out");
    findings_.expect(stream_ || ledger.received.total() == taken_bytes_, "and to the datagrams taken");
    findings_.expect(ledger.received.total() <= taken_bytes_, "and to no more than the bytes taken");
    const auto next = connection_->poll_timeout();
    if (std::exchange(timed_out_, false))
      findings_.expect(!next || *next > now, "timers: after a timeout the next one is later");
    findings_.expect(most_heap_bytes_ == 0 || heap_.live_bytes <= most_heap_bytes_,
                     "memory stays within what was offered");
  }

  Findings& findings_;
  bool stream_;
  std::size_t most_datagram_bytes_;
  HeapAccount heap_;
  std::int64_t most_heap_bytes_ = 0;
  std::unique_ptr<LateChecks> checks_;
  std::unique_ptr<Connection> connection_;
  std::set<TransferId> open_;
  bool closed_told_ = false;
  bool timed_out_ = false;
  std::uint64_t handed_out_bytes_ = 0;
  std::uint64_t taken_bytes_ = 0;
  Time moment_{};
  int timeouts_now_ = 0;
  Time second_{};
  std::uint64_t timeouts_ = 0;
  std::uint64_t spins_allowed_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace kvferry::test
