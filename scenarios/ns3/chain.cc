// SPDX-License-Identifier: GPL-2.0-only
//
// A card goes from agent to agent: each fetches it from the one before, keeps it,
// and gives it on once it is whole.
//
//   source ── relay ── relay ── ... ── relay ── reader     50 Mbit/s, 10 ms a hop
//
// Prints when the card was whole at each of the agents and, for comparison, at the
// reader when the same nodes only forward its packets.
#include <ns3/simulator.h>

#include <iostream>

#include "scenarios/ns3/example_options.h"
#include "sim/helper/kv-chain-helper.h"
#include "sim/helper/kv-reader-times.h"

using namespace kvferry;
using namespace kvferry::sim;

namespace {

constexpr const char* kName = "kvferry-example-chain";

// When the card was whole at each agent that gets it, the reader last.
std::vector<std::optional<ns3::Time>> Move(const KvChainHelper& chain, const ExampleOptions& options,
                                           bool throughRelays) {
  const auto network = value_or_usage(chain.Install());
  const auto helper = options.MakeAgents();
  const auto agents = throughRelays ? helper.InstallThroughRelays(network, options.GetCard())
                                    : helper.Install(network, options.GetCard());
  KvAgentHelper::AssignStreams(agents, network.AssignStreams(0));
  std::vector<std::optional<ns3::Time>> whole(agents.relays.size());
  for (size_t i = 0; i < whole.size(); ++i)
    agents.relays[i]->TraceConnectWithoutContext(
        "Fetched", ns3::Callback<void, const std::string&>(
                       [&whole, i](const std::string&) { whole[i] = ns3::Simulator::Now(); }));
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  ns3::Simulator::Destroy();
  whole.push_back(times.Get(0).complete);
  return whole;
}

int Run(int argc, char** argv) {
  uint32_t hops = 8;
  double loss = 0;
  ExampleOptions options(kName, "A card goes from agent to agent.", 128);
  options.AddAttribute("transport", "kvferry::KvAgent::Transport");
  options.AddValue("hops", "links from the source to the reader", hops);
  options.AddValue("loss", "share of packets that each link loses, each way", loss);
  options.Read(argc, argv);

  KvLinkHelper link;
  link.SetDataRate(ns3::DataRate("50Mbps"));
  link.SetDelay(ns3::MilliSeconds(10));
  link.SetLoss(loss);
  KvChainHelper chain;
  chain.SetHops(hops);
  chain.SetLink(link);
  const auto handed = Move(chain, options, true);
  const auto straight = Move(chain, options, false).back();
  KvTable table({"hop", "whole, s"});
  for (size_t i = 0; i < handed.size(); ++i)
    table.AddRow({std::to_string(i + 1), KvTable::Number(handed[i])});
  table.AddRow({"forwarded only", KvTable::Number(straight)});
  std::cout << options.Describe() << table;
  return handed.back() && straight ? kExitSuccess : kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(kName, [&] { return Run(argc, argv); });
}
