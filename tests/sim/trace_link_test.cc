// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>
#include <ns3/mac48-address.h>
#include <ns3/node-container.h>
#include <ns3/simulator.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "protocol/base/rng.h"
#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-trace-link-helper.h"
#include "sim/model/kv-wire-meter.h"

namespace kvferry::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kIpv4 = 0x0800;

KvDeliveryTrace trace_of(std::vector<std::uint64_t> times_ms) {
  return *KvDeliveryTrace::FromTimes(std::move(times_ms));
}

TEST(DeliveryTrace, starts_again_when_it_ends) {
  const auto trace = trace_of({0, 3, 3, 10});
  const std::vector<int> expected = {0, 3, 3, 10, 10, 13, 13, 20, 20, 23};
  for (std::uint64_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(trace.TimeOf(i), milliseconds(expected[i])) << i;
  }
}

TEST(DeliveryTrace, finds_the_first_opportunity_from_a_time_on) {
  const auto trace = trace_of({0, 3, 3, 10});
  for (int us = 0; us <= 45'000; us += 250) {
    const Duration time = std::chrono::microseconds(us);
    std::uint64_t first = 0;
    while (trace.TimeOf(first) < time) ++first;
    EXPECT_EQ(trace.FirstAt(time), first) << us;
  }
}

