// SPDX-License-Identifier: MIT
#include "scenarios/lab/transfers.h"

#include <gtest/gtest.h>

#include "tests/scenarios/temporary_folder.h"

namespace kvferry {
namespace {

std::string line(const std::string& id, bool ok) {
  return "{\"id\":\"" + id +
         "\",\"transport\":\"ns3-udp\",\"seed\":18446744073709551615,\"card\":\"ab\",\"ok\":" +
         (ok ? "true" : "false") +
         ",\"reason\":\"no progress\",\"time_s\":{\"connect\":0.08,\"first_chunk\":0.2,\"complete\":0.5,"
         "\"confirmed\":0.52},\"wire\":{\"payload\":100,\"framing\":10,\"signalling\":5,\"acks\":4,"
         "\"retransmitted\":3,\"fec\":0,\"lower_layers\":8,\"total\":130},\"device_bytes\":130,"
         "\"retransmissions\":2,\"arrived\":\"arrived/0.card\"}\n";
}

TEST(Transfers, are_read_line_by_line) {
  const TemporaryFolder folder;
  folder.write("transfers.jsonl", line("a", true) + line("b", true));
  const auto transfers = read_transfers(folder.path());
  ASSERT_TRUE(transfers) << transfers.error().message;
  ASSERT_EQ(transfers->size(), 2);
  const auto& b = transfers->at(1);
  EXPECT_EQ(b.id, "b");
  EXPECT_EQ(b.seed, UINT64_MAX);
  EXPECT_EQ(b.complete_s, 0.5);
  EXPECT_EQ(b.wire.classes.total() + b.wire.lower_layers, b.wire.total);
  EXPECT_EQ(b.arrived, folder.path() / "arrived/0.card");
}

TEST(Transfers, one_that_did_not_succeed_is_an_error_with_its_reason) {
  const TemporaryFolder folder;
  folder.write("transfers.jsonl", line("a", false));
  const auto transfers = read_transfers(folder.path());
  ASSERT_FALSE(transfers);
  EXPECT_EQ(transfers.error().message, "transfer a did not succeed: no progress");
}

TEST(Transfers, a_broken_line_is_named) {
  const TemporaryFolder folder;
  folder.write("transfers.jsonl", line("a", true) + "{\"id\":");
  const auto transfers = read_transfers(folder.path());
  ASSERT_FALSE(transfers);
  EXPECT_TRUE(transfers.error().message.starts_with(
      (folder.path() / "transfers.jsonl:2: expected a transfer's line").string()));
}

TEST(Transfers, plans_for_the_simulator_are_pinned) {
  TradeoffPlan plan;
  plan.seed = 7;
  EXPECT_EQ(write_sim_plan(plan, {{"doc0/int4/ns3-tcp", "ns3-tcp", "cards/0.card", 10}}),
            "seed = 7\n\n[link]\nrate_mbps = 5.0\nrtt_ms = 40.0\nloss = 0.01\nqueue_packets = 100\n\n[tcp]\n"
            "congestion = \"TcpCubic\"\n\n[udp]\ncongestion = \"model\"\nmax_datagram_bytes = "
            "1452\n\n[[transfer]]\n"
            "id = \"doc0/int4/ns3-tcp\"\ncard = \"cards/0.card\"\ntransport = \"ns3-tcp\"\n");
}

}  // namespace
}  // namespace kvferry
