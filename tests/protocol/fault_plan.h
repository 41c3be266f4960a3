// SPDX-License-Identifier: MIT
//
// What a seed stands for: two configurations, a link that breaks, transfers
// both ways and what their applications do, and when everything heals.
#pragma once

#include <cmath>
#include <vector>

#include "tests/protocol/fault_link.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {

enum class FaultKind : std::uint8_t {
  kSilence,        // nothing gets through, one way or both
  kMtuDrop,        // datagrams
  kRateStep,       // both ways
  kMove,           // the client has another address, datagrams
  kRestartClient,  // its connection is gone, its peer is not told
  kRestartServer,
};

struct Fault {
  FaultKind kind = FaultKind::kSilence;
  Duration at{};
  Duration lasts{};
  bool to_server = true;
  bool to_client = true;
  std::size_t mtu_bytes = 600;
  double rate_factor = 1;
};

// What the applications of one transfer do. Counts are of chunks that have arrived.
struct WishPlan {
  bool to_client = true;
  bool offered = false;
  Duration begins{};
  std::uint32_t chunks = 1;
  std::uint32_t max_chunk_bytes = 1;
  std::uint8_t levels = 1;
  std::optional<std::uint32_t> stop_after{};
  std::optional<std::uint32_t> receiver_cancels_after{};
  std::optional<Duration> source_cancels_after{};
  std::optional<Duration> deadline{};
  std::optional<std::uint64_t> byte_budget{};
  std::optional<std::uint8_t> receiver_level{};
  std::optional<std::uint8_t> source_level{};
  double held = 0;       // of the chunks, named in the request
  double vouched = 0;    // of the chunks, known once the manifest is there
  double known = 0;      // of the chunks, says the source
  double preferred = 0;  // of the chunks
  double skipped = 0;    // of the chunks
  bool manifest_first = false;
  bool refused = false;
  bool rejected = false;
  bool too_good = false;  // a quality that nothing has
  std::uint8_t urgency = RequestOptions::kUsualUrgency;

  [[nodiscard]] bool may_skip() const {
    return deadline || byte_budget || receiver_level || source_level || skipped > 0;
  }
};

struct FaultPlan {
  Binding binding = Binding::kDatagram;
  std::uint64_t seed = 0;
  ConnectionConfig client;
  ConnectionConfig server;
  FaultLink::Options to_server;
  FaultLink::Options to_client;
  std::vector<Fault> faults;
  std::vector<WishPlan> wishes;
  Duration heals_at{};
  double healed_bits_per_s = 10e6;
  Duration timer_lateness{};
  Duration release_after{};
  Duration checks_take{};  // at most, Verification::kDeferred
};

