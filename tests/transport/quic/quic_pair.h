// SPDX-License-Identifier: MIT
//
// A QUIC client and a server's door and session on one virtual clock, over two
// virtual links. The client may change its address.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "tests/protocol/sample_cards.h"
#include "tests/protocol/virtual_link.h"
#include "tests/transport/quic/test_identity.h"
#include "transport/quic/gate.h"

namespace kvferry::test {

struct QuicPairOptions {
  LinkOptions to_server;
  LinkOptions to_client;
  QuicConfig client;
  QuicConfig server;
};

// The same link both ways; two who know each other's keys.
[[nodiscard]] inline QuicPairOptions quic_options(const LinkOptions& link, std::uint64_t seed) {
  static const TestIdentity kClient, kServer;
  QuicPairOptions options;
  options.to_server = options.to_client = link;
  options.to_server.seed = seed * 4 + 1;
  options.to_client.seed = seed * 4 + 2;
  options.client.connection.role = Role::kClient;
  options.server.connection.role = Role::kServer;
  options.client.connection.seed = seed * 4 + 3;
  options.server.connection.seed = seed * 4 + 4;
  options.client.fixed_seed = seed * 4 + 3;
  options.server.fixed_seed = seed * 4 + 4;
  options.client.credentials = credentials(kClient, kServer.pinned());
  options.server.credentials = credentials(kServer, kClient.pinned());
  options.server.secret.fill(7);
  return options;
}

struct QuicEnd {
  std::optional<QuicSession> session;
  VirtualLink out;
  std::vector<Event> log{};
  std::function<void(Time, const Event&)> on_event{};
  std::vector<Bytes> heard{};  // every datagram that came

  template <typename T>
  [[nodiscard]] const T* find() const {
    for (const Event& event : log) {
      if (const T* found = std::get_if<T>(&event)) return found;
    }
    return nullptr;
  }
  [[nodiscard]] Connection& connection() { return session->connection(); }
  // Bytes of kvferry, either way.
  [[nodiscard]] std::uint64_t application_bytes() const {
    if (!session) return 0;
    const Ledger& ledger = session->connection().ledger();
    return ledger.sent.total() + ledger.received.total();
  }
};

class QuicPair {
 public:
  explicit QuicPair(QuicPairOptions options)
      : server_config_(options.server),
        gate(options.server.secret, options.server.fixed_seed),
        client{QuicSession::client(options.client, now).value(), VirtualLink(options.to_server, false)},
        server{std::nullopt, VirtualLink(options.to_client, false)} {}

  // Runs until done() is true, nothing is left to do, `until` is reached or steps run out. True if done()
  // was.
  bool run(const std::function<bool()>& done, Time until = time_from_ns(600'000'000'000),
           std::uint64_t max_steps = 3'000'000) {
    for (std::uint64_t step = 0; step < max_steps; ++step) {
      pump();
      if (done()) return true;
      const auto next = next_time();
      if (!next || *next > until) return false;
      now = std::max(now, *next);
      while (auto bytes = client.out.take(now)) {
        if (!lost()) to_server(*bytes, client.out.taken_tag());
      }
      while (auto bytes = server.out.take(now)) {
        if (!lost()) to_client(*bytes);
      }
      for (QuicEnd* end : {&client, &server}) {
        if (!end->session) continue;
        const auto timer = end->session->poll_timeout();
        if (timer && *timer <= now) end->session->handle_timeout(now);
      }
    }
    return false;
  }
  void run_until(Time end) {
    (void)run([] { return false; }, end);
    now = std::max(now, end);
  }

  void pump() {
    while (pump(client) | pump(server)) {
    }
  }
  // As if the network had brought it.
  void to_server(ByteView datagram, PathId path) {
    server.heard.emplace_back(datagram.begin(), datagram.end());
    if (server.session && server.session->is_over()) ids_.clear();
    const auto destination = quic_destination(datagram);
    if (destination && ids_.contains(*destination)) {
      server.session->handle_datagram(now, datagram, path);
    } else {
      knock(datagram, path);
    }
    pump(server);
  }
  void to_client(ByteView datagram) {
    client.heard.emplace_back(datagram.begin(), datagram.end());
    client.session->handle_datagram(now, datagram);
    pump(client);
  }

 private:
  QuicConfig server_config_;

 public:
  Time now = time_from_ns(1'000'000'000);
  QuicGate gate;
  QuicEnd client;
  QuicEnd server;
  PathId client_address = 0;
  bool under_load = false;
  std::vector<QuicGate::Verdict> verdicts;
  std::function<bool(Time)> drops;  // what arrives then is lost
  std::string server_error;         // why there is no session

 private:
  [[nodiscard]] bool lost() const { return drops && drops(now); }

  void knock(ByteView datagram, PathId path) {
    const std::uint8_t address[] = {static_cast<std::uint8_t>(path)};
    auto decision = gate.judge(now, datagram, address, under_load);
    verdicts.push_back(decision.verdict);
    if (decision.verdict == QuicGate::Verdict::kAnswer) server.out.send(now, std::move(decision.answer));
    const bool busy = server.session && !server.session->is_over();
    if (decision.verdict != QuicGate::Verdict::kOpen || busy) return;
    auto made = QuicSession::server(server_config_, decision.opening, now, path);
    if (!made) {
      server_error = made.error().message;
      return;
    }
    server.session.emplace(std::move(*made));
    server.session->handle_datagram(now, datagram, path);
  }

  bool pump(QuicEnd& end) {
    if (!end.session) return false;
    bool any = false;
    while (auto datagram = end.session->poll_transmit(now)) {
      any = true;
      if (&end == &client) {
        end.out.send(now, std::move(datagram->bytes), client_address);
      } else if (datagram->path == client_address) {
        end.out.send(now, std::move(datagram->bytes));
      }
    }
    while (auto event = end.session->poll_event()) {
      any = true;
      end.log.push_back(*event);
      if (end.on_event) end.on_event(now, *event);
    }
    const auto changed = end.session->take_ids();
    if (&end == &client) return any;
    for (const QuicId& id : changed.added) ids_.insert(id);
    for (const QuicId& id : changed.retired) ids_.erase(id);
    return any;
  }

  [[nodiscard]] std::optional<Time> next_time() const {
    std::optional<Time> next;
    const auto consider = [&](std::optional<Time> at) {
      if (at && (!next || *at < *next)) next = at;
    };
    for (const QuicEnd* end : {&client, &server}) {
      consider(end->out.next());
      if (end->session) consider(end->session->poll_timeout());
    }
    return next;
  }

  std::set<QuicId> ids_;
};

inline void serve(QuicEnd& end, std::shared_ptr<ChunkSource> source) {
  end.on_event = [&end, source](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      end.connection().provide(now, wanted->id, source);
  };
}

inline void confirm_when_complete(QuicEnd& end) {
  end.on_event = [&end](Time now, const Event& event) {
    if (auto* complete = std::get_if<event::Complete>(&event)) end.connection().confirm(now, complete->id);
  };
}

}  // namespace kvferry::test
