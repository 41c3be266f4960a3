// SPDX-License-Identifier: MIT
//
// Runs a fault plan: connections come and go, links break and heal, and two
// applications want cards from each other until each wish is settled. What must
// hold is checked all the way; the first thing that does not is the outcome.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "protocol/base/crc32c.h"
#include "tests/protocol/fault_wish.h"

namespace kvferry::test {

struct FaultOutcome {
  std::string failure;       // empty: everything held
  std::uint64_t trace = 0;   // of every datagram or byte, event and moment
  std::uint64_t chunks = 0;  // that arrived
  std::uint64_t attempts = 0;
  std::int64_t most_heap_bytes = 0;  // of one connection
  Duration lasted{};
};

class FaultWorld {
 public:
  explicit FaultWorld(FaultPlan plan) : plan_(std::move(plan)), stream_(plan_.binding == Binding::kStream) {
    for (const WishPlan& wish : plan_.wishes) {
      wishes_.push_back(std::make_unique<Wish>(findings_, wish, plan_.seed * 64 + wishes_.size()));
      later(wish.begins, [this, &wish = *wishes_.back()] { try_begin(wish); });
    }
    for (const Fault& fault : plan_.faults) later(fault.at, [this, fault] { strike(fault); });
    later(plan_.heals_at, [this] { heal(); });
    connect();
  }

  [[nodiscard]] FaultOutcome run() {
    constexpr std::uint64_t kMaxSteps = 1'000'000;
    for (std::uint64_t step = 0; findings_.first().empty(); ++step) {
      drain_all();
      if (finished()) break;
      const auto next = next_time();
      findings_.expect(next.has_value() && step < kMaxSteps, "a bounded number of steps");
      if (!next) break;
      now_ = std::max(now_, *next);
      findings_.expect(now_ < healed_at() + std::chrono::minutes(15), "every wish is settled in the end");
      act();
    }
    FaultOutcome outcome{findings_.first(), trace_, 0, 0, most_heap_bytes_, now_ - kStart};
    for (const auto& wish : wishes_) outcome.attempts += static_cast<std::uint64_t>(wish->attempt);
    outcome.chunks = chunks_;
    return outcome;
  }

 private:
  struct Attempt {
    Wish* wish = nullptr;
    int number = 0;
  };

  // One connection, as both sides see it.
  struct Channel {
    FaultLink to_server;
    FaultLink to_client;
    std::unique_ptr<CheckedEnd> client{};
    std::unique_ptr<CheckedEnd> server{};
    PathId client_path = 0;
    Time born{};
    bool broken = false;  // a side has lost its state, and what the other one hears is no surprise
    std::map<TransferId, Attempt> attempts{};

    [[nodiscard]] std::unique_ptr<CheckedEnd>& end(bool client_side) { return client_side ? client : server; }
  };

  // --- time

  [[nodiscard]] Time healed_at() const { return kStart + plan_.heals_at; }
  void later(Duration after, std::function<void()> deed) { agenda_.emplace(now_ + after, std::move(deed)); }

  [[nodiscard]] std::optional<Time> next_time() {
    std::optional<Time> next;
    const auto consider = [&](std::optional<Time> at) {
      if (at && (!next || *at < *next)) next = at;
    };
    if (!agenda_.empty()) consider(agenda_.begin()->first);
    for (Channel& channel : channels_) {
      for (FaultLink* link : {&channel.to_server, &channel.to_client}) {
        consider(link->next());
        if (!link->writable(now_)) consider(std::max(link->writable_at(), now_ + milliseconds(1)));
      }
      for (bool side : {true, false}) {
        if (!channel.end(side)) continue;
        if (auto timer = channel.end(side)->next_timeout()) consider(*timer + plan_.timer_lateness);
      }
    }
    return next;
  }

  void act() {
    while (!agenda_.empty() && agenda_.begin()->first <= now_) {
      auto deed = agenda_.extract(agenda_.begin());
      deed.mapped()();
      drain_all();
    }
    for (Channel& channel : channels_) {
      deliver(channel, channel.to_server, false);
      deliver(channel, channel.to_client, true);
      for (bool side : {true, false}) {
        auto& end = channel.end(side);
        const auto timer = end ? end->next_timeout() : std::nullopt;
        if (timer && *timer + plan_.timer_lateness <= now_ && end->handle_timeout(now_)) drain(channel, side);
      }
    }
  }

  // --- bytes

