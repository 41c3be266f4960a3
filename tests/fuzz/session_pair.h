// SPDX-License-Identifier: MIT
//
// A pair of connections, both applications and the link between them, driven by bytes: operation (8 bits) |
// argument (8). What was sent lies in a queue until an operation delivers it, or does something worse. In the
// end everything is delivered and both sides close: they must get there, and nothing wrong may be released on
// the way. The client's digests are checked by its driver, which may take its time.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <set>
#include <utility>

#include "tests/fuzz/sessions.h"
#include "tests/fuzz/target.h"
#include "tests/protocol/checked_end.h"

namespace kvferry::fuzz {

class SessionPair {
 public:
  explicit SessionPair(Binding binding) : stream_(binding == Binding::kStream) {
    for (const bool client : {true, false}) {
      ConnectionConfig config = stream_config(client ? Role::kClient : Role::kServer);
      config.binding = binding;
      config.seed = client;
      config.grease = true;
      config.max_data_bytes = 100;
      config.hello.limits = {4096, 100, 400, 10'000, 3, 400, 600, {}};
      if (client) config.verification = Verification::kDeferred;
      if (!client) config.credit = CreditPolicy::kWhenReleased;
      if (!client) config.repair = Repair::kByBenefit;
      config.repair_loss_floor = 0.05;
      side(client).end = std::make_unique<test::CheckedEnd>(findings_, config, now_);
    }
    drain();
  }

  void operate(std::uint8_t operation, std::uint8_t argument) {
    const bool client = argument % 2 == 0;
    if (operation % 4 == 0)
      link_operation(operation / 4, argument, client);
    else
      application_operation(operation / 4 % 14, argument / 2, side(client));
    drain();
    check();
  }

  void finish() {
    if (!flipped_) settle();
    for (const bool client : {true, false}) side(client).end->call([&](Connection& c) { c.close(now_); });
    settle();
    for (const bool client : {true, false})
      require(side(client).end->closed(), "both sides get to the end of a connection");
  }

 private:
  struct Incoming {
    test::CheckedSink* sink = nullptr;
    std::set<std::uint32_t> unreleased{};
  };
  struct Side {
    std::unique_ptr<test::CheckedEnd> end;
    std::deque<std::pair<Bytes, PathId>> sent;  // and not yet delivered
    std::deque<TransferId> asked;               // Requested or Offered, not answered
    std::map<TransferId, Incoming> incoming;
  };

  static const std::vector<Card>& cards() {
    static const std::vector<Card> all = {test::sample_card(1, 1, 10), test::sample_card(2, 4, 400),
                                          test::sample_card(3, 40, 60)};
    return all;
  }
  static const std::shared_ptr<CardSource>& source(std::size_t which) {
    static const std::vector<std::shared_ptr<CardSource>> all = {std::make_shared<CardSource>(cards()[0]),
                                                                 std::make_shared<CardSource>(cards()[1]),
                                                                 std::make_shared<CardSource>(cards()[2])};
    return all[which];
  }

  Side& side(bool client) { return sides_[client ? 0 : 1]; }
  Side& other(const Side& of) { return sides_[&of == &sides_[0] ? 1 : 0]; }
  test::CheckedSink& new_sink(std::size_t which) {
    test::CheckedSink& sink = sinks_.emplace_back(findings_, cards()[which]);
    sink.expect_attempt();
    return sink;
  }
  // The card that both applications mean by a transfer.
  [[nodiscard]] static std::size_t card_of(TransferId id) { return id / 2 % cards().size(); }
  [[nodiscard]] static TransferId pick(const Side& of, std::uint8_t argument) {
    const auto& open = of.end->open_transfers();
    if (open.empty()) return argument;
    auto at = open.begin();
    std::advance(at, argument % open.size());
    return *at;
  }
  [[nodiscard]] static ChunkRanges some_chunks(std::uint8_t argument) {
    ChunkRanges chunks;
    for (std::uint32_t i = 0; i < 8; ++i) {
      if ((argument >> i & 1) != 0) chunks.add(i * i);
    }
    return chunks;
  }

  void link_operation(std::uint8_t operation, std::uint8_t argument, bool client) {
    auto& sent = side(client).sent;
    if (operation % 8 == 0) return advance(milliseconds(std::int64_t{1} << argument / 2 % 16));
    if (operation % 8 == 1 && !stream_) return void(++path_);
    if (sent.empty()) return;
    // A stream keeps its order, and few bits flip in it: each ends the connection.
    const bool in_order = stream_ && (operation % 8 != 4 || argument >= 8);
    switch (in_order ? 2 + operation % 2 : operation % 8) {
      case 2:
        return deliver(client, argument);
      case 3:
        return deliver(client, 255);
      case 4:
        return flip(client, sent.front().first, argument);
      case 5:
        return sent.pop_front();
      case 6:
        return sent.push_back(sent.front());
      default:
        std::swap(sent.front(), sent.back());
    }
  }
  void flip(bool from_client, Bytes& bytes, std::uint8_t argument) {
    flipped_ = true;
    if (stream_) {
      for (auto& [id, incoming] : side(!from_client).incoming) incoming.sink->expect_damaged_partial();
    }
    bytes[argument * std::size_t{31} % bytes.size()] ^= static_cast<std::uint8_t>(1 << argument % 8);
  }
  void deliver(bool from_client, std::uint8_t most) {
    Side& from = side(from_client);
    Side& to = side(!from_client);
    for (std::size_t n = std::min<std::size_t>(from.sent.size(), 1 + most / 2); n > 0; --n) {
      auto [bytes, path] = std::move(from.sent.front());
      from.sent.pop_front();
      if (stream_ && most < 64 && bytes.size() > most) {  // only the beginning
        from.sent.emplace_front(Bytes(bytes.begin() + 1 + most / 2, bytes.end()), path);
        bytes.resize(1 + most / 2);
      }
      to.end->handle(now_, bytes, from_client ? path : 0);
      drain();
    }
  }
  void advance(Duration duration) {
    const Time until = now_ + duration;
    for (int i = 0; i < 64; ++i) {
      std::optional<Time> next;
      for (const Side& one : sides_) {
        const auto timer = one.end->next_timeout();
        if (timer && (!next || *timer < *next)) next = timer;
      }
      if (!next || *next > until) break;
      now_ = std::max(now_, *next);
      for (Side& one : sides_) {
        if (one.end->handle_timeout(now_)) drain();
      }
    }
    now_ = std::max(now_, until);
    for (Side& one : sides_) {
      while (one.end->handle_timeout(now_)) drain();
    }
  }

  void application_operation(int operation, std::uint8_t argument, Side& at) {
    test::CheckedEnd& end = *at.end;
    const TransferId id = pick(at, argument);
    const auto call = [&](auto&& command) { end.call(command); };
    switch (operation) {
      case 0:
        return end.closed() ? void() : request(at, argument);
      case 1:
        return end.closed() ? void() : offer(at, argument % 2 != 0);
      case 2:
      case 3:
        return answer(at, argument, operation == 3);
      case 4:
        return call([&](Connection& c) { c.stop(now_, id); });
      case 5:
        return call([&](Connection& c) { c.confirm(now_, id); });
      case 6:
        return call([&](Connection& c) { c.reject(now_, id, "reason"); });
      case 7:
        return call([&](Connection& c) { c.cancel(now_, id, "reason"); });
      case 8:
        return call([&](Connection& c) { c.set_level(now_, id, argument % 3); });
      case 9:
        return call([&](Connection& c) { c.skip(now_, id, some_chunks(argument)); });
      case 10:
        return call([&](Connection& c) { c.prefer(now_, id, some_chunks(argument)); });
      case 11:
        return release(at, id);
      case 12:
        if (argument == 0) return call([&](Connection& c) { c.close(now_); });
        return end.delay_checks_by_up_to(milliseconds(16 * (argument - 1)));
      default:
        return deliver(&at == &sides_[0], argument);
    }
  }
  void request(Side& at, std::uint8_t argument) {
    const TransferId id = next_id_[&at == &sides_[0] ? 0 : 1];
    next_id_[&at == &sides_[0] ? 0 : 1] += 2;
    test::CheckedSink& sink = new_sink(card_of(id));
    RequestOptions options;
    if (argument % 4 == 1) options.byte_budget = argument * 4u;
    if (argument % 8 == 2) options.deadline = milliseconds(argument);
    options.manifest_first = argument % 8 == 3;
    if (argument % 8 == 4) options.bases = DigestList({Digest{}});
    if (argument % 8 == 5) {
      options.card = cards()[card_of(id)].digest();
      sink.hold(0);
      options.held = sink.name_held();
    }
    (void)end_request(at, options, sink, id);
  }
  TransferId end_request(Side& at, const RequestOptions& options, test::CheckedSink& sink, TransferId id) {
    const TransferId given = at.end->request(now_, options, sink);
    require(given == id, "transfer numbers are used once, in order");
    at.incoming[id] = {&sink};
    return given;
  }
  void offer(Side& at, bool eager) {
    const TransferId id = next_id_[&at == &sides_[0] ? 0 : 1];
    next_id_[&at == &sides_[0] ? 0 : 1] += 2;
    require(at.end->offer(now_, source(card_of(id)), eager) == id,
            "transfer numbers are used once, in order");
  }
  void answer(Side& at, std::uint8_t argument, bool refuse) {
    if (at.asked.empty()) return;
    const TransferId id = at.asked.front();
    at.asked.pop_front();
    const bool offered = at.incoming.contains(id);
    at.end->call([&](Connection& c) {
      if (refuse) return c.refuse(now_, id, "reason");
      if (offered) return c.accept(now_, id, *at.incoming[id].sink);
      c.provide(now_, id, source(card_of(id)), argument % 8 == 4 ? some_chunks(argument) : ChunkRanges());
    });
  }
  void release(Side& at, TransferId id) {
    const auto found = at.incoming.find(id);
    if (found == at.incoming.end()) return;
    for (const std::uint32_t chunk : std::exchange(found->second.unreleased, {}))
      at.end->call([&](Connection& c) { c.release(now_, id, chunk); });
  }

  void drain() {
    while (int{drain(sides_[0])} + int{drain(sides_[1])} > 0) {
    }
  }
  bool drain(Side& at) {
    const bool client = &at == &sides_[0];
    return at.end->drain(now_, {[&] { return !stream_ || at.sent.size() < 64; },
                                [&](Bytes bytes, PathId path) {
                                  at.sent.emplace_back(std::move(bytes), client ? path_ : path);
                                },
                                [&](const Event& event) { react(at, event); }});
  }
  void react(Side& at, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event)) at.asked.push_back(wanted->id);
    if (auto* offered = std::get_if<event::Offered>(&event)) {
      at.incoming[offered->id] = {&new_sink(card_of(offered->id))};
      at.asked.push_back(offered->id);
    }
    if (auto* chunk = std::get_if<event::ChunkArrived>(&event))
      at.incoming[chunk->id].unreleased.insert(chunk->index);
    if (auto* closed = std::get_if<event::Closed>(&event)) {
      const bool faulty = closed->code == ErrorCode::kMalformed || closed->code == ErrorCode::kUnexpected ||
                          closed->code == ErrorCode::kLimit || closed->code == ErrorCode::kAcknowledgement ||
                          closed->code == ErrorCode::kInternal || closed->code == ErrorCode::kUnknownCritical;
      if (faulty && !(flipped_ && stream_)) std::fprintf(stderr, "%s\n", closed->reason.c_str());
      require(!faulty || (flipped_ && stream_), "honest peers find no fault with each other");
    }
  }

