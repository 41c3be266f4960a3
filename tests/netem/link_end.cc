// SPDX-License-Identifier: MIT
#include "tests/netem/link_end.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace kvferry::netem {
namespace {

constexpr const char* kDevice = "link";

Error failed(const std::string& what) { return Error{what + ": " + std::strerror(errno)}; }

ifreq request(const std::string& device) {
  ifreq out{};
  device.copy(out.ifr_name, IFNAMSIZ - 1);
  return out;
}

Result<void> control(int number, unsigned long command, ifreq& argument, const std::string& what) {
  if (ioctl(number, command, &argument) < 0) return failed(what);
  return {};
}

sockaddr socket_address(const std::string& dotted) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, dotted.c_str(), &address.sin_addr);
  sockaddr out;
  std::memcpy(&out, &address, sizeof(out));
  return out;
}

Result<void> set_address(int socket, unsigned long command, const std::string& dotted) {
  ifreq wanted = request(kDevice);
  wanted.ifr_addr = socket_address(dotted);
  return control(socket, command, wanted, "address " + dotted);
}

Result<void> bring_up(int socket, const std::string& device) {
  ifreq wanted = request(device);
  wanted.ifr_flags = IFF_UP | IFF_RUNNING;
  return control(socket, SIOCSIFFLAGS, wanted, "device " + device);
}

// Where everything goes that is not for the end's own network.
Result<void> set_gateway(int socket, const std::string& dotted) {
  rtentry route{};
  route.rt_dst = route.rt_genmask = socket_address("0.0.0.0");
  route.rt_gateway = socket_address(dotted);
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  if (ioctl(socket, SIOCADDRT, &route) < 0) return failed("gateway " + dotted);
  return {};
}

// Without offloads: the kernel cuts and sums every packet before it gets here.
Result<Descriptor> open_device(short kind) {
  Descriptor device(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device.is_open()) return failed("/dev/net/tun");
  ifreq wanted = request(kDevice);
  wanted.ifr_flags = static_cast<short>(kind | IFF_NO_PI);
  if (auto set = control(device.number(), TUNSETIFF, wanted, "TUN or TAP device"); !set) return set.error();
  return device;
}

Result<void> configure(const std::string& address) {
  // Neighbour discovery would be packets that nobody sent. It fails where there is no IPv6.
  std::ofstream("/proc/sys/net/ipv6/conf/all/disable_ipv6") << "1\n";
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq queue = request(kDevice);
  queue.ifr_qlen = kDeviceQueuePackets;
  for (const auto& step : {set_address(socket.number(), SIOCSIFADDR, address),
                           set_address(socket.number(), SIOCSIFNETMASK, kNetworkMask),
                           control(socket.number(), SIOCSIFTXQLEN, queue, "queue of the device"),
                           bring_up(socket.number(), "lo"), bring_up(socket.number(), kDevice)}) {
    if (!step) return step.error();
  }
  return {};
}

Result<LinkEnd> make_end(short kind, const std::string& address) {
  if (unshare(CLONE_NEWNET) < 0) return failed("network namespace");
  LinkEnd end;
  end.network = Descriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!end.network.is_open()) return failed("/proc/thread-self/ns/net");
  auto device = open_device(kind);
  if (!device) return device.error();
  end.device = std::move(*device);
  if (auto configured = configure(address); !configured) return configured.error();
  return end;
}

Result<LinkEnd> make_tap_end(const std::string& address, const std::string& gateway) {
  auto end = make_end(IFF_TAP, address);
  if (!end) return end.error();
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (auto set = set_gateway(socket.number(), gateway); !set) return set.error();
  return end;
}

Result<LinkEnds> both(Result<LinkEnd> server, Result<LinkEnd> client) {
  if (!server) return server.error();
  if (!client) return client.error();
  return LinkEnds{std::move(*server), std::move(*client)};
}

}  // namespace

Result<LinkEnds> make_tun_ends() {
  auto server = make_end(IFF_TUN, kServerAddress);
  return both(std::move(server), make_end(IFF_TUN, kTunClientAddress));
}

Result<LinkEnds> make_tap_ends() {
  auto server = make_tap_end(kServerAddress, kServerGateway);
  return both(std::move(server), make_tap_end(kTapClientAddress, kClientGateway));
}

}  // namespace kvferry::netem
