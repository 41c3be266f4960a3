// SPDX-License-Identifier: MIT
//
// What the protocol costs, byte by byte and round trip by round trip, on a clean
// link in virtual time. Each line stands beside what it is compared with.
#include <cinttypes>
#include <cstdio>

#include "tests/protocol/pair.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kIpUdpBytes = 28;
constexpr Duration kOneWay = milliseconds(20);

Card card_of(std::size_t chunks, std::size_t chunk_bytes) {
  Card card;
  card.manifest = sample_card(1, 0, 1).manifest;
  Rng rng(1);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 64;
  for (std::size_t i = 0; i < chunks; ++i) add_chunk(card, info, Slice(random_bytes(rng, chunk_bytes)));
  return card;
}

LinkOptions clean_link() {
  LinkOptions link;
  link.rate_bits_per_s = 1e9;
  link.delay = kOneWay;
  link.queue_bytes = 64 << 20;
  return link;
}

// One transfer, or two one after the other on the same connection.
struct Run {
  explicit Run(Binding binding, const Card& card, std::size_t max_data_bytes = 16 * 1024)
      : pair([&] {
          PairOptions options = pair_options(binding, clean_link(), 1);
          options.server.max_data_bytes = max_data_bytes;
          return options;
        }()) {
    pair.server.on_event = [this, source = std::make_shared<CardSource>(card)](Time now, const Event& event) {
      if (auto* wanted = std::get_if<event::Requested>(&event))
        pair.server.connection.provide(now, wanted->id, source);
    };
    pair.client.on_event = [this](Time now, const Event& event) {
      if (auto* complete = std::get_if<event::Complete>(&event))
        pair.client.connection.confirm(now, complete->id);
    };
  }
  // Round trips until the first byte of payload.
  double fetch() {
    CardSink sink;
    const std::uint64_t& payload_bytes = pair.client.connection.ledger().received.payload;
    std::uint64_t before = payload_bytes;
    Time begin = pair.now;
    pair.client.connection.request(pair.now, {}, sink);
    pair.run([&] { return payload_bytes > before; });
    double round_trips = to_seconds(pair.now - begin) / to_seconds(2 * kOneWay);
    pair.run([&] { return sink.whole(); });
    return round_trips;
  }

  Pair pair;
};

double share(std::uint64_t part, std::uint64_t whole) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void stream_framing(std::size_t frame_bytes) {
  Run run(Binding::kStream, card_of(256, 256 * 1024), frame_bytes);
  run.fetch();
  const ByteClasses& sent = run.pair.server.connection.ledger().sent;
  const ByteClasses& back = run.pair.client.connection.ledger().sent;
  std::printf(
      "stream, frames of %3zu KiB: framing %.4f %% of payload, manifest and messages %.4f %%, "
      "the other way %.4f %%   (TCP/IP's own headers: 3.47 %% of its bytes)\n",
      frame_bytes / 1024, share(sent.framing, sent.payload), share(sent.signalling, sent.payload),
      share(back.total(), sent.payload));
}

void datagram_overhead() {
  Run run(Binding::kDatagram, card_of(256, 256 * 1024));
  run.fetch();
  auto with_ip = [](const Side& side) {
    return side.connection.ledger().sent.total() + kIpUdpBytes * side.connection.path().packets_sent;
  };
  const ByteClasses& sent = run.pair.server.connection.ledger().sent;
  std::uint64_t there = with_ip(run.pair.server);
  std::uint64_t back = with_ip(run.pair.client);
  std::printf("datagrams of %zu bytes, no loss, share of the IP bytes in the data direction:\n",
              run.pair.server.connection.path().datagram_bytes);
  std::printf(
      "  all but payload %.3f %%: IP and UDP %.3f, framing %.3f, messages %.3f, acks %.3f, again %.3f, "
      "repair %.3f\n",
      share(there - sent.payload, there),
      share(kIpUdpBytes * run.pair.server.connection.path().packets_sent, there), share(sent.framing, there),
      share(sent.signalling, there), share(sent.acks, there), share(sent.retransmitted, there),
      share(sent.fec, there));
  std::printf(
      "  the other way, acknowledgements and all: %.3f %%   (TCP 3.47, QUIC streams 4.12, UDP with 24+16 "
      "bytes of head 4.59 in the data direction)\n",
      share(back, there));
  bool adds_up = run.pair.server.handed_out_bytes == sent.total() &&
                 run.pair.client.handed_out_bytes == run.pair.client.connection.ledger().sent.total();
  std::printf("  classes add up to the bytes handed out: %s\n", adds_up ? "yes" : "NO");
}

// A card that is pushed on an open connection: one way is half a round trip.
double pushed(Binding binding, const Card& card) {
  PairOptions options = pair_options(binding, clean_link(), 1);
  options.server.hello.limits.eager_bytes = 256 * 1024;
  Pair pair(options);
  CardSink sink;
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* offered = std::get_if<event::Offered>(&event))
      pair.server.connection.accept(now, offered->id, sink);
  };
  pair.run([&] { return pair.client.connection.is_established(); });
  Time begin = pair.now;
  pair.client.connection.offer(begin, "notes", std::make_shared<CardSource>(card), true);
  pair.run([&] { return pair.server.find<event::ChunkArrived>() != nullptr; });
  return to_seconds(pair.now - begin) / to_seconds(2 * kOneWay);
}

void round_trips(Binding binding, const char* name) {
  Run run(binding, card_of(4, 8 * 1024));
  double first = run.fetch();
  run.pair.run([&] { return run.pair.server.find<event::Confirmed>() != nullptr; });
  double second = run.fetch();
  std::printf(
      "%s: first byte of payload %.2f round trips after the connection was made, %.2f after a REQUEST on an "
      "open one\n",
      name, first, second);
  std::printf(
      "%s: first chunk of a card that is pushed on an open connection: %.2f round trips (one way is 0.5)\n",
      name, pushed(binding, card_of(4, 8 * 1024)));
}

}  // namespace
}  // namespace kvferry::test

int main() {
  using namespace kvferry;
  using namespace kvferry::test;
  for (std::size_t frame_bytes : {16 * 1024, 64 * 1024, 256 * 1024}) stream_framing(frame_bytes);
  datagram_overhead();
  round_trips(Binding::kStream, "stream");
  round_trips(Binding::kDatagram, "datagrams");
}