  // Everything is delivered for up to two minutes.
  void settle() {
    settled_at_ = now_;
    for (int i = 0; i < 1200 && !settled(); ++i) {
      bool any = false;
      for (int j = 0; j < 64 && !(sides_[0].sent.empty() && sides_[1].sent.empty()); ++j, any = true) {
        deliver(true, 255);
        deliver(false, 255);
      }
      for (Side& at : sides_) {
        while (!at.asked.empty()) answer(at, 0, false), drain();
        for (auto& [id, incoming] : at.incoming) release(at, id);
      }
      if (!any && now_ > settled_at_ + std::chrono::seconds(130)) break;
      advance(milliseconds(any ? 20 : 1000));
    }
    check();
  }
  [[nodiscard]] bool settled() const {
    if (sides_[0].end->closed() && sides_[1].end->closed()) return true;
    const bool established =
        sides_[0].end->connection().is_established() && sides_[1].end->connection().is_established();
    return established && sides_[0].end->open_transfers().empty() && sides_[1].end->open_transfers().empty();
  }
  void check() { require(findings_.first().empty(), findings_.first().c_str()); }

  bool stream_;
  bool flipped_ = false;
  Time now_ = kNow;
  Time settled_at_ = kNow;
  test::Findings findings_;
  std::list<test::CheckedSink> sinks_;
  Side sides_[2];
  TransferId next_id_[2] = {0, 1};
  PathId path_ = 0;
};

inline void run_session_pair(Binding binding, ByteView input) {
  constexpr std::size_t kMostOperations = 256;
  SessionPair pair(binding);
  for (std::size_t i = 0; i + 1 < input.size() && i < 2 * kMostOperations; i += 2)
    pair.operate(input[i], input[i + 1]);
  pair.finish();
}

}  // namespace kvferry::fuzz
