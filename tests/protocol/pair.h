// SPDX-License-Identifier: MIT
//
// Two connections over two virtual links on one virtual clock, with a capped
// number of steps. Applications are callbacks on events. The client of a datagram
// pair may change its address.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "protocol/connection/connection.h"
#include "tests/protocol/lanes.h"
#include "tests/protocol/late_checks.h"
#include "tests/protocol/virtual_link.h"

namespace kvferry::test {

struct PairOptions {
  Binding binding = Binding::kStream;
  LinkOptions to_server;
  LinkOptions to_client;
  LaneOptions lanes;       // streams binding
  Duration check_delay{};  // at most, Verification::kDeferred
  ConnectionConfig client;
  ConnectionConfig server;
};

// The same link both ways, other seeds; connections with default configurations.
[[nodiscard]] inline PairOptions pair_options(Binding binding, const LinkOptions& link, std::uint64_t seed) {
  PairOptions options;
  options.binding = binding;
  options.to_server = link;
  options.to_client = link;
  options.to_server.seed = seed * 4 + 1;
  options.to_client.seed = seed * 4 + 2;
  options.client.seed = seed * 4 + 3;
  options.server.seed = seed * 4 + 4;
  return options;
}

struct Side {
  Connection connection;
  VirtualLink out;
  Lanes lanes;  // streams binding: instead
  std::vector<Event> log;
  std::function<void(Time, const Event&)> on_event;
  std::uint64_t handed_out_bytes = 0;
  LateChecks checks{1};
  std::map<PathId, std::uint64_t> sent_to_bytes{};        // by address, datagrams
  std::map<PathId, std::uint64_t> received_from_bytes{};  // by address, datagrams

  template <typename T>
  [[nodiscard]] const T* find() const {  // the first event of a kind
    for (const Event& event : log) {
      if (const T* found = std::get_if<T>(&event)) return found;
    }
    return nullptr;
  }
};

class Pair {
 public:
  explicit Pair(PairOptions options)
      : stream_(options.binding != Binding::kDatagram),
        streams_(options.binding == Binding::kStreams),
        client{Connection(with(options.client, Role::kClient, options.binding), now),
               VirtualLink(options.to_server, stream_),
               Lanes(options.to_server, options.lanes),
               {},
               {},
               0},
        server{Connection(with(options.server, Role::kServer, options.binding), now),
               VirtualLink(options.to_client, stream_),
               Lanes(options.to_client, options.lanes),
               {},
               {},
               0} {
    for (Side* side : {&client, &server}) side->checks.delay_by_up_to(options.check_delay);
  }

  // Runs until done() is true, nothing is left to do, `until` is reached or steps run out. True if done()
  // was.
  bool run(const std::function<bool()>& done, Time until = time_from_ns(600'000'000'000),
           std::uint64_t max_steps = 2'000'000) {
    for (std::uint64_t step = 0; step < max_steps; ++step) {
      pump();
      if (done()) return true;
      auto next = next_time();
      if (!next || *next > until) return false;
      now = std::max(now, *next);
      deliver(client, server);
      deliver(server, client);
      for (Side* side : {&client, &server}) {
        auto timer = side->connection.poll_timeout();
        if (!timer || *timer > now) continue;
        side->connection.handle_timeout(now);
        pump(*side);
        timer = side->connection.poll_timeout();
        if (timer && *timer <= now) ++late_timers;
      }
    }
    return false;
  }

  // Runs until then, whatever happens.
  void run_until(Time end) {
    (void)run([] { return false; }, end);
    now = std::max(now, end);
  }

  // Drains both sides until neither has anything to say.
  void pump() {
    while (pump(client) | pump(server)) {
    }
  }

 private:
  bool stream_;
  bool streams_;

 public:
  Time now = time_from_ns(1'000'000'000);
  Side client;
  Side server;
  PathId client_address = 0;           // from which the server hears its client
  bool old_addresses_deliver = false;  // what the server sends to another one still arrives
  int late_timers = 0;                 // still due after they were handled

 private:
  static ConnectionConfig with(ConnectionConfig config, Role role, Binding binding) {
    config.role = role;
    config.binding = binding;
    return config;
  }

  bool pump(Side& side) {
    bool any = false;
    while (!stream_ || streams_ || side.out.writable(now)) {
      if (streams_) side.lanes.tell(now, side.connection);
      auto out = side.connection.poll_transmit(now);
      if (!out) break;
      any = true;
      Bytes bytes = std::move(out->head);
      append(bytes, out->payload.view());
      side.handed_out_bytes += bytes.size();
      if (!stream_) side.sent_to_bytes[out->path] += bytes.size();
      if (streams_) {
        if (out->datagram) {
          side.lanes.send_datagram(now, *out->datagram, std::move(bytes));
        } else {
          side.lanes.send(now, out->stream, std::move(bytes));
        }
        continue;
      }
      bool lost = !stream_ && &side == &server && !old_addresses_deliver && out->path != client_address;
      if (!lost) side.out.send(now, std::move(bytes), &side == &client ? client_address : 0);
    }
    any = side.checks.pump(now, side.connection) || any;
    while (auto event = side.connection.poll_event()) {
      any = true;
      side.log.push_back(*event);
      if (side.on_event) side.on_event(now, *event);
    }
    return any;
  }

  void deliver(Side& from, Side& to) {
    if (streams_) {
      from.lanes.tell_fates(now, from.connection);
      pump(from);
      return from.lanes.deliver(now, to.connection, [&] { pump(to); });
    }
    VirtualLink& link = from.out;
    while (auto bytes = link.take(now)) {
      if (stream_) {
        to.connection.handle_bytes(now, *bytes);
      } else {
        to.received_from_bytes[link.taken_tag()] += bytes->size();
        to.connection.handle_datagram(now, *bytes, link.taken_tag());
      }
      pump(to);
    }
  }

  std::optional<Time> next_time() const {
    std::optional<Time> next;
    for (const auto& at : {client.out.next(), server.out.next(), client.lanes.next(), server.lanes.next(),
                           client.checks.next(), server.checks.next(), client.connection.poll_timeout(),
                           server.connection.poll_timeout()}) {
      if (at && (!next || *at < *next)) next = at;
    }
    // A full stream socket is polled again a little later.
    const bool room = streams_ ? client.lanes.all_writable(now) && server.lanes.all_writable(now)
                               : client.out.writable(now) && server.out.writable(now);
    if (stream_ && !room) {
      Time soon = now + milliseconds(1);
      if (!next || soon < *next) next = soon;
    }
    return next;
  }
};

}  // namespace kvferry::test