  void deliver(Channel& channel, FaultLink& link, bool to_client) {
    while (auto arrival = link.take(now_)) {
      auto& end = channel.end(to_client);
      if (!end) continue;
      end->handle(now_, arrival->bytes, arrival->path);
      drain(channel, to_client);
    }
  }

  void drain_all() {
    for (Channel& channel : channels_) {
      while (int{drain(channel, true)} + int{drain(channel, false)} > 0) {
      }
    }
  }
  bool drain(Channel& channel, bool client_side) {
    auto& end = channel.end(client_side);
    if (!end) return false;
    FaultLink& link = client_side ? channel.to_server : channel.to_client;
    const CheckedEnd::Driver driver{
        [&] { return link.writable(now_); },
        [&](Bytes bytes, PathId path) { send(channel, link, client_side, std::move(bytes), path); },
        [&](const Event& event) { react(channel, client_side, event); }};
    const bool any = end->drain(now_, driver);
    most_heap_bytes_ = std::max(most_heap_bytes_, end->heap().most_bytes);
    return any;
  }
  void send(Channel& channel, FaultLink& link, bool from_client, Bytes bytes, PathId path) {
    note(crc32c(bytes));
    note(static_cast<std::uint64_t>(now_.time_since_epoch().count()) * 2 + from_client);
    if (!from_client && path != channel.client_path) return;  // the client is no longer there
    link.send(now_, std::move(bytes), from_client ? channel.client_path : 0);
  }
  void note(std::uint64_t what) { trace_ = (trace_ ^ what) * 0x9E3779B97F4A7C15u + (trace_ >> 29); }

  // --- connections

  void connect() {
    const std::uint64_t nth = channels_.size();
    FaultLink::Options there = plan_.to_server;
    FaultLink::Options back = plan_.to_client;
    there.link.seed += nth;
    back.link.seed += nth;
    Channel channel{FaultLink(there, stream_), FaultLink(back, stream_)};
    channel.born = now_;
    ConnectionConfig client = plan_.client;
    ConnectionConfig server = plan_.server;
    client.seed += nth;
    server.seed += nth;
    client.token = token_;
    server.address_validated = server.address_validated || !token_.empty();
    channel.client = make_end(client);
    channel.server = make_end(server);
    if (now_ >= healed_at()) heal(channel);
    channels_.push_back(std::move(channel));
  }
  std::unique_ptr<CheckedEnd> make_end(const ConnectionConfig& config) {
    auto end = std::make_unique<CheckedEnd>(findings_, config, now_);
    const std::uint64_t offered =
        std::min(config.hello.limits.initial_credit_bytes, FaultPlanner::kMaxCardBytes) * wishes_.size();
    end->delay_checks_by_up_to(plan_.checks_take);
    const bool repairs = !stream_ && (config.hello.features & kFeatureRepair) != 0;
    end->limit_memory(kMostOtherBytes + (repairs ? kMostRepairBytes : 0) +
                      static_cast<std::int64_t>(offered));
    return end;
  }
  void heal() {
    for (Channel& channel : channels_) heal(channel);
  }
  void heal(Channel& channel) {
    channel.to_server.heal(now_, plan_.healed_bits_per_s);
    channel.to_client.heal(now_, plan_.healed_bits_per_s);
  }

  void strike(const Fault& fault) {
    Channel& channel = channels_.back();
    switch (fault.kind) {
      case FaultKind::kSilence:
        if (fault.to_server) channel.to_server.silence(now_ + fault.lasts);
        if (fault.to_client) channel.to_client.silence(now_ + fault.lasts);
        return;
      case FaultKind::kMtuDrop:
        if (fault.to_server) channel.to_server.set_mtu(fault.mtu_bytes);
        if (fault.to_client) channel.to_client.set_mtu(fault.mtu_bytes);
        return;
      case FaultKind::kRateStep:
        channel.to_server.scale_rate(fault.rate_factor);
        return channel.to_client.scale_rate(fault.rate_factor);
      case FaultKind::kMove:
        ++channel.client_path;
        return;
      case FaultKind::kRestartClient:
        return restart(channel, true, fault.to_client);
      case FaultKind::kRestartServer:
        return restart(channel, false, fault.to_client);
    }
  }

