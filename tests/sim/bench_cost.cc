// SPDX-License-Identifier: GPL-2.0-only
//
// What a transfer costs beside ns-3's own applications that move the same bytes over the same
// link by the same kind of socket: BulkSend and PacketSink over TCP; over UDP, where there is no BulkSend, an
// OnOffApplication that fills the link. bench_cost [--mb N] [--rounds N]
#include <ns3/boolean.h>
#include <ns3/bulk-send-helper.h>
#include <ns3/config.h>
#include <ns3/enum.h>
#include <ns3/inet-socket-address.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/node-container.h>
#include <ns3/on-off-helper.h>
#include <ns3/packet-sink-helper.h>
#include <ns3/packet-sink.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/tcp-cubic.h>
#include <ns3/uinteger.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "protocol/card/card.h"
#include "scenarios/shapes/shape_card.h"
#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-link-helper.h"
#include "sim/model/kv-virtual-card.h"

namespace kvferry::sim {
namespace {

constexpr uint16_t kPort = 9;
constexpr uint32_t kBufferBytes =
    2 << 20;  // less than the path holds: nothing is lost, which costs ns-3's TCP much

// Two nodes, 1 Gbit/s, 10 ms there and back. Owns the simulation.
struct Link {
  Link() {
    nodes.Create(2);
    ns3::InternetStackHelper internet;
    internet.SetIpv6StackInstall(false);
    internet.Install(nodes);
    KvLinkHelper link;
    link.SetDataRate(ns3::DataRate("1Gbps"));
    link.SetDelay(ns3::MilliSeconds(5));
    link.SetQueuePackets(2000);
    addresses = ns3::Ipv4AddressHelper("10.0.0.0", "255.255.255.252")
                    .Assign(link.Install(nodes.Get(0), nodes.Get(1)));
  }
  ~Link() { ns3::Simulator::Destroy(); }
  ns3::NodeContainer nodes;
  ns3::Ipv4InterfaceContainer addresses;
};

double run_s() {
  const auto begin = std::clock();  // one thread, which waits for nothing: its processor time
  ns3::Simulator::Run();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

void expect(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "bench_cost: %s\n", what);
  std::exit(1);
}

void tune_tcp() {
  using ns3::Config::SetDefault;
  SetDefault("ns3::TcpL4Protocol::SocketType", ns3::TypeIdValue(ns3::TcpCubic::GetTypeId()));
  SetDefault("ns3::TcpSocket::SegmentSize", ns3::UintegerValue(1448));
  SetDefault("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(kBufferBytes));
  SetDefault("ns3::TcpSocket::RcvBufSize", ns3::UintegerValue(kBufferBytes));
  SetDefault("ns3::TcpSocket::DelAckTimeout", ns3::TimeValue(ns3::MilliSeconds(40)));
  SetDefault("ns3::TcpSocketBase::MinRto", ns3::TimeValue(ns3::MilliSeconds(200)));
}

double their_tcp_s(uint64_t bytes) {
  Link link;
  tune_tcp();
  ns3::PacketSinkHelper sinks("ns3::TcpSocketFactory", ns3::InetSocketAddress(kPort));
  const auto sink = ns3::DynamicCast<ns3::PacketSink>(sinks.Install(link.nodes.Get(1)).Get(0));
  ns3::BulkSendHelper bulk("ns3::TcpSocketFactory",
                           ns3::InetSocketAddress(link.addresses.GetAddress(1), kPort));
  bulk.SetAttribute("SendSize", ns3::UintegerValue(1448));
  bulk.SetAttribute("MaxBytes", ns3::UintegerValue(bytes));
  bulk.Install(link.nodes.Get(0));
  const auto time_s = run_s();
  expect(sink->GetTotalRx() == bytes, "BulkSend did not deliver everything");
  return time_s;
}

double their_udp_s(uint64_t bytes) {
  constexpr uint64_t kDatagramBytes = 1452;
  const auto count = (bytes + kDatagramBytes - 1) / kDatagramBytes;
  Link link;
  ns3::PacketSinkHelper sinks("ns3::UdpSocketFactory", ns3::InetSocketAddress(kPort));
  const auto sink = ns3::DynamicCast<ns3::PacketSink>(sinks.Install(link.nodes.Get(1)).Get(0));
  ns3::OnOffHelper source("ns3::UdpSocketFactory",
                          ns3::InetSocketAddress(link.addresses.GetAddress(1), kPort));
  source.SetConstantRate(ns3::DataRate("960Mbps"), kDatagramBytes);
  source.SetAttribute("MaxBytes", ns3::UintegerValue(count * kDatagramBytes));
  source.Install(link.nodes.Get(0));
  const auto time_s = run_s();
  expect(sink->GetTotalRx() == count * kDatagramBytes, "OnOff did not deliver everything");
  return time_s;
}

// The bytes of a card, or only their sizes.
class Payload {
 public:
  explicit Payload(uint64_t bytes) {
    const auto shape = *find_shape("llama-3-8b");
    const auto tokens = static_cast<uint32_t>(bytes / shape.identity().fp16_bytes_per_token());
    virtual_ = *shape_manifest(shape, tokens, "fp16");
    real_.manifest = virtual_;
    real_.manifest.chunks.clear();
    for (const auto& info : virtual_.chunks) add_chunk(real_, info, Slice(Bytes(info.size_bytes, 0x5a)));
  }
  [[nodiscard]] uint64_t bytes() const { return virtual_.payload_bytes(); }
  [[nodiscard]] std::shared_ptr<ChunkSource> source(bool is_virtual) const {
    if (is_virtual) return std::make_shared<KvVirtualSource>(virtual_);
    return std::make_shared<CardSource>(real_);
  }

 private:
  Manifest virtual_;
  Card real_;
};

double our_s(const Payload& payload, KvAgent::Transport transport, bool is_virtual) {
  Link link;
  KvAgentHelper agents;
  agents.SetAttribute("Transport", ns3::EnumValue(transport));
  agents.SetAttribute("VirtualPayload", ns3::BooleanValue(is_virtual));
  agents.SetAttribute("SocketBufferBytes", ns3::UintegerValue(kBufferBytes));
  agents.SetAttribute("Seed", ns3::UintegerValue(1));
  agents.InstallSource(link.nodes.Get(0))->AddCard("card", payload.source(is_virtual));
  RequestOptions request;
  request.document = "card";
  const auto counted = std::make_shared<KvVirtualSink>();
  const auto collected = std::make_shared<CardSink>();
  const auto reader = agents.InstallReader(link.nodes.Get(1), link.addresses.GetAddress(0));
  if (is_virtual) {
    reader->AddRequest(request, counted);
  } else {
    reader->AddRequest(request, collected);
  }
  const auto time_s = run_s();
  expect(is_virtual ? counted->IsWhole() : collected->whole(), "a card did not arrive");
  return time_s;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Row {
  const char* name;
  KvAgent::Transport transport;
  bool is_virtual;
  std::vector<double> ours_s, ratios;
};

void bench(uint64_t bytes, int rounds) {
  const Payload payload(bytes);
  Row rows[] = {
      {"tcp, real bytes", KvAgent::TCP, false, {}, {}},   {"tcp, sizes only", KvAgent::TCP, true, {}, {}},
      {"udp, real bytes", KvAgent::UDP, false, {}, {}},   {"udp, sizes only", KvAgent::UDP, true, {}, {}},
      {"quic, real bytes", KvAgent::QUIC, false, {}, {}}, {"quic, sizes only", KvAgent::QUIC, true, {}, {}}};
  for (int round = 0; round < rounds; ++round) {
    const auto tcp_s = their_tcp_s(payload.bytes()), udp_s = their_udp_s(payload.bytes());
    for (auto& row : rows) {
      row.ours_s.push_back(our_s(payload, row.transport, row.is_virtual));
      row.ratios.push_back(row.ours_s.back() / (row.transport == KvAgent::TCP ? tcp_s : udp_s));
    }
  }
  std::printf("%.0f MB over 1 Gbit/s and 10 ms; processor time, and its ratio to ns-3's applications\n",
              static_cast<double>(payload.bytes()) / 1e6);
  for (const auto& row : rows)
    std::printf("%-18s %7.2f s %6.2f\n", row.name, median(row.ours_s), median(row.ratios));
}

}  // namespace
}  // namespace kvferry::sim

int main(int argc, char** argv) {
  uint64_t mb = 128;
  int rounds = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--mb") == 0) mb = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::atoi(argv[i + 1]);
  }
  if (mb == 0 || rounds <= 0)
    return std::fputs("bench_cost [--mb N] [--rounds N], both above 0\n", stderr), 2;
  kvferry::sim::bench(mb * 1'000'000, rounds);
  return 0;
}
