// SPDX-License-Identifier: GPL-2.0-only
//
// Several UEs of one LTE cell, at different distances from its mast, read the
// same card at once from a host on the internet behind the core network.
//
//   source ── 1 Gbit/s, 10 ms ── PGW ── SGW ── eNB  ))  UE at 100 m, 1 km, ...
//
// Prints each reader's times by its distance, and how evenly the cell served
// them (Jain's index of the goodput).
#include <ns3/simulator.h>

#include <iostream>
#include <sstream>

#include "scenarios/ns3/example_options.h"
#include "sim/helper/kv-lte-helper.h"
#include "sim/helper/kv-reader-times.h"

using namespace kvferry;
using namespace kvferry::sim;

namespace {

constexpr const char* kName = "kvferry-example-lte";

int Run(int argc, char** argv) {
  std::string distances = "100,1000,4000,8000";
  ExampleOptions options(kName, "Readers at different distances in one LTE cell read the same card.", 32);
  options.AddAttribute("transport", "kvferry::KvAgent::Transport");
  options.AddValue("distances", "of the readers from the mast in metres, with commas between", distances);
  options.Read(argc, argv);

  std::vector<std::string> labels;
  std::vector<double> metres;
  std::istringstream list(distances);
  for (std::string word; std::getline(list, word, ',');) {
    std::istringstream number(word);
    labels.push_back(word);
    if (!(number >> metres.emplace_back()) || number.peek() != EOF)
      throw UsageError("--distances: '" + word + "', expected metres with commas between");
  }
  KvLteHelper cell;
  cell.SetReaders(static_cast<uint32_t>(metres.size()));
  cell.SetDistances(metres);
  const auto network = value_or_usage(cell.Install());

  const auto agents = options.MakeAgents().Install(network, options.GetCard());
  KvAgentHelper::AssignStreams(agents, network.AssignStreams(0));
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  ns3::Simulator::Destroy();

  std::cout << options.Describe() << times.MakeTable("distance, m", labels) << "Jain's index  "
            << KvTable::Number(times.GetFairness(), 4) << '\n';
  return times.AreAllComplete() ? kExitSuccess : kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program(kName, [&] { return Run(argc, argv); });
}
