// SPDX-License-Identifier: GPL-2.0-only
//
// What a run leaves besides its results: captures, flows, an animation.
#include <cstdio>

#include "sim/helper/kv-animation-helper.h"
#include "sim/helper/kv-csma-helper.h"
#include "sim/helper/kv-lte-helper.h"
#include "sim/helper/kv-pair-helper.h"
#include "sim/helper/kv-pcap-helper.h"
#include "sim/helper/kv-star-helper.h"
#include "sim/helper/kv-trace-link-helper.h"
#include "sim/helper/kv-wifi-helper.h"
#include "tests/sim/networks.h"
#include "tests/sim/sim_plans.h"

namespace kvferry::sim {
namespace {

class SimOutputs : public NetworkTest {
 protected:
  // Lines that tshark prints of a capture, with the project's dissector.
  static std::vector<std::string> dissect(const std::filesystem::path& file, const std::string& filter) {
    const auto command = "tshark -r '" + file.string() +
                         "' -X lua_script:" KVFERRY_SOURCE_DIR
                         "/protocol/wireshark/kvferry.lua -d tcp.port==4840,kvferry -Y '" +
                         filter + "' 2>/dev/null";
    std::vector<std::string> lines;
    auto* const pipe = popen(command.c_str(), "r");
    char line[4096];
    while (std::fgets(line, sizeof line, pipe)) lines.emplace_back(line);
    EXPECT_EQ(pclose(pipe), 0) << command;
    return lines;
  }

  // The captures that moving a card over the network leaves, by name.
  std::vector<std::filesystem::path> capture(const KvTopologyHelper& helper, KvAgent::Transport transport) {
    ns3::Simulator::Destroy();
    const auto network = helper.Install();
    EXPECT_TRUE(network) << network.error().message;
    const auto prefix = folder_ / "run";
    const auto enabled = KvPcapHelper::Enable(prefix.string(), *network);
    EXPECT_TRUE(enabled) << enabled.error().message;
    EXPECT_TRUE(move(*network, transport, test::sample_card(1, 6, 4000)).all_arrived);
    ns3::Simulator::Destroy();  // closes the files
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(prefix.parent_path()))
      files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
  }

  static KvTraceLinkHelper recorded() {
    KvTraceLinkHelper link;
    const auto trace =
        std::make_shared<KvDeliveryTrace>(*KvDeliveryTrace::FromTimes(std::vector<std::uint64_t>{1}));
    link.SetTraces(trace, trace);
    return link;
  }

  ScratchFolder folder_;
};

TEST_F(SimOutputs, the_dissector_reads_captures_of_links) {
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto files = capture(KvPairHelper(), transport);
    ASSERT_EQ(files.size(), 2u);
    for (const auto& file : files) {
      EXPECT_EQ(dissect(file, "kvferry.frame.name == \"REQUEST\"").size(), 1u) << file;
    }
    EXPECT_EQ(dissect(files[1], "kvferry.expert.malformed or kvferry.crc.status == 0").size(), 0u);
  }
}

TEST_F(SimOutputs, and_of_recorded_links) {
  KvPairHelper pair;
  pair.SetLink(recorded());
  const auto files = capture(pair, KvAgent::UDP);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(dissect(files[1], "kvferry.frame.name == \"REQUEST\"").size(), 1u);
}

TEST_F(SimOutputs, and_of_shared_media) {
  const auto bus = capture(KvCsmaHelper(), KvAgent::UDP);
  ASSERT_EQ(bus.size(), 2u);
  EXPECT_EQ(dissect(bus[0], "kvferry.frame.name == \"REQUEST\"").size(), 1u);
  for (const auto& file : bus) std::filesystem::remove(file);
  const auto air = capture(KvWifiHelper(), KvAgent::UDP);
  ASSERT_EQ(air.size(), 2u);
  EXPECT_GE(dissect(air[0], "kvferry.frame.name == \"REQUEST\"").size(), 1u);
}

TEST_F(SimOutputs, of_lte_the_wire_behind_it) {
  const auto files = capture(KvLteHelper(), KvAgent::UDP);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(dissect(files[0], "kvferry.frame.name == \"REQUEST\"").size(), 1u);
}

TEST_F(SimOutputs, flows_say_bytes_delay_and_loss) {
  KvLinkHelper link;
  link.SetLoss(0.05);
  KvPairHelper pair;
  pair.SetLink(link);
  const auto network = pair.Install();
  KvFlowMonitorHelper monitor;
  monitor.Install(*network);
  const auto moved = move(*network, KvAgent::UDP, test::sample_card(2, 24, 8000));
  ASSERT_TRUE(moved.all_arrived);
  const auto flows = monitor.GetFlows();
  ASSERT_EQ(flows.size(), 2u);
  const auto& request = flows[0];
  const auto& answer = flows[1];
  EXPECT_EQ(request.to, network->sourceAddresses[0]);
  EXPECT_EQ(request.toPort, kAgentPort);
  EXPECT_EQ(answer.fromPort, kAgentPort);
  EXPECT_EQ(answer.protocol, 17);
  EXPECT_GT(answer.sentBytes, moved.payload_bytes);
  EXPECT_LT(answer.receivedBytes, answer.sentBytes);
  EXPECT_EQ(answer.lostPackets + request.lostPackets,
            moved.packets.droppedError + moved.packets.droppedQueue);
  EXPECT_GT(answer.meanDelay, ns3::MilliSeconds(20));
  EXPECT_LT(answer.meanDelay, ns3::MilliSeconds(200));
}

TEST_F(SimOutputs, an_animation_names_who_is_who) {
  const auto file = folder_ / "run.xml";
  {
    const auto network = KvStarHelper().Install();
    KvAnimationHelper animation;
    const auto enabled = animation.Enable(file.string(), *network);
    ASSERT_TRUE(enabled) << enabled.error().message;
    EXPECT_TRUE(move(*network, KvAgent::UDP, test::sample_card(3, 2, 1000)).all_arrived);
  }
  const auto text = read_text(file);
  EXPECT_NE(text.find("source 0"), std::string::npos);
  EXPECT_NE(text.find("reader 1"), std::string::npos);
  EXPECT_NE(text.find("<p "), std::string::npos);  // packets
  EXPECT_NE(text.find("</anim>"), std::string::npos);
}

TEST_F(SimOutputs, a_place_where_no_file_can_be_is_an_error) {
  const auto network = KvPairHelper().Install();
  const auto nowhere = (folder_ / "no").string() + "/such";
  EXPECT_EQ(KvPcapHelper::Enable(nowhere, *network).error().message,
            "pcap: " + nowhere + ": cannot write, expected a folder that is there");
  EXPECT_EQ(KvAnimationHelper().Enable(nowhere, *network).error().message,
            "animation: " + nowhere + ": cannot write, expected a folder that is there");
}

}  // namespace
}  // namespace kvferry::sim
