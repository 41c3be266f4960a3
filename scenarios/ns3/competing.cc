// SPDX-License-Identifier: GPL-2.0-only
//
// A card crosses a bottleneck beside TCP flows that always have something to send
// and UDP that comes and goes, over each transport.
//
//   source ──┐                                    ┌── reader
//            ├── router ── 20 Mbit/s, 20 ms ── router
//   senders ─┘                                    └── receivers
//
// Prints how long the card takes, and its share of the bottleneck meanwhile.
#include <ns3/enum.h>
#include <ns3/simulator.h>

#include <iostream>

#include "scenarios/ns3/example_options.h"
#include "sim/helper/kv-background-helper.h"
#include "sim/helper/kv-dumbbell-helper.h"
#include "sim/helper/kv-reader-times.h"

using namespace kvferry;
using namespace kvferry::sim;

namespace {

constexpr const char* kName = "kvferry-example-competing";
constexpr uint64_t kRate_mbps = 20;

bool RunWith(const char* name, const KvBackgroundHelper& background, KvAgent::Transport transport,
             const ExampleOptions& options, KvTable& table) {
  KvLinkHelper bottleneck;
  bottleneck.SetDataRate(ns3::DataRate(kRate_mbps * 1'000'000));
  KvDumbbellHelper dumbbell;
  dumbbell.SetBottleneck(bottleneck);
  const auto network = value_or_usage(dumbbell.Install());
  auto stream = network.AssignStreams(0);
  stream += KvBackgroundHelper::AssignStreams(value_or_usage(background.Install(network)), stream);

  auto helper = options.MakeAgents();
  helper.SetAttribute("Transport", ns3::EnumValue(transport));
  const auto agents = helper.Install(network, options.GetCard());
  KvAgentHelper::AssignStreams(agents, stream);
  agents.readers[0]->SetStartTime(ns3::Seconds(5));  // the others have found their rates
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  ns3::Simulator::Destroy();
  const char* const transports[] = {"TCP", "UDP", "QUIC"};
  table.AddRow({transports[transport], name, KvTable::Number(times.GetLast()),
                KvTable::Number(100 * times.Get(0).GetGoodputMbps() / kRate_mbps, 1)});
  return times.AreAllComplete();
}

int Run(int argc, char** argv) {
  uint32_t tcpFlows = 2;
  double udpShare = 0.5;
  ExampleOptions options(kName, "A card crosses a bottleneck beside other traffic.", 128);
  options.AddValue("tcpFlows", "CUBIC flows beside it", tcpFlows);
  options.AddValue("udpShare", "of the bottleneck that UDP takes on average", udpShare);
  options.Read(argc, argv);

  KvBackgroundHelper nothing, tcp, udp;
  tcp.SetTcpFlows(tcpFlows);
  udp.SetUdpShare(udpShare);
  KvTable table({"transport", "beside", "complete, s", "share of link, %"});
  bool complete = true;
  for (const auto transport : {KvAgent::TCP, KvAgent::UDP, KvAgent::QUIC}) {
    complete = RunWith("nothing", nothing, transport, options, table) && complete;
    complete = RunWith("TCP flows", tcp, transport, options, table) && complete;
    complete = RunWith("on-off UDP", udp, transport, options, table) && complete;
  }
  std::cout << options.Describe() << table;
  return complete ? kExitSuccess : kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(kName, [&] { return Run(argc, argv); });
}
