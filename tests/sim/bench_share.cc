// SPDX-License-Identifier: GPL-2.0-only
//
// Our UDP flow beside one of ns-3's TcpCubic, which is not ours: one link of
// 50 Mbit/s and 40 ms, one drop-tail queue. bench_share [--seeds N]
#include <ns3/bulk-send-helper.h>
#include <ns3/config.h>
#include <ns3/enum.h>
#include <ns3/inet-socket-address.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/node-container.h>
#include <ns3/packet-sink-helper.h>
#include <ns3/packet-sink.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/queue.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/tcp-cubic.h>
#include <ns3/uinteger.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-link-helper.h"
#include "tests/protocol/goodput.h"

namespace kvferry::sim {
namespace {

constexpr double kRate_bits_per_s = 50e6;
constexpr double kProduct_bytes = kRate_bits_per_s / 8 * 0.04;
constexpr double kPacket_bytes = 1500;
constexpr uint16_t kTcpPort = 9;
constexpr double kSettling_s = 10;  // after the second flow began
constexpr double kMeasured_s = 60;

struct Arrangement {
  std::optional<double> ours_begins_s;
  std::optional<double> tcp_begins_s;
  KvAgent::CongestionControl ours = KvAgent::MODEL;
  double queue_products = 1;
};

struct Shares {
  double ours = 0;  // payload, as a fraction of the link
  double tcp = 0;
  double mean_queue = 0;  // bandwidth-delay products
};

// Two nodes and the link between them. Owns the simulation.
class ShareRun {
 public:
  ShareRun(const Arrangement& arrangement, std::uint64_t seed);
  ~ShareRun() { ns3::Simulator::Destroy(); }
  ShareRun(const ShareRun&) = delete;
  ShareRun& operator=(const ShareRun&) = delete;

  Shares run();

 private:
  ns3::Ipv4InterfaceContainer build_link(double queue_products);
  void install_ours(ns3::Ipv4Address source, const Arrangement& arrangement, std::uint64_t seed);
  void install_tcp(ns3::Ipv4Address sink, double begins_s);
  void sample_queue();
  [[nodiscard]] std::uint64_t ours_bytes() const;
  [[nodiscard]] std::uint64_t tcp_bytes() const { return sink_ ? sink_->GetTotalRx() : 0; }