  // told: the system closes its streams. What was in memory is lost; sinks are disks.
  void restart(Channel& channel, bool client_side, bool told) {
    channel.broken = true;
    channel.end(client_side).reset();
    if (!client_side && !stream_) channel.server = make_end(plan_.server);
    if (stream_ && told && channel.end(!client_side)) channel.end(!client_side)->handle_end(now_);
    for (const auto& [id, attempt] : channel.attempts) {
      const bool receives = attempt.wish->plan.to_client == client_side;
      if (receives || !attempt.wish->seen) fail(attempt);
    }
    if (client_side) return connect();
    // The new server may take up a handshake that the old one began; the client gives up on it at last.
    later(std::chrono::seconds(90), [this, &channel] {
      if (channel.client) channel.client->call([&](Connection& c) { c.close(now_); });
    });
  }

  // --- wishes

  [[nodiscard]] bool all_settled() const {
    return std::ranges::all_of(wishes_,
                               [](const auto& wish) { return wish->settled != Wish::Settled::kNot; });
  }

  // Once everything is settled and healed, both sides must know, and then say goodbye.
  [[nodiscard]] bool finished() {
    if (!all_settled() || now_ < healed_at()) return false;
    const bool quiet = std::ranges::all_of(channels_, [](Channel& channel) {
      return (!channel.client || channel.client->open_transfers().empty()) &&
             (!channel.server || channel.server->open_transfers().empty());
    });
    if (!quiet) return false;
    CheckedEnd* client = channels_.back().client.get();
    if (client && !client->closed()) client->call([&](Connection& c) { c.close(now_); });
    drain_all();
    return std::ranges::all_of(channels_, [](Channel& channel) {
      return (!channel.client || channel.client->closed()) && (!channel.server || channel.server->closed());
    });
  }

  void try_begin(Wish& wish) {
    if (wish.settled != Wish::Settled::kNot || wish.open) return;
    Channel& channel = channels_.back();
    const bool asks = wish.plan.to_client != wish.plan.offered;  // the client
    auto& end = channel.end(asks);
    if (!end || end->closed() || (channel.broken && !asks)) {
      return later(milliseconds(500), [this, &wish] { try_begin(wish); });
    }
    wish.begin();
    wish.asked_at = now_;
    findings_.expect(wish.attempt < 100, "a bounded number of attempts");
    const TransferId id =
        wish.plan.offered ? end->offer(now_, wish.source) : end->request(now_, wish.options(), wish.sink);
    wish.seen = !wish.plan.offered;
    channel.attempts[id] = {&wish, wish.attempt};
    drain(channel, asks);
  }
  // The attempt came to nothing; another one follows.
  void fail(const Attempt& attempt) {
    Wish& wish = *attempt.wish;
    if (!wish.open || wish.attempt != attempt.number) return;
    wish.open = false;
    const auto pause = static_cast<std::int64_t>(50 + wish.rng.below(2000));
    later(milliseconds(pause), [this, &wish] { try_begin(wish); });
  }
  void settle(Wish& wish, Wish::Settled how) {
    wish.open = false;
    wish.settled = how;
    if (how == Wish::Settled::kWhole)
      findings_.expect(wish.sink.whole(), "a card that is whole is all there");
  }

  // --- events

  void react(Channel& channel, bool client_side, const Event& event) {
    note(event.index());
    if (auto* closed = std::get_if<event::Closed>(&event)) return on_closed(channel, client_side, *closed);
    if (std::holds_alternative<event::Connected>(event)) return;
    const TransferId id = std::visit(
        [](const auto& e) -> TransferId {
          if constexpr (requires { e.id; }) return e.id;
          return 0;
        },
        event);
    const auto found = channel.attempts.find(id);
    if (found == channel.attempts.end()) return findings_.expect(false, "events name transfers that exist");
    const Attempt attempt = found->second;
    if (attempt.wish->plan.to_client == client_side)
      at_receiver(channel, *channel.end(client_side), id, attempt, event);
    else
      at_source(channel, *channel.end(client_side), id, attempt, event);
  }

  void on_closed(Channel& channel, bool client_side, const event::Closed& closed) {
    const bool usual = closed.code == ErrorCode::kIdle || closed.code == ErrorCode::kHandshake ||
                       closed.code == ErrorCode::kNone || closed.code == ErrorCode::kEndOfStream;
    if (!usual && !channel.broken) findings_.expect(false, ("closed: " + closed.reason).c_str());
    for (const auto& [id, attempt] : channel.attempts) {
      const bool receives = attempt.wish->plan.to_client == client_side;
      if (receives || !attempt.wish->seen) fail(attempt);
    }
    if (!client_side || &channel != &channels_.back() || all_settled()) return;
    token_ = channel.client->connection().token();
    later(milliseconds(100), [this, &channel] {
      if (&channel == &channels_.back()) connect();
    });
  }

