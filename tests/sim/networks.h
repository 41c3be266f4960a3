// SPDX-License-Identifier: GPL-2.0-only
//
// Agents in a network, for the tests of the helpers that build one.
#pragma once

#include <gtest/gtest.h>
#include <ns3/enum.h>
#include <ns3/flow-monitor.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/udp-echo-helper.h>
#include <ns3/uinteger.h>

#include <string>

#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-flow-monitor-helper.h"
#include "sim/helper/kv-topology-helper.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::sim {

constexpr std::uint16_t kAgentPort = 4840;

// What became of the cards, one for each reader.
struct Moved {
  bool all_arrived = false;                  // byte for byte
  std::vector<std::int64_t> completed_ns;    // by reader, since the network was ready; -1: not
  std::vector<std::int64_t> chunk_times_ns;  // of everybody's chunks, as they came
  WireBytes wire;
  WirePackets packets;
  std::uint64_t device_bytes = 0;
  std::uint64_t payload_bytes = 0;  // of all cards together
};

class NetworkTest : public ::testing::Test {
 protected:
  NetworkTest() { set_run(1); }
  ~NetworkTest() override { ns3::Simulator::Destroy(); }

  static void set_run(std::uint64_t run) {
    ns3::RngSeedManager::SetSeed(1);
    ns3::RngSeedManager::SetRun(run);
  }

  // A card from every source to each reader that reads from it. Ends the simulation.
  Moved move(const KvTopology& network, KvAgent::Transport transport, const Card& card) {
    KvWireMeter meter;
    meter.SetAgentPort(kAgentPort);
    network.Attach(meter);
    network.AssignStreams(100);
    KvAgentHelper agents;
    agents.SetAttribute("Transport", ns3::EnumValue(transport));
    Moved moved;
    std::vector<ns3::Ptr<KvReader>> readers;
    std::vector<std::shared_ptr<CardSink>> sinks;
    std::int64_t stream = 1000;
    for (std::uint32_t i = 0; i < network.sources.GetN(); ++i) {
      const auto source = agents.InstallSource(network.sources.Get(i));
      source->AddCard("a", std::make_shared<CardSource>(card));
      stream += source->AssignStreams(stream);
    }
    open_ = network.readers.GetN();
    moved.completed_ns.assign(open_, -1);
    for (std::uint32_t i = 0; i < network.readers.GetN(); ++i) {
      readers.push_back(agents.InstallReader(network.readers.Get(i), network.remotes[i]));
      stream += readers[i]->AssignStreams(stream);
      sinks.push_back(std::make_shared<CardSink>());
      RequestOptions request;
      request.document = "a";
      readers[i]->AddRequest(request, sinks[i]);
      readers[i]->SetStartTime(network.ready);
      observe(readers[i], i, network.ready, moved);
    }
    ns3::Simulator::Stop(network.ready + ns3::Seconds(60));
    ns3::Simulator::Run();
    moved.all_arrived = true;
    for (std::size_t i = 0; i < readers.size(); ++i) {
      if (!readers[i]->IsComplete() || !test::same_bytes(sinks[i]->card(), card)) moved.all_arrived = false;
    }
    moved.wire = meter.GetBytes();
    moved.packets = meter.GetPackets();
    moved.device_bytes = meter.GetDeviceBytes();
    moved.payload_bytes = card.manifest.payload_bytes() * readers.size();
    return moved;
  }

  // As move(), of a network that must be there, in a simulation of its own.
  Moved carry(const KvTopologyHelper& helper, KvAgent::Transport transport, const Card& card,
              std::uint64_t run = 1) {
    ns3::Simulator::Destroy();
    set_run(run);
    const auto network = helper.Install();
    EXPECT_TRUE(network) << network.error().message;
    return network ? move(*network, transport, card) : Moved{};
  }

  // ns-3's own echo: the flow of one datagram of 1,000 bytes, or of the last where the first ones resolve
  // addresses. Ends the simulation.
  KvFlow echo(const KvTopology& network, ns3::Ptr<ns3::Node> from, ns3::Ptr<ns3::Node> to,
              const ns3::Address& address, std::uint32_t count = 1) {
    KvFlowMonitorHelper monitor;
    monitor.Install(network);
    constexpr std::uint16_t kEchoPort = 7;
    ns3::UdpEchoServerHelper(kEchoPort).Install(to);
    ns3::UdpEchoClientHelper client(address, kEchoPort);
    client.SetAttribute("MaxPackets", ns3::UintegerValue(count));
    client.SetAttribute("PacketSize", ns3::UintegerValue(1000));
    client.Install(from).Start(network.ready);
    ns3::Simulator::Stop(network.ready + ns3::Seconds(count + 3));
    ns3::Simulator::Run();
    const auto flows = monitor.GetFlows();
    EXPECT_GE(flows.size(), 2u);
    if (flows.size() < 2) return {};
    EXPECT_EQ(flows[1].to, flows[0].from);
    EXPECT_EQ(flows[1].receivedPackets, flows[0].sentPackets);
    return flows[0];
  }

 private:
  void observe(ns3::Ptr<KvReader> reader, std::uint32_t number, ns3::Time ready, Moved& moved) {
    reader->TraceConnectWithoutContext("TransferComplete", ns3::Callback<void>([&moved, number, ready] {
                                         moved.completed_ns[number] =
                                             (ns3::Simulator::Now() - ready).GetNanoSeconds();
                                       }));
    reader->TraceConnectWithoutContext(
        "ChunkArrived", ns3::Callback<void, std::uint32_t, std::uint32_t, std::uint64_t>(
                            [&moved](std::uint32_t, std::uint32_t, std::uint64_t) {
                              moved.chunk_times_ns.push_back(ns3::Simulator::Now().GetNanoSeconds());
                            }));
    reader->TraceConnectWithoutContext("Closed",
                                       ns3::Callback<void, const std::string&>([this](const std::string&) {
                                         if (--open_ == 0) ns3::Simulator::Stop(ns3::Seconds(1));
                                       }));
  }

  std::size_t open_ = 0;  // readers
};

// The error that a helper gives, or "none".
inline std::string error_of(const KvTopologyHelper& helper) {
  const auto network = helper.Install();
  return network ? "none" : network.error().message;
}

}  // namespace kvferry::sim
