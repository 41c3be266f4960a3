// SPDX-License-Identifier: MIT
//
// Transfers that share one bottleneck: servers on one end, clients on the
// other, one virtual link each way and one virtual clock. Datagrams find their
// connection by its identifier.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "protocol/card/card.h"
#include "protocol/connection/connection.h"
#include "tests/protocol/virtual_link.h"

namespace kvferry::test {

struct FlowOptions {
  Congestion controller = Congestion::kModel;
  std::shared_ptr<ChunkSource> card;
  std::uint64_t seed = 0;
  ConnectionConfig config;  // of both ends; role, binding, seed and controller are set from the above
};

// Takes everything and keeps nothing.
class BottomlessSink final : public ChunkSink {
 public:
  Result<void> begin(const Manifest&) override { return {}; }
  Result<void> chunk(std::uint32_t, Slice) override { return {}; }
  Result<void> finish(bool) override { return {}; }
  void abandon(const std::string&) override {}
};

// One card on its way from a server to a client, and once more whenever it is asked for again.
class Flow {
 public:
  Flow(const FlowOptions& options, Time now)
      : client(config(options, Role::kClient), now),
        server(config(options, Role::kServer), now),
        card_(options.card) {
    request(now);
  }
  void request(Time now) {
    manifest_at.reset();
    complete_at.reset();
    client.request(now, {}, sink_);
  }
  [[nodiscard]] std::uint64_t arrived_bytes() const { return client.ledger().received.payload; }

  // Drains both ends into the links; returns whether there was anything.
  bool pump(Time now, VirtualLink& to_client, VirtualLink& to_server) {
    bool any = drain(now, server, to_client) | drain(now, client, to_server);
    while (auto happened = server.poll_event()) {
      any = true;
      if (auto* wanted = std::get_if<event::Requested>(&*happened)) server.provide(now, wanted->id, card_);
    }
    while (auto happened = client.poll_event()) {
      any = true;
      if (std::holds_alternative<event::ManifestArrived>(*happened)) manifest_at = now;
      if (auto* complete = std::get_if<event::Complete>(&*happened)) {
        complete_at = now;
        client.confirm(now, complete->id);
      }
    }
    return any;
  }

  Connection client;
  Connection server;
  std::optional<Time> manifest_at;  // of the latest request, as the next
  std::optional<Time> complete_at;

 private:
  static ConnectionConfig config(const FlowOptions& options, Role role) {
    ConnectionConfig config = options.config;
    config.role = role;
    config.binding = Binding::kDatagram;
    config.congestion.controller = options.controller;
    config.seed = options.seed * 2 + (role == Role::kClient ? 0 : 1);
    return config;
  }
  static bool drain(Time now, Connection& connection, VirtualLink& link) {
    bool any = false;
    while (auto out = connection.poll_transmit(now)) {
      any = true;
      link.send(now, std::move(out->head));
    }
    return any;
  }

  std::shared_ptr<ChunkSource> card_;
  BottomlessSink sink_;
};

class SharedPath {
 public:
  SharedPath(const LinkOptions& down, const LinkOptions& up) : to_client(down, false), to_server(up, false) {}

  // It begins now.
  Flow& add(const FlowOptions& options) {
    flows_.push_back(std::make_unique<Flow>(options, now));
    return *flows_.back();
  }
  [[nodiscard]] Flow& flow(std::size_t index) { return *flows_[index]; }

  // Until done() is true, or `until`. True if done() was.
  bool run(
      Time until, const std::function<bool()>& done = [] { return false; }) {
    while (true) {
      for (auto& flow : flows_) {
        while (flow->pump(now, to_client, to_server)) {
        }
      }
      if (done()) return true;
      Time next = next_time(until);
      now = std::max(now, next);
      if (next >= until) return false;
      deliver(to_client, true);
      deliver(to_server, false);
      for (auto& flow : flows_) {
        for (Connection* end : {&flow->client, &flow->server}) {
          auto timer = end->poll_timeout();
          if (timer && *timer <= now) end->handle_timeout(now);
        }
      }
    }
  }
  bool run_for(Duration time) { return run(now + time); }

  Time now = time_from_ns(1'000'000'000);
  VirtualLink to_client;
  VirtualLink to_server;

 private:
  [[nodiscard]] Time next_time(Time until) const {
    Time next = until;
    for (const VirtualLink* link : {&to_client, &to_server})
      next = std::min(next, link->next().value_or(next));
    for (const auto& flow : flows_) {
      for (const Connection* end : {&flow->client, &flow->server}) {
        next = std::min(next, end->poll_timeout().value_or(next));
      }
    }
    return next;
  }

  void deliver(VirtualLink& link, bool is_for_client) {
    while (auto bytes = link.take(now)) {
      auto id = datagram_connection_id(*bytes);
      for (auto& flow : flows_) {
        if (flow->client.connection_id() != id) continue;
        (is_for_client ? flow->client : flow->server).handle_datagram(now, *bytes);
        while (flow->pump(now, to_client, to_server)) {
        }
      }
    }
  }

  std::vector<std::unique_ptr<Flow>> flows_;
};

}  // namespace kvferry::test