  void at_source(Channel& channel, CheckedEnd& end, TransferId id, const Attempt& attempt,
                 const Event& event) {
    Wish& wish = *attempt.wish;
    if (std::holds_alternative<event::Requested>(event)) return on_requested(channel, end, id, wish);
    if (std::holds_alternative<event::Confirmed>(event)) {
      findings_.expect(wish.settled != Wish::Settled::kNot, "Confirmed only when the receiver has confirmed");
    }
    const bool over = std::holds_alternative<event::Refused>(event) ||
                      std::holds_alternative<event::Rejected>(event) ||
                      std::holds_alternative<event::Cancelled>(event);
    if (over && wish.plan.offered && !wish.seen) fail(attempt);
  }

  void on_requested(Channel& channel, CheckedEnd& end, TransferId id, Wish& wish) {
    if (wish.plan.refused) {
      end.call([&](Connection& c) { c.refuse(now_, id, "not today", TransferError::kNotHere); });
      return end.ended(id);
    }
    const ChunkRanges known = wish.some(wish.plan.known);
    end.call([&](Connection& c) { c.provide(now_, id, wish.source, known); });
    begun_by_source(channel, end, id, wish);
  }
  void begun_by_source(Channel& channel, CheckedEnd& end, TransferId id, Wish& wish) {
    const bool side = !wish.plan.to_client;
    if (wish.plan.source_level)
      end.call([&](Connection& c) { c.set_level(now_, id, *wish.plan.source_level); });
    if (wish.plan.skipped > 0) {
      later(milliseconds(static_cast<std::int64_t>(wish.rng.below(200))), [this, &channel, &wish, side, id] {
        const ChunkRanges chunks = wish.some(wish.plan.skipped);
        if (auto& source = channel.end(side)) source->call([&](Connection& c) { c.skip(now_, id, chunks); });
      });
    }
    if (!wish.plan.source_cancels_after) return;
    later(*wish.plan.source_cancels_after, [this, &channel, side, id] {
      auto& source = channel.end(side);
      if (!source) return;
      source->call([&](Connection& c) { c.cancel(now_, id, "changed its mind"); });
      source->ended(id);
    });
  }

  void at_receiver(Channel& channel, CheckedEnd& end, TransferId id, const Attempt& attempt,
                   const Event& event) {
    Wish& wish = *attempt.wish;
    if (std::holds_alternative<event::Offered>(event)) return on_offered(channel, end, id, attempt);
    if (!wish.open || wish.attempt != attempt.number) return;  // it is over for the application
    if (std::holds_alternative<event::ManifestArrived>(event)) return on_manifest(end, id, wish);
    if (auto* chunk = std::get_if<event::ChunkArrived>(&event))
      return on_chunk(channel, end, id, wish, *chunk);
    if (auto* skipped = std::get_if<event::Skipped>(&event)) return on_skipped(wish, *skipped);
    if (auto* complete = std::get_if<event::Complete>(&event)) return on_complete(end, id, wish, *complete);
    if (auto* stopped = std::get_if<event::Stopped>(&event)) {
      findings_.expect(wish.plan.stop_after && stopped->chunks_verified == wish.arrived, "stopped as asked");
      return confirm(end, id, wish, Wish::Settled::kInPart);
    }
    if (auto* refused = std::get_if<event::Refused>(&event))
      return on_failed(channel, attempt, refused->code);
    if (auto* rejected = std::get_if<event::Rejected>(&event))
      return on_failed(channel, attempt, rejected->code);
    if (auto* cancelled = std::get_if<event::Cancelled>(&event))
      return on_failed(channel, attempt, cancelled->code);
  }

  void on_offered(Channel& channel, CheckedEnd& end, TransferId id, const Attempt& attempt) {
    Wish& wish = *attempt.wish;
    const bool late = !wish.open || wish.attempt != attempt.number;
    if (late || wish.plan.refused) {
      end.call([&](Connection& c) { c.refuse(now_, id, "not wanted"); });
      end.ended(id);
      if (!late) settle(wish, Wish::Settled::kNotAtAll);
      return;
    }
    wish.seen = true;
    end.call([&](Connection& c) { c.accept(now_, id, wish.sink, wish.accept_options()); });
    if (auto& source = channel.end(!wish.plan.to_client)) begun_by_source(channel, *source, id, wish);
  }

  void on_manifest(CheckedEnd& end, TransferId id, Wish& wish) {
    if (wish.plan.preferred > 0)
      end.call([&](Connection& c) { c.prefer(now_, id, wish.some(wish.plan.preferred)); });
    if (wish.plan.receiver_level)
      end.call([&](Connection& c) { c.set_level(now_, id, *wish.plan.receiver_level); });
  }

