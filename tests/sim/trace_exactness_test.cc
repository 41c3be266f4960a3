// SPDX-License-Identifier: GPL-2.0-only
//
// Both links that follow a trace, the simulator's and the emulator's, against the trace itself: what leaves
// by any time and what is dropped, to one packet.
#include <gtest/gtest.h>
#include <ns3/mac48-address.h>
#include <ns3/node-container.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <queue>

#include "protocol/base/rng.h"
#include "sim/helper/kv-trace-link-helper.h"
#include "sim/model/kv-wire-meter.h"
#include "tests/netem/link_model.h"

namespace kvferry::sim {
namespace {

// Of packets, with the one that is being sent.
constexpr std::uint32_t kQueue = 50;
constexpr std::uint32_t kEndlessQueue = 1'000'000;
constexpr std::int64_t kOpportunityBytes = 1500;
constexpr std::int64_t kMs = 1'000'000;

struct Offer {
  std::int64_t at_ns = 0;
  std::uint32_t bytes = 0;
};

struct Departure {
  std::int64_t at_ns = 0;
  std::uint32_t bytes = 0;
};

struct Outcome {
  std::vector<Departure> departures;  // in order
  std::int64_t dropped = 0;
};

std::int64_t time_of_ms(const std::vector<std::int64_t>& times_ms, std::size_t opportunity) {
  const auto round = static_cast<std::int64_t>(opportunity / times_ms.size());
  return round * times_ms.back() + times_ms[opportunity % times_ms.size()];
}

// Opportunity after opportunity, with nothing but a queue: what the trace means.
Outcome by_the_trace(const std::vector<std::int64_t>& times_ms, const std::vector<Offer>& offers) {
  Outcome out;
  std::queue<std::uint32_t> waiting;
  std::uint32_t left_of_head = 0;
  auto offer = offers.begin();
  for (std::size_t i = 0; offer != offers.end() || !waiting.empty(); ++i) {
    const std::int64_t now_ns = time_of_ms(times_ms, i) * kMs;
    for (; offer != offers.end() && offer->at_ns <= now_ns; ++offer) {
      if (waiting.size() == kQueue) {
        ++out.dropped;
      } else {
        if (waiting.empty()) left_of_head = offer->bytes;
        waiting.push(offer->bytes);
      }
    }
    for (auto room = static_cast<std::uint32_t>(kOpportunityBytes); room > 0 && !waiting.empty();) {
      const auto piece = std::min(room, left_of_head);
      room -= piece;
      left_of_head -= piece;
      if (left_of_head > 0) break;
      out.departures.push_back({now_ns, waiting.front()});
      waiting.pop();
      if (!waiting.empty()) left_of_head = waiting.front();
    }
  }
  return out;
}

// One packet is the most that anything may be off by.
void expect_same_to_one_packet(const Outcome& link, const Outcome& trace) {
  EXPECT_NEAR(static_cast<double>(link.dropped), static_cast<double>(trace.dropped), 1);
  ASSERT_NEAR(static_cast<double>(link.departures.size()), static_cast<double>(trace.departures.size()), 1);
  std::int64_t ahead_bytes = 0, worst_bytes = 0;
  auto theirs = trace.departures.begin();
  for (auto ours = link.departures.begin(); ours != link.departures.end();) {
    const auto now_ns = ours->at_ns;
    for (; ours != link.departures.end() && ours->at_ns == now_ns; ++ours) ahead_bytes += ours->bytes;
    for (; theirs != trace.departures.end() && theirs->at_ns <= now_ns; ++theirs)
      ahead_bytes -= theirs->bytes;
    worst_bytes = std::max(worst_bytes, std::abs(ahead_bytes));
  }
  EXPECT_LE(worst_bytes, kOpportunityBytes);
}

class TracePlayer {
 public:
  TracePlayer(const std::filesystem::path& file, const std::vector<Offer>& offers,
              std::uint32_t queue_packets) {
    KvTraceLinkHelper link;
    const auto trace = std::make_shared<KvDeliveryTrace>(*KvDeliveryTrace::Read(file));
    link.SetTraces(trace, trace);
    link.SetDelay(ns3::Seconds(0));
    link.SetQueuePackets(queue_packets);
    devices_ = link.Install(nodes_.Get(0), nodes_.Get(1));
    meter_.Attach(devices_.Get(0));
    meter_.Attach(devices_.Get(1));
    devices_.Get(1)->SetReceiveCallback(ns3::MakeCallback(&TracePlayer::take, this));
    for (const Offer& offer : offers)
      ns3::Simulator::Schedule(ns3::NanoSeconds(offer.at_ns), &TracePlayer::send, this, offer.bytes);
  }
  ~TracePlayer() { ns3::Simulator::Destroy(); }

  Outcome play() {
    ns3::Simulator::Run();
    outcome_.dropped = static_cast<std::int64_t>(meter_.GetPackets().droppedQueue);
    return std::move(outcome_);
  }

 private:
  void send(std::uint32_t bytes) {
    devices_.Get(0)->Send(ns3::Create<ns3::Packet>(bytes), ns3::Mac48Address::GetBroadcast(), 0x0800);
  }
  bool take(ns3::Ptr<ns3::NetDevice>, ns3::Ptr<const ns3::Packet> packet, std::uint16_t,
            const ns3::Address&) {
    outcome_.departures.push_back({ns3::Simulator::Now().GetNanoSeconds(), packet->GetSize()});
    return true;
  }

