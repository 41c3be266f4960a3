// SPDX-License-Identifier: GPL-2.0-only
//
// Readers on one Wi-Fi channel with stations that send as much as they can: 0, 1,
// 2, 4, ... of them, each in a simulation of its own.
//
//   source = access point  ))  readers            (the card, towards them)
//                          ((  contending stations (a greedy TCP flow each, away)
//
// Prints how long the readers wait for their card, how many get it before they give
// up, and how evenly they share.
#include <ns3/simulator.h>

#include <iostream>

#include "scenarios/ns3/example_options.h"
#include "sim/helper/kv-background-helper.h"
#include "sim/helper/kv-reader-times.h"
#include "sim/helper/kv-wifi-helper.h"

using namespace kvferry;
using namespace kvferry::sim;

namespace {

constexpr const char* kName = "kvferry-example-contention";

bool RunWith(uint32_t contenders, KvWifiHelper& wifi, const ExampleOptions& options, KvTable& table) {
  wifi.SetContenders(contenders);
  const auto network = value_or_usage(wifi.Install());
  auto stream = network.AssignStreams(0);
  KvBackgroundHelper background;
  background.SetTcpFlows(contenders);
  background.SetStart(network.ready);
  stream += KvBackgroundHelper::AssignStreams(value_or_usage(background.Install(network)), stream);

  const auto agents = options.MakeAgents().Install(network, options.GetCard());
  KvAgentHelper::AssignStreams(agents, stream);
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  ns3::Simulator::Destroy();
  table.AddRow({std::to_string(contenders), std::to_string(times.CountComplete()),
                KvTable::Number(times.GetMean()), KvTable::Number(times.GetLast()),
                KvTable::Number(times.GetFairness(), 4)});
  for (size_t i = 0; i < times.GetN(); ++i) {
    if (!times.Get(i).complete)
      std::cerr << "beside " << contenders << ", reader " << i << ": " << times.Get(i).failure << "\n";
  }
  return times.AreAllComplete();
}

int Run(int argc, char** argv) {
  uint32_t readers = 3, contenders = 4, mcs = 5;
  std::string standard = "802.11ax";
  ExampleOptions options(kName, "Readers share a Wi-Fi channel with stations that send all they can.", 32);
  options.AddAttribute("transport", "kvferry::KvAgent::Transport");
  options.AddValue("readers", "that want the card", readers);
  options.AddValue("contenders", "the most stations that send beside them", contenders);
  options.AddValue("standard", "802.11a, b, g, n, ac or ax", standard);
  options.AddValue("mcs", "the rate, among the standard's, of all stations", mcs);
  options.Read(argc, argv);

  KvWifiHelper wifi;
  wifi.SetReaders(readers);
  wifi.SetStandard(standard);
  wifi.SetMcs(mcs);
  KvTable table({"contenders", "readers served", "mean complete, s", "last complete, s", "Jain's index"});
  bool complete = true;
  for (uint32_t count = 0; count <= contenders; count = count == 0 ? 1 : 2 * count)
    complete = RunWith(count, wifi, options, table) && complete;
  std::cout << options.Describe() << table;
  return complete ? kExitSuccess : kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(kName, [&] { return Run(argc, argv); });
}