  void on_chunk(Channel& channel, CheckedEnd& end, TransferId id, Wish& wish,
                const event::ChunkArrived& chunk) {
    ++chunks_;
    ++wish.arrived;
    wish.arrived_bytes += chunk.size_bytes;
    findings_.expect(!wish.skipped.contains(chunk.index), "what is skipped does not arrive");
    later(plan_.release_after, [this, &channel, side = wish.plan.to_client, id, index = chunk.index] {
      if (auto& receiver = channel.end(side))
        receiver->call([&](Connection& c) { c.release(now_, id, index); });
    });
    if (wish.plan.receiver_cancels_after == wish.arrived) {
      end.call([&](Connection& c) { c.cancel(now_, id, "enough"); });
      end.ended(id);
      return settle(wish, Wish::Settled::kNotAtAll);
    }
    if (wish.plan.stop_after == wish.arrived) end.call([&](Connection& c) { c.stop(now_, id); });
  }

  void on_skipped(Wish& wish, const event::Skipped& skipped) {
    findings_.expect(wish.may_skip_for(skipped.reason), "skipped only for a reason that there is");
    skipped.chunks.for_each([&](std::uint32_t chunk) {
      findings_.expect(!wish.skipped.contains(chunk), "skipped once");
      wish.skipped.add(chunk);
    });
  }

  void on_complete(CheckedEnd& end, TransferId id, Wish& wish, const event::Complete& complete) {
    findings_.expect(complete.chunks_skipped == wish.skipped.size(), "Complete counts what was skipped");
    findings_.expect(wish.has_or_skips_all(), "Complete only when everything is there or skipped");
    const bool budget_counts = wish.plan.byte_budget && wish.plan.known == 0;
    const std::uint64_t most = wish.plan.byte_budget.value_or(0) + wish.sink.partial_bytes();
    findings_.expect(!budget_counts || wish.arrived_bytes <= most, "no more than the byte budget");
    if (wish.plan.rejected) {
      end.call([&](Connection& c) { c.reject(now_, id, "cannot be used", TransferError::kStorage); });
      end.ended(id);
      return settle(wish, Wish::Settled::kNotAtAll);
    }
    confirm(end, id, wish, wish.skipped.empty() ? Wish::Settled::kWhole : Wish::Settled::kInPart);
  }
  void confirm(CheckedEnd& end, TransferId id, Wish& wish, Wish::Settled how) {
    settle(wish, how);
    end.call([&](Connection& c) { c.confirm(now_, id); });
    end.ended(id);
  }

  void on_failed(Channel& channel, const Attempt& attempt, TransferError code) {
    Wish& wish = *attempt.wish;
    if (code == TransferError::kBusy) return fail(attempt);
    if (code == TransferError::kStalled) {
      const bool early = now_ < healed_at() + std::chrono::seconds(75) && wish.asked_at < healed_at();
      findings_.expect(channel.broken || early, "on a healed link nothing stands still");
      return fail(attempt);
    }
    const bool expected = wish.plan.refused || wish.plan.too_good || wish.plan.source_cancels_after;
    if (channel.broken && !expected) return fail(attempt);  // a new server took the old one's handshake up
    findings_.expect(expected, "a transfer fails only for a reason that there is");
    settle(wish, Wish::Settled::kNotAtAll);
  }

  static constexpr Time kStart = time_from_ns(1'000'000'000);
  static constexpr std::int64_t kMostOtherBytes = 1
                                                  << 20;  // early data, manifests, records of packets, queues
  static constexpr std::int64_t kMostRepairBytes = 2 << 20;

  FaultPlan plan_;
  bool stream_;
  Time now_ = kStart;
  Findings findings_;
  std::multimap<Time, std::function<void()>> agenda_;
  std::vector<std::unique_ptr<Wish>> wishes_;
  std::list<Channel> channels_;
  Bytes token_;
  std::uint64_t trace_ = 0;
  std::uint64_t chunks_ = 0;
  std::int64_t most_heap_bytes_ = 0;
};

[[nodiscard]] inline FaultOutcome run_faults(Binding binding, std::uint64_t seed, bool late_checks = false) {
  const FaultPlan plan = FaultPlanner(binding, seed).plan();
  return FaultWorld(late_checks ? with_late_checks(plan) : plan).run();
}

}  // namespace kvferry::test