  ns3::NodeContainer nodes_{2};
  ns3::NetDeviceContainer devices_;
  KvWireMeter meter_;
  Outcome outcome_;
};

Outcome by_the_simulator(const std::filesystem::path& file, const std::vector<Offer>& offers,
                         std::uint32_t queue_packets) {
  return TracePlayer(file, offers, queue_packets).play();
}

Outcome by_the_emulator(const std::filesystem::path& file, const std::vector<Offer>& offers,
                        std::uint32_t queue_packets) {
  netem::LinkOptions options;
  options.trace = std::make_shared<netem::DeliveryTrace>(*netem::DeliveryTrace::read(file));
  options.queue_packets = queue_packets - 1;  // beside the one that is being sent
  netem::LinkModel link(options, Time{});
  for (const Offer& offer : offers) link.send(Time{} + Duration(offer.at_ns), Bytes(offer.bytes));
  Outcome out;
  while (auto delivery = link.take(Time::max())) {
    out.departures.push_back(
        {(delivery->due - Time{}).count(), static_cast<std::uint32_t>(delivery->packet.size())});
  }
  out.dropped = static_cast<std::int64_t>(link.counts().queue_full);
  return out;
}

using Player = Outcome (*)(const std::filesystem::path&, const std::vector<Offer>&,
                           std::uint32_t queue_packets);

struct Link {
  const char* name;
  Player play;
};

class TraceExactness : public ::testing::TestWithParam<std::tuple<Link, std::string>> {
 protected:
  void SetUp() override {
    const auto& [link, name] = GetParam();
    play_ = link.play;
    file_ = std::filesystem::path(KVFERRY_SOURCE_DIR "/../shared/traces") / name;
    if (name == "generated") write_one();
    if (!std::filesystem::exists(file_)) GTEST_SKIP() << "no recording " << name << " beside the project";
    std::ifstream in(file_);
    for (std::int64_t ms = 0; in >> ms;) times_ms_.push_back(ms);
  }
  void TearDown() override {
    if (std::get<1>(GetParam()) == "generated") std::filesystem::remove(file_);
  }

  // Bursts and pauses.
  void write_one() {
    file_ = std::filesystem::temp_directory_path() / ("kvferry-exact-" + std::to_string(::getpid()));
    std::ofstream out(file_);
    Rng rng(4);
    for (std::uint64_t ms = 0, i = 0; i < 20'000; ++i)
      out << (ms += rng.below(3) == 0 ? rng.below(12) : 0) << '\n';
  }
  [[nodiscard]] std::int64_t length_ns() const { return times_ms_.back() * kMs; }
  [[nodiscard]] double mean_bytes_per_ns() const {
    return static_cast<double>(times_ms_.size()) * kOpportunityBytes / static_cast<double>(length_ns());
  }

  // For a round and a half of the trace, at a multiple of its mean rate, in trains. Never at a whole
  // millisecond, when an opportunity is: whether it has passed then is a matter of order.
  [[nodiscard]] std::vector<Offer> load(double multiple, const std::vector<std::uint32_t>& sizes) const {
    std::vector<Offer> offers;
    Rng rng(9);
    for (double at_ns = 0; at_ns < 1.5 * static_cast<double>(length_ns());) {
      const auto whole_ns = static_cast<std::int64_t>(at_ns);
      for (auto left = 1 + rng.below(8); left > 0; --left) {
        const auto bytes = sizes[rng.below(sizes.size())];
        offers.push_back({whole_ns + (whole_ns % kMs == 0), bytes});
        at_ns += static_cast<double>(bytes) / (multiple * mean_bytes_per_ns());
      }
    }
    return offers;
  }

  Player play_ = nullptr;
  std::filesystem::path file_;
  std::vector<std::int64_t> times_ms_;
};

// By every opportunity of two rounds: what it has let through is what left, less what one packet lacks.
TEST_P(TraceExactness, a_link_that_is_never_idle_carries_what_the_trace_says) {
  for (const std::uint32_t bytes : {1500u, 1420u, 576u}) {
    const std::vector<Offer> offers(2 * times_ms_.size() * kOpportunityBytes / bytes + 2, Offer{0, bytes});
    const auto link = play_(file_, offers, kEndlessQueue);
    auto departure = link.departures.begin();
    std::int64_t carried_bytes = 0, worst_bytes = 0;
    for (std::size_t i = 0; i < 2 * times_ms_.size(); ++i) {
      const std::int64_t now_ms = time_of_ms(times_ms_, i);
      while (departure != link.departures.end() && departure->at_ns <= now_ms * kMs)
        carried_bytes += (departure++)->bytes;
      if (time_of_ms(times_ms_, i + 1) == now_ms) continue;
      const auto let_through_bytes = static_cast<std::int64_t>(i + 1) * kOpportunityBytes;
      worst_bytes = std::max(worst_bytes, std::abs(let_through_bytes - carried_bytes));
    }
    EXPECT_LE(worst_bytes, bytes) << bytes;
  }
}

TEST_P(TraceExactness, goodput_and_loss_under_any_load_are_the_traces) {
  const std::vector<std::uint32_t> sizes = {52, 576, 1420, 1500};
  for (const double multiple : {0.5, 0.95, 1.5}) {
    const auto offers = load(multiple, sizes);
    expect_same_to_one_packet(play_(file_, offers, kQueue), by_the_trace(times_ms_, offers));
  }
}

INSTANTIATE_TEST_SUITE_P(Links, TraceExactness,
                         ::testing::Combine(::testing::Values(Link{"simulated", by_the_simulator},
                                                              Link{"emulated", by_the_emulator}),
                                            ::testing::Values("generated", "Verizon-LTE-short.down",
                                                              "TMobile-UMTS-driving.down")),
                         [](const auto& param) {
                           std::string name =
                               std::get<0>(param.param).name + ("_" + std::get<1>(param.param));
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace kvferry::sim