  double measured_from_s_;
  ns3::NodeContainer nodes_;
  ns3::Ptr<ns3::Queue<ns3::Packet>> queue_;
  ns3::Ptr<KvReader> reader_;
  ns3::Ptr<ns3::PacketSink> sink_;
  double queue_sum_bytes_ = 0;
  double queue_samples_ = 0;
};

ShareRun::ShareRun(const Arrangement& arrangement, std::uint64_t seed)
    : measured_from_s_(std::max(arrangement.ours_begins_s.value_or(0), arrangement.tcp_begins_s.value_or(0)) +
                       kSettling_s) {
  ns3::RngSeedManager::SetSeed(1);
  ns3::RngSeedManager::SetRun(seed);
  const auto addresses = build_link(arrangement.queue_products);
  if (arrangement.ours_begins_s) install_ours(addresses.GetAddress(0), arrangement, seed);
  // Seeds would not change ns-3's TCP: its beginning does.
  if (arrangement.tcp_begins_s)
    install_tcp(addresses.GetAddress(1), *arrangement.tcp_begins_s + 0.037 * static_cast<double>(seed));
}

ns3::Ipv4InterfaceContainer ShareRun::build_link(double queue_products) {
  nodes_.Create(2);
  ns3::InternetStackHelper internet;
  internet.SetIpv6StackInstall(false);
  internet.Install(nodes_);
  KvLinkHelper link;
  link.SetDataRate(ns3::DataRate(static_cast<std::uint64_t>(kRate_bits_per_s)));
  link.SetDelay(ns3::MilliSeconds(20));
  link.SetQueuePackets(static_cast<std::uint32_t>(queue_products * kProduct_bytes / kPacket_bytes));
  const auto devices = link.Install(nodes_.Get(0), nodes_.Get(1));
  queue_ = ns3::DynamicCast<ns3::PointToPointNetDevice>(devices.Get(0))->GetQueue();
  return ns3::Ipv4AddressHelper("10.0.0.0", "255.255.255.252").Assign(devices);
}

void ShareRun::install_ours(ns3::Ipv4Address source, const Arrangement& arrangement, std::uint64_t seed) {
  KvAgentHelper agents;
  agents.SetAttribute("Transport", ns3::EnumValue(KvAgent::UDP));
  agents.SetAttribute("Congestion", ns3::EnumValue(arrangement.ours));
  auto giver = agents.InstallSource(nodes_.Get(0));
  giver->SetAttribute("Seed", ns3::UintegerValue(2 * seed));
  giver->AddCard("card", test::card_of(1024, seed, 1024));
  reader_ = agents.InstallReader(nodes_.Get(1), source);
  reader_->SetAttribute("Seed", ns3::UintegerValue(2 * seed + 1));
  reader_->SetStartTime(ns3::Seconds(*arrangement.ours_begins_s));
  RequestOptions request;
  request.document = "card";
  reader_->AddRequest(request, std::make_shared<test::BottomlessSink>());
}

// With buffers that never limit it, and acknowledgements and timeouts near Linux's.
void ShareRun::install_tcp(ns3::Ipv4Address sink, double begins_s) {
  using ns3::Config::SetDefault;
  SetDefault("ns3::TcpL4Protocol::SocketType", ns3::TypeIdValue(ns3::TcpCubic::GetTypeId()));
  SetDefault("ns3::TcpSocket::SegmentSize", ns3::UintegerValue(1448));
  SetDefault("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(8 << 20));
  SetDefault("ns3::TcpSocket::RcvBufSize", ns3::UintegerValue(8 << 20));
  SetDefault("ns3::TcpSocket::DelAckTimeout", ns3::TimeValue(ns3::MilliSeconds(40)));
  SetDefault("ns3::TcpSocketBase::MinRto", ns3::TimeValue(ns3::MilliSeconds(200)));
  const ns3::InetSocketAddress remote(sink, kTcpPort);
  ns3::PacketSinkHelper sinks("ns3::TcpSocketFactory", ns3::InetSocketAddress(kTcpPort));
  sink_ = ns3::DynamicCast<ns3::PacketSink>(sinks.Install(nodes_.Get(1)).Get(0));
  ns3::BulkSendHelper bulk("ns3::TcpSocketFactory", remote);
  bulk.SetAttribute("SendSize", ns3::UintegerValue(1448));
  bulk.Install(nodes_.Get(0)).Start(ns3::Seconds(begins_s));
}

std::uint64_t ShareRun::ours_bytes() const {
  return reader_ && reader_->GetSession() ? reader_->GetSession()->GetConnection().ledger().received.payload
                                          : 0;
}

void ShareRun::sample_queue() {
  queue_sum_bytes_ += queue_->GetNBytes();
  ++queue_samples_;
  ns3::Simulator::Schedule(ns3::MilliSeconds(3), &ShareRun::sample_queue, this);
}

Shares ShareRun::run() {
  ns3::Simulator::Stop(ns3::Seconds(measured_from_s_));
  ns3::Simulator::Run();
  const std::uint64_t ours_before = ours_bytes();
  const std::uint64_t tcp_before = tcp_bytes();
  sample_queue();
  ns3::Simulator::Stop(ns3::Seconds(kMeasured_s));
  ns3::Simulator::Run();
  const double whole_bytes = kRate_bits_per_s / 8 * kMeasured_s;
  return {static_cast<double>(ours_bytes() - ours_before) / whole_bytes,
          static_cast<double>(tcp_bytes() - tcp_before) / whole_bytes,
          queue_sum_bytes_ / queue_samples_ / kProduct_bytes};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print_line(const char* name, const Arrangement& arrangement, std::uint64_t seeds) {
  std::vector<double> ours, tcp, fair, queue;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Shares shares = ShareRun(arrangement, seed).run();
    ours.push_back(shares.ours);
    tcp.push_back(shares.tcp);
    fair.push_back(2 * shares.ours / (shares.ours + shares.tcp));
    queue.push_back(shares.mean_queue);
  }
  const auto [least, most] = std::minmax_element(fair.begin(), fair.end());
  std::printf("| %s | %.0f | %.3f | %.3f | ", name, arrangement.queue_products, median(ours), median(tcp));
  if (arrangement.ours_begins_s && arrangement.tcp_begins_s)
    std::printf("%.2f / %.2f / %.2f", *least, median(fair), *most);
  std::printf(" | %.2f |\n", median(queue));
  std::fflush(stdout);
}

void print_table(std::uint64_t seeds) {
  std::printf(
      "50 Mbit/s, 40 ms, drop-tail queue; ours and one ns-3 TcpCubic, %.0f s, from %.0f s after the second\n"
      "began on; medians of %llu seeds. Shares: payload of the link. Of fair: ours over half of both,\n"
      "min / median / max. Queues in bandwidth-delay products.\n\n"
      "| flows | queue | ours | TCP | of fair | mean queue |\n"
      "|---|---|---|---|---|---|\n",
      kMeasured_s, kSettling_s, static_cast<unsigned long long>(seeds));
  for (const double queue : {1.0, 3.0}) {
    print_line("TCP alone", {std::nullopt, 0, KvAgent::MODEL, queue}, seeds);
    print_line("model alone", {0, std::nullopt, KvAgent::MODEL, queue}, seeds);
    print_line("model and TCP together", {0, 0, KvAgent::MODEL, queue}, seeds);
    print_line("model, TCP 5 s later", {0, 5, KvAgent::MODEL, queue}, seeds);
    print_line("TCP, model 5 s later", {5, 0, KvAgent::MODEL, queue}, seeds);
  }
  print_line("our cubic, TCP 5 s later", {0, 5, KvAgent::CUBIC, 1}, seeds);
  print_line("TCP, our cubic 5 s later", {5, 0, KvAgent::CUBIC, 1}, seeds);
}

int run(int count, char** arguments) {
  std::uint64_t seeds = 3;
  if (count == 3 && std::strcmp(arguments[1], "--seeds") == 0) {
    seeds = std::strtoull(arguments[2], nullptr, 10);
  } else if (count != 1) {
    seeds = 0;
  }
  if (seeds == 0) {
    std::fprintf(stderr, "usage: bench_share [--seeds N]\n");
    return 2;
  }
  print_table(seeds);
  return 0;
}

}  // namespace
}  // namespace kvferry::sim

int main(int count, char** arguments) { return kvferry::sim::run(count, arguments); }