TEST(DeliveryTrace, knows_what_may_leave_and_how_fast) {
  const auto trace = trace_of({1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(trace.GetMeanRateBps(), 12e6);
  EXPECT_EQ(trace.GetBytesBetween(milliseconds(0), milliseconds(4)), 3 * 1500u);
  EXPECT_EQ(trace.GetBytesBetween(milliseconds(2), milliseconds(102)), 100 * 1500u);
  EXPECT_EQ(trace.GetBytesBetween(milliseconds(9), milliseconds(9)), 0u);
}

TEST(DeliveryTrace, files_that_are_none_are_named_with_their_line) {
  const auto file = std::filesystem::temp_directory_path() / ("kvferry-trace-" + std::to_string(::getpid()));
  const auto error = [&](const std::string& text) {
    std::ofstream(file) << text;
    const auto read = KvDeliveryTrace::Read(file);
    const auto message = read ? "none" : read.error().message;
    return message.substr(
        std::min(message.size(), message.find(file.string()) == 0 ? file.string().size() : 0));
  };
  EXPECT_EQ(error("1\n1\n7\n"), "none");
  EXPECT_EQ(error("1\nx\n"), ":2: expected a time in milliseconds");
  EXPECT_EQ(error("1\n2.5\n"), ":2: expected a time in milliseconds");
  EXPECT_EQ(error("4\n-3\n"), ":2: expected a time in milliseconds");
  EXPECT_EQ(error("4\n3\n"), ":2: 3 after 4, expected times in order");
  EXPECT_EQ(error(""), ": no time above 0, expected at least one: the last is the trace's length");
  EXPECT_EQ(error("0\n0\n"), ": no time above 0, expected at least one: the last is the trace's length");
  std::filesystem::remove(file);
  EXPECT_EQ(KvDeliveryTrace::Read(file).ok(), false);
}

class SimTraceLink : public ::testing::Test {
 protected:
  ~SimTraceLink() override { ns3::Simulator::Destroy(); }

  void build(KvTraceLinkHelper link, const KvDeliveryTrace& forth) {
    link.SetTraces(std::make_shared<KvDeliveryTrace>(forth),
                   std::make_shared<KvDeliveryTrace>(trace_of({1})));
    link.SetDelay(ns3::MilliSeconds(20));
    devices_ = link.Install(nodes_.Get(0), nodes_.Get(1));
    for (std::uint32_t i = 0; i < 2; ++i) meter_.Attach(devices_.Get(i));
    devices_.Get(1)->TraceConnectWithoutContext("PhyRxEnd", ns3::MakeCallback(&SimTraceLink::count, this));
    devices_.Get(1)->SetReceiveCallback(ns3::MakeCallback(&SimTraceLink::take, this));
  }
  void send_at(double ms, std::uint32_t count, std::uint32_t bytes) {
    ns3::Simulator::Schedule(ns3::NanoSeconds(static_cast<std::int64_t>(ms * 1e6)), [this, count, bytes] {
      for (std::uint32_t i = 0; i < count; ++i) {
        devices_.Get(0)->Send(ns3::Create<ns3::Packet>(bytes), ns3::Mac48Address::GetBroadcast(), kIpv4);
      }
    });
  }
  void count(ns3::Ptr<const ns3::Packet>) {
    const auto left = ns3::Simulator::Now() - ns3::MilliSeconds(20);
    arrivals_ms_.push_back(static_cast<double>(left.GetNanoSeconds()) / 1e6);
  }
  bool take(ns3::Ptr<ns3::NetDevice>, ns3::Ptr<const ns3::Packet> packet, std::uint16_t protocol,
            const ns3::Address&) {
    taken_bytes_ += packet->GetSize();
    return protocol == kIpv4;
  }

  ns3::NodeContainer nodes_{2};
  ns3::NetDeviceContainer devices_;
  KvWireMeter meter_;
  std::vector<double> arrivals_ms_;  // when packets left
  std::uint64_t taken_bytes_ = 0;
};

TEST_F(SimTraceLink, a_packet_leaves_at_each_opportunity) {
  build({}, trace_of({2, 5, 5, 9}));
  send_at(0, 6, 1500);
  ns3::Simulator::Run();
  EXPECT_EQ(arrivals_ms_, (std::vector<double>{2, 5, 5, 9, 11, 14}));
  EXPECT_EQ(taken_bytes_, 6 * 1500u);
}

TEST_F(SimTraceLink, opportunities_that_find_no_packet_are_lost) {
  build({}, trace_of({2, 5, 9}));
  send_at(2.1, 1, 1500);
  send_at(8.9, 2, 1500);
  ns3::Simulator::Run();
  EXPECT_EQ(arrivals_ms_, (std::vector<double>{5, 9, 11}));
}

TEST_F(SimTraceLink, small_packets_share_an_opportunity_and_large_ones_take_several) {
  build({}, trace_of({1, 2, 3, 4, 5}));
  send_at(0, 4, 500);   // three in the first, one in the second, whose rest ...
  send_at(0, 1, 1400);  // ... takes 1,000 bytes of this, which leaves in the third
  ns3::Simulator::Run();
  EXPECT_EQ(arrivals_ms_, (std::vector<double>{1, 1, 1, 2, 3}));
}

TEST_F(SimTraceLink, begins_where_in_the_trace_it_is_told) {
  KvTraceLinkHelper link;
  link.SetTraceStart(ns3::MilliSeconds(4));
  build(link, trace_of({2, 5, 9}));
  send_at(0, 3, 1500);
  ns3::Simulator::Run();
  EXPECT_EQ(arrivals_ms_, (std::vector<double>{1, 5, 7}));
}

TEST_F(SimTraceLink, the_queue_holds_so_many_packets_and_the_meter_counts_the_rest) {
  KvTraceLinkHelper link;
  link.SetQueuePackets(5);
  build(link, trace_of({1}));
  send_at(0, 20, 98);
  ns3::Simulator::Run();
  EXPECT_EQ(arrivals_ms_.size(), 5u);
  EXPECT_EQ(meter_.GetPackets().droppedQueue, 15u);
  EXPECT_EQ(meter_.GetPackets().sent, 5u);
}

TEST_F(SimTraceLink, loses_the_share_of_packets_that_it_was_told) {
  KvTraceLinkHelper link;
  link.SetQueuePackets(20000);
  link.SetLoss(0.1);
  build(link, trace_of({1}));
  send_at(0, 10000, 1500);
  ns3::Simulator::Run();
  EXPECT_NEAR(static_cast<double>(arrivals_ms_.size()), 9000, 90);  // three standard deviations
  EXPECT_EQ(meter_.GetPackets().droppedError, 10000 - arrivals_ms_.size());
}

// Always something to send: what leaves is what the trace lets leave, exactly.
TEST_F(SimTraceLink, a_full_queue_uses_every_opportunity) {
  Rng rng(8);
  std::vector<std::uint64_t> times;
  for (std::uint64_t time = 0; times.size() < 3000;) {
    time += rng.below(4) == 0 ? rng.below(60) : 0;
    times.push_back(time);
  }
  times.push_back(times.back() + 1);
  const auto trace = trace_of(times);
  KvTraceLinkHelper link;
  link.SetQueuePackets(1'000'000);
  build(link, trace);
  send_at(0, 20'000, 1500);
  ns3::Simulator::Stop(ns3::MilliSeconds(50'020));
  ns3::Simulator::Run();
  EXPECT_EQ(1500 * arrivals_ms_.size(), trace.GetBytesBetween(Duration(0), milliseconds(50'000)));
}

}  // namespace
}  // namespace kvferry::sim