// The same plan, with checks that are answered late.
[[nodiscard]] inline FaultPlan with_late_checks(FaultPlan plan) {
  Rng rng(plan.seed);
  plan.client.verification = plan.server.verification = Verification::kDeferred;
  plan.checks_take = Duration(static_cast<std::int64_t>(1e6 * std::pow(3'000, rng.uniform())));
  return plan;
}

class FaultPlanner {
 public:
  static constexpr std::uint64_t kMaxCardBytes = 400'000;

  FaultPlanner(Binding binding, std::uint64_t seed) : rng_(seed * 2 + (binding == Binding::kStream)) {
    plan_.binding = binding;
    plan_.seed = seed;
  }

  [[nodiscard]] FaultPlan plan() {
    const Duration horizon = between(milliseconds(100), std::chrono::seconds(60));
    plan_link(plan_.to_server, plan_.to_client);
    plan_link(plan_.to_client, plan_.to_server);
    plan_config(plan_.client, Role::kClient);
    plan_config(plan_.server, Role::kServer);
    for (std::uint64_t n = rng_.below(8); n > 0; --n) plan_.faults.push_back(fault(horizon));
    for (std::uint64_t n = 1 + rng_.below(6); n > 0; --n) plan_.wishes.push_back(wish(horizon));
    plan_.heals_at = horizon;
    for (const Fault& fault : plan_.faults) plan_.heals_at = std::max(plan_.heals_at, fault.at + fault.lasts);
    plan_.healed_bits_per_s = 1e6 * std::pow(50, rng_.uniform());
    if (rng_.chance(0.3)) plan_.timer_lateness = between(Duration(1000), milliseconds(20));
    if (rng_.chance(0.5)) plan_.release_after = between(milliseconds(1), milliseconds(500));
    return plan_;
  }

 private:
  // Small things as often as large ones.
  Duration between(Duration least, Duration most) {
    const double ratio = static_cast<double>(most.count()) / static_cast<double>(least.count());
    return Duration(
        static_cast<std::int64_t>(static_cast<double>(least.count()) * std::pow(ratio, rng_.uniform())));
  }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    const double ratio = static_cast<double>(most) / static_cast<double>(least);
    return static_cast<std::uint64_t>(static_cast<double>(least) * std::pow(ratio, rng_.uniform()));
  }
  double share(double chance) { return rng_.chance(chance) ? rng_.uniform() : 0; }

  void plan_link(FaultLink::Options& options, const FaultLink::Options& back) {
    LinkOptions& link = options.link;
    link.rate_bits_per_s = 0.3e6 * std::pow(150, rng_.uniform());
    link.delay = between(milliseconds(1), milliseconds(200));
    link.queue_bytes = between(std::uint64_t{8'000}, std::uint64_t{300'000});
    link.seed = rng_.next();
    options.piece_bytes = between(std::uint64_t{8}, std::uint64_t{20'000});
    if (plan_.binding == Binding::kStream) return;
    link.loss = rng_.chance(0.5) ? 0.3 * rng_.uniform() : back.link.loss;
    link.reorder = 0.5 * share(0.5);
    link.duplicate = 0.2 * share(0.5);
    link.corrupt = 0.1 * share(0.5);
    options.echo = between(milliseconds(1), std::chrono::seconds(20));
    options.mtu_bytes = rng_.chance(0.3) ? 1252 + rng_.below(250) : 1472;
  }

  void plan_config(ConnectionConfig& config, Role role) {
    config.role = role;
    config.binding = plan_.binding;
    config.seed = rng_.next();
    config.idle_timeout = between(std::chrono::seconds(5), std::chrono::seconds(30));
    config.progress_timeout = between(std::chrono::seconds(1), std::chrono::seconds(20));
    config.max_data_bytes = between(std::uint64_t{16}, std::uint64_t{16 * 1024});
    if (rng_.chance(0.5)) config.congestion.controller = Congestion::kCubic;
    config.congestion.initial_window_packets = static_cast<std::uint32_t>(2 + rng_.below(31));
    config.max_datagram_bytes = rng_.chance(0.5) ? 1452 : between(std::uint64_t{256}, std::uint64_t{16'383});
    if (rng_.chance(0.5)) config.repair = config.seed % 2 == 0 ? Repair::kFollowLoss : Repair::kByBenefit;
    config.repair_loss_floor = 0.1 * share(0.5);
    if (rng_.chance(0.2)) config.hello.features &= ~std::uint64_t{kFeatureRepair};
    if (rng_.chance(0.2)) config.hello.features &= ~std::uint64_t{kFeatureProgress};
    if (rng_.chance(0.5)) config.credit = CreditPolicy::kWhenReleased;
    if (role == Role::kServer && rng_.chance(0.3)) config.new_token = Bytes(1 + rng_.below(64), 7);
    if (role == Role::kServer && rng_.chance(0.2)) config.address_validated = true;
    if (rng_.chance(0.2)) config.hello.limits.max_transfers = 1 + rng_.below(4);
    if (rng_.chance(0.5)) {
      config.hello.limits.max_chunk_bytes = kMaxChunkBytes;
      config.hello.limits.initial_credit_bytes =
          kMaxChunkBytes * between(std::uint64_t{1}, std::uint64_t{16});
    }
  }

  Fault fault(Duration horizon) {
    Fault fault;
    const bool stream = plan_.binding == Binding::kStream;
    constexpr FaultKind kOfStreams[] = {FaultKind::kSilence, FaultKind::kRateStep, FaultKind::kRestartClient,
                                        FaultKind::kRestartServer};
    fault.kind = stream ? kOfStreams[rng_.below(4)] : static_cast<FaultKind>(rng_.below(6));
    fault.at = Duration(static_cast<std::int64_t>(rng_.uniform() * static_cast<double>(horizon.count())));
    const bool lasting = fault.kind == FaultKind::kSilence || fault.kind == FaultKind::kMtuDrop;
    if (lasting) fault.lasts = between(milliseconds(10), std::chrono::seconds(60));
    const std::uint64_t ways = rng_.below(3);
    fault.to_server = ways != 0;
    fault.to_client = ways != 1;
    fault.mtu_bytes = 600 + rng_.below(600);
    fault.rate_factor = std::pow(10, 2 * rng_.uniform() - 1);
    return fault;
  }

  WishPlan wish(Duration horizon) {
    WishPlan wish;
    wish.to_client = rng_.chance(0.6);
    wish.offered = rng_.chance(0.3);
    wish.begins = rng_.chance(0.4) ? Duration::zero() : Duration(rng_.below(horizon.count() / 2 + 1));
    wish.chunks = static_cast<std::uint32_t>(between(std::uint64_t{1}, std::uint64_t{200}));
    wish.max_chunk_bytes = static_cast<std::uint32_t>(
        between(std::uint64_t{1}, std::min<std::uint64_t>(kMaxChunkBytes, 1 + kMaxCardBytes / wish.chunks)));
    wish.levels = rng_.chance(0.3) ? 4 : 1;
    wish.urgency = static_cast<std::uint8_t>(rng_.below(8));
    wish.manifest_first = rng_.chance(0.2);
    wish.held = share(0.2);
    wish.vouched = share(0.2);
    wish.preferred = share(0.2);
    plan_endings(wish);
    plan_omissions(wish);
    return wish;
  }
  void plan_endings(WishPlan& wish) {
    const auto some = [&] { return 1 + static_cast<std::uint32_t>(rng_.below(wish.chunks)); };
    if (rng_.chance(0.1)) wish.stop_after = some();
    if (rng_.chance(0.05)) wish.receiver_cancels_after = some();
    if (rng_.chance(0.05)) wish.source_cancels_after = between(milliseconds(1), std::chrono::seconds(5));
    wish.refused = rng_.chance(0.03);
    wish.rejected = rng_.chance(0.03);
    wish.too_good = !wish.offered && rng_.chance(0.03);
  }
  void plan_omissions(WishPlan& wish) {
    const std::uint64_t card_bytes = std::uint64_t{wish.chunks} * wish.max_chunk_bytes;
    if (!wish.offered && rng_.chance(0.1))
      wish.deadline = between(milliseconds(10), std::chrono::seconds(10));
    if (!wish.offered && rng_.chance(0.1)) wish.byte_budget = rng_.below(card_bytes + 1);
    if (!wish.offered) wish.known = share(0.1);
    if (rng_.chance(0.1)) wish.receiver_level = static_cast<std::uint8_t>(rng_.below(4));
    if (rng_.chance(0.1)) wish.source_level = static_cast<std::uint8_t>(rng_.below(4));
    wish.skipped = share(0.1);
  }

  static constexpr std::uint64_t kMaxChunkBytes = 20'000;

  Rng rng_;
  FaultPlan plan_;
};

}  // namespace kvferry::test
