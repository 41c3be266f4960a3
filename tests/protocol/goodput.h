// SPDX-License-Identifier: MIT
//
// One transfer over one path in virtual time, and what share of the link its
// payload had.
#pragma once

#include "tests/protocol/sample_cards.h"
#include "tests/protocol/shared_path.h"

namespace kvferry::test {

// 50 Mbit/s, 40 ms round trip, a queue of one bandwidth-delay product.
[[nodiscard]] inline LinkOptions lossy_wan(double loss, std::uint32_t loss_burst = 1) {
  LinkOptions link;
  link.rate_bits_per_s = 50e6;
  link.delay = milliseconds(20);
  link.queue_bytes = 250'000;
  link.loss = loss;
  link.loss_burst = loss_burst;
  return link;
}

// Chunks of equal size, all of the same bytes.
[[nodiscard]] inline std::shared_ptr<ChunkSource> card_of(std::size_t payload_mib, std::uint64_t seed,
                                                          std::size_t chunk_kib = 128) {
  Card card;
  card.manifest = sample_card(1, 0, 1).manifest;
  Rng rng(seed);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 64;
  Slice bytes(random_bytes(rng, chunk_kib * 1024));
  add_chunk(card, info, bytes);
  card.manifest.chunks.resize(payload_mib * 1024 / chunk_kib, card.manifest.chunks.front());
  card.chunks.resize(card.manifest.chunks.size(), bytes);
  return std::make_shared<CardSource>(std::move(card));
}

[[nodiscard]] inline SharedPath path_over(const LinkOptions& link, std::uint64_t seed) {
  LinkOptions to_client = link;
  LinkOptions to_server = link;
  to_client.seed = seed * 4 + 1;
  to_server.seed = seed * 4 + 2;
  return {to_client, to_server};
}

[[nodiscard]] inline double product_bytes(const LinkOptions& link) {
  return link.rate_bits_per_s / 8 * to_seconds(2 * link.delay);
}

struct Outcome {
  bool whole = false;
  double goodput = 0;     // payload as a fraction of the link, from the manifest on
  double ceiling = 0;     // the same if the link had never been idle, with these packets and this loss
  double resent = 0;      // as a fraction of payload
  double mean_queue = 0;  // bandwidth-delay products, as arriving packets found it
  double most_queue = 0;
};

// The manifest is where time begins: what a lost greeting costs is another matter.
[[nodiscard]] inline Outcome transfer(const LinkOptions& link, const FlowOptions& options) {
  SharedPath path = path_over(link, options.seed);
  Flow& flow = path.add(options);
  path.run(path.now + std::chrono::minutes(30), [&] { return flow.complete_at.has_value(); });
  Outcome outcome;
  outcome.whole = flow.complete_at.has_value();
  if (!outcome.whole) return outcome;
  const ByteClasses& sent = flow.server.ledger().sent;
  auto payload = static_cast<double>(sent.payload);
  auto resent = static_cast<double>(sent.retransmitted);
  auto on_link =
      static_cast<double>(path.to_client.sent_bytes() + path.to_client.sent_count() * link.header_bytes);
  outcome.goodput = payload * 8 / to_seconds(*flow.complete_at - *flow.manifest_at) / link.rate_bits_per_s;
  outcome.ceiling = (1 - link.loss) * (payload + resent) / on_link;
  outcome.resent = resent / payload;
  outcome.mean_queue = path.to_client.mean_queued_bytes() / product_bytes(link);
  outcome.most_queue = static_cast<double>(path.to_client.most_queued_bytes()) / product_bytes(link);
  return outcome;
}

[[nodiscard]] inline Outcome transfer(const LinkOptions& link, Congestion controller, std::size_t payload_mib,
                                      std::uint64_t seed) {
  return transfer(link, {controller, card_of(payload_mib, seed), seed, {}});
}

// Payload that arrives in a stretch of time, as a fraction of the link at its present rate.
[[nodiscard]] inline double share_of_link(SharedPath& path, const Flow& flow, Duration after, Duration over) {
  path.run_for(after);
  std::uint64_t before = flow.arrived_bytes();
  path.run_for(over);
  return static_cast<double>(flow.arrived_bytes() - before) * 8 / to_seconds(over) /
         path.to_client.options().rate_bits_per_s;
}

struct Sharing {
  double first = 0;  // fractions of the link
  double second = 0;
  double mean_queue = 0;  // bandwidth-delay products
  [[nodiscard]] double jain() const {
    return (first + second) * (first + second) / (2 * (first * first + second * second));
  }
};

// Two long transfers, of which the second begins later; measured from 5 s after that on.
[[nodiscard]] inline Sharing share(const LinkOptions& link, Congestion first, Congestion second,
                                   Duration stagger, Duration over, std::uint64_t seed) {
  auto card = card_of(1024, seed, 1024);
  SharedPath path = path_over(link, seed);
  Flow& a = path.add({first, card, seed * 2, {}});
  path.run_for(stagger);
  Flow& b = path.add({second, card, seed * 2 + 1, {}});
  path.run_for(std::chrono::seconds(5));
  std::uint64_t a_before = a.arrived_bytes();
  Sharing sharing;
  sharing.second = share_of_link(path, b, Duration::zero(), over);
  sharing.first =
      static_cast<double>(a.arrived_bytes() - a_before) * 8 / to_seconds(over) / link.rate_bits_per_s;
  sharing.mean_queue = path.to_client.mean_queued_bytes() / product_bytes(link);
  return sharing;
}

}  // namespace kvferry::test
