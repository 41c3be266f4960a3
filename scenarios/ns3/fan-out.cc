// SPDX-License-Identifier: GPL-2.0-only
//
// One agent hands the same card to fifteen others at once, each on a link of its
// own: 4,096 tokens of Llama-3-8B, 0.5 GiB in FP16, as a card of INT4. Only sizes
// travel, so that two gigabytes under way cost no memory.
//
//   source ═══ 1 Gbit/s, 5 ms ═══ reader 0
//          ═══ 1 Gbit/s, 5 ms ═══ reader 1  ...
//
// Prints each reader's times and goodput, and how evenly they were served (Jain's
// index of the goodput).
#include <ns3/simulator.h>

#include <iostream>

#include "scenarios/ns3/example_options.h"
#include "sim/helper/kv-reader-times.h"
#include "sim/helper/kv-star-helper.h"

using namespace kvferry;
using namespace kvferry::sim;

namespace {

constexpr const char* kName = "kvferry-example-fan-out";

int Run(int argc, char** argv) {
  uint32_t readers = 15;
  ns3::DataRate rate("1Gbps");
  ns3::Time delay = ns3::MilliSeconds(5);
  double loss = 0;
  ExampleOptions options(kName, "One agent hands the same card to many at once.", 4096);
  options.AddAttribute("transport", "kvferry::KvAgent::Transport");
  options.AddValue("readers", "that want the card", readers);
  options.AddValue("rate", "of each link, each way", rate);
  options.AddValue("delay", "of each link, one way", delay);
  options.AddValue("loss", "share of packets that each link loses, each way", loss);
  options.Read(argc, argv);

  KvLinkHelper link;
  link.SetDataRate(rate);
  link.SetDelay(delay);
  link.SetQueuePackets(1000);
  link.SetLoss(loss);
  KvStarHelper star;
  star.SetReaders(readers);
  star.SetLink(link);
  const auto network = value_or_usage(star.Install());

  const auto agents = options.MakeAgents().Install(network, options.GetCard());
  KvAgentHelper::AssignStreams(agents, network.AssignStreams(0));
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  ns3::Simulator::Destroy();

  std::cout << options.Describe() << times.MakeTable() << "Jain's index  "
            << KvTable::Number(times.GetFairness(), 4) << '\n';
  return times.AreAllComplete() ? kExitSuccess : kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(kName, [&] { return Run(argc, argv); });
}
