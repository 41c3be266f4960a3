// SPDX-License-Identifier: GPL-2.0-only
//
// One agent hands a card to another over a link that loses packets.
//
//   source ──── 50 Mbit/s, 20 ms, 1 % ──── reader
//
// Prints when the manifest, the first chunk and the whole card were there, and
// what was on the wire by class. --transport=Udp or Quic loses less time to loss
// than ns-3's TCP; --card=FILE sends a real card, as kvferry-lab encode makes.
#include <ns3/simulator.h>

#include <iostream>

#include "scenarios/ns3/example_options.h"
#include "sim/helper/kv-pair-helper.h"
#include "sim/helper/kv-reader-times.h"

using namespace kvferry;
using namespace kvferry::sim;

namespace {

constexpr const char* kName = "kvferry-example-two-agents";

int Run(int argc, char** argv) {
  ns3::DataRate rate("50Mbps");
  ns3::Time delay = ns3::MilliSeconds(20);
  double loss = 0.01;
  ExampleOptions options(kName, "One agent hands a card to another over a link that loses packets.", 128);
  options.AddAttribute("transport", "kvferry::KvAgent::Transport");
  options.AddValue("rate", "of the link, each way", rate);
  options.AddValue("delay", "of the link, one way", delay);
  options.AddValue("loss", "share of packets that it loses, each way", loss);
  options.Read(argc, argv);

  KvLinkHelper link;
  link.SetDataRate(rate);
  link.SetDelay(delay);
  link.SetLoss(loss);
  KvPairHelper pair;
  pair.SetLink(link);
  const auto network = value_or_usage(pair.Install());
  KvWireMeter meter;
  network.Attach(meter);

  const auto agents = options.MakeAgents().Install(network, options.GetCard());
  KvAgentHelper::AssignStreams(agents, network.AssignStreams(0));
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  ns3::Simulator::Destroy();

  std::cout << options.Describe() << times.MakeTable() << '\n' << KvTable::OfBytes(meter.GetBytes());
  return times.AreAllComplete() ? kExitSuccess : kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(kName, [&] { return Run(argc, argv); });
}
