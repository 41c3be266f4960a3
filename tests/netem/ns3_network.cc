// SPDX-License-Identifier: GPL-2.0-only
#include "tests/netem/ns3_network.h"

#include <fcntl.h>
#include <ns3/boolean.h>
#include <ns3/config.h>
#include <ns3/fd-net-device.h>
#include <ns3/global-value.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/node-container.h>
#include <ns3/realtime-simulator-impl.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/uinteger.h>

#include <cmath>

#include "sim/helper/kv-link-helper.h"
#include "tests/netem/precedence.h"

namespace kvferry::netem {

using namespace ns3;

namespace {

constexpr const char* kServerRouter = "10.77.2.1";  // the routers' addresses on the link
constexpr const char* kClientRouter = "10.77.2.2";
constexpr double kNoLimitBitsPerS = 1e12;
const ns3::Time kForever = Days(365);
const ns3::Time kDevicesAreUp = MilliSeconds(1);  // they come up at 0

void configure_simulator(std::uint64_t seed) {
  GlobalValue::Bind("SimulatorImplementationType", StringValue("ns3::RealtimeSimulatorImpl"));
  GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
  Config::SetDefault("ns3::RealtimeSimulatorImpl::SynchronizationMode", StringValue("BestEffort"));
  // A reader that finds its queue full sleeps for 100 ms.
  Config::SetDefault("ns3::FdNetDevice::RxQueueSize", UintegerValue(kDeviceQueuePackets));
  // Address resolution is no part of the link: it neither waits nor drops.
  Config::SetDefault("ns3::ArpL3Protocol::RequestJitter",
                     StringValue("ns3::ConstantRandomVariable[Constant=0]"));
  Config::SetDefault("ns3::ArpCache::PendingQueueSize", UintegerValue(kDeviceQueuePackets));
  RngSeedManager::SetSeed(1);
  RngSeedManager::SetRun(seed);
}

std::uint32_t add_interface(Ptr<Node> node, Ptr<NetDevice> device, const char* address) {
  const auto ip = node->GetObject<Ipv4>();
  const std::uint32_t interface = ip->AddInterface(device);
  ip->AddAddress(interface, Ipv4InterfaceAddress(address, kNetworkMask));
  ip->SetUp(interface);
  return interface;
}

void add_tap(Ptr<Node> node, const Descriptor& tap, const char* address) {
  const auto device = CreateObject<FdNetDevice>();
  device->SetAddress(Mac48Address::Allocate());
  device->SetFileDescriptor(fcntl(tap.number(), F_DUPFD_CLOEXEC, 0));  // it closes its own
  node->AddDevice(device);
  add_interface(node, device, address);
}

void route_over(Ptr<Node> node, Ptr<NetDevice> device, const char* address, const char* next_router) {
  const std::uint32_t interface = add_interface(node, device, address);
  Ipv4StaticRoutingHelper()
      .GetStaticRouting(node->GetObject<Ipv4>())
      ->SetDefaultRoute(next_router, interface);
}

NetDeviceContainer install_link(const NodeContainer& routers, const LinkOptions& options) {
  sim::KvLinkHelper link;
  const double rate = options.rate_bits_per_s > 0 ? options.rate_bits_per_s : kNoLimitBitsPerS;
  link.SetDataRate(DataRate(static_cast<std::uint64_t>(std::ceil(rate))));
  link.SetDelay(NanoSeconds(options.delay.count()));
  link.SetQueuePackets(static_cast<std::uint32_t>(options.queue_packets));
  link.SetLoss(options.loss);
  const auto devices = link.Install(routers.Get(0), routers.Get(1));
  sim::KvLinkHelper::AssignStreams(devices, 0);
  return devices;
}

// Counts what one direction of the link carries.
class DirectionMeter {
 public:
  DirectionMeter(Ptr<NetDevice> from, Ptr<NetDevice> to, LinkCounts& counts, Lateness& late)
      : counts_(counts),
        late_(late),
        simulator_(Simulator::GetImplementation()->GetObject<RealtimeSimulatorImpl>()) {
    from->TraceConnectWithoutContext("MacTx", MakeCallback(&DirectionMeter::OnSent, this));
    from->TraceConnectWithoutContext("MacTxDrop", MakeCallback(&DirectionMeter::OnQueueFull, this));
    to->TraceConnectWithoutContext("PhyRxDrop", MakeCallback(&DirectionMeter::OnLost, this));
    to->TraceConnectWithoutContext("MacRx", MakeCallback(&DirectionMeter::OnDelivered, this));
  }

 private:
  void OnSent(Ptr<const Packet>) { ++counts_.sent; }
  void OnQueueFull(Ptr<const Packet>) { ++counts_.queue_full; }
  void OnLost(Ptr<const Packet>) { ++counts_.lost; }
  void OnDelivered(Ptr<const Packet>) {
    ++counts_.delivered;
    late_.add(Duration((simulator_->RealtimeNow() - Simulator::Now()).GetNanoSeconds()));
  }

  LinkCounts& counts_;
  Lateness& late_;
  Ptr<RealtimeSimulatorImpl> simulator_;
};

}  // namespace

Ns3Network::Ns3Network(const LinkEnds& ends, const LinkOptions& options) {
  std::promise<void> promise;
  const auto running = promise.get_future();
  thread_ = std::thread([this, &ends, &options, promise = std::move(promise)]() mutable {
    simulate(ends, options, std::move(promise));
  });
  running.wait();
}

Ns3Network::~Ns3Network() { stop(); }

void Ns3Network::stop() {
  if (!thread_.joinable()) return;
  Simulator::ScheduleWithContext(Simulator::NO_CONTEXT, ns3::Time(0),
                                 static_cast<void (*)()>(&Simulator::Stop));
  thread_.join();
}

void Ns3Network::simulate(const LinkEnds& ends, const LinkOptions& options, std::promise<void> running) {
  take_precedence(true);
  configure_simulator(options.seed);
  NodeContainer routers(2);
  InternetStackHelper internet;
  internet.SetIpv6StackInstall(false);
  internet.SetRoutingHelper(Ipv4StaticRoutingHelper());
  internet.Install(routers);
  add_tap(routers.Get(0), ends.server.device, kServerGateway);
  add_tap(routers.Get(1), ends.client.device, kClientGateway);
  const auto link = install_link(routers, options);
  route_over(routers.Get(0), link.Get(0), kServerRouter, kClientRouter);
  route_over(routers.Get(1), link.Get(1), kClientRouter, kServerRouter);
  DirectionMeter up(link.Get(1), link.Get(0), report_.up, report_.late);
  DirectionMeter down(link.Get(0), link.Get(1), report_.down, report_.late);

  Simulator::Schedule(kDevicesAreUp, [&] { running.set_value(); });
  Simulator::Stop(kForever);  // without an event to wait for, the simulator does not sleep
  Simulator::Run();
  Simulator::Destroy();
}

}  // namespace kvferry::netem
