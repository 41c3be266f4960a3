// SPDX-License-Identifier: MIT
#include "tests/netem/link_end.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace kvferry::netem {
namespace {

constexpr const char* kDevice = "link";
constexpr int kDeviceQueuePackets = 10'000;  // the link's own queue is the one that drops

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

Result<void> set_address(int socket, unsigned long command, const std::string& dotted) {
  ifreq wanted = request(kDevice);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, dotted.c_str(), &address.sin_addr);
  std::memcpy(&wanted.ifr_addr, &address, sizeof(address));
  return control(socket, command, wanted, "address " + dotted);
}

Result<void> bring_up(int socket, const std::string& device) {
  ifreq wanted = request(device);
  wanted.ifr_flags = IFF_UP | IFF_RUNNING;
  return control(socket, SIOCSIFFLAGS, wanted, "device " + device);
}

// Without offloads: the kernel cuts and sums every packet before it gets here.
Result<Descriptor> open_tun() {
  Descriptor tun(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tun.is_open()) return failed("/dev/net/tun");
  ifreq wanted = request(kDevice);
  wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (auto set = control(tun.number(), TUNSETIFF, wanted, "TUN device"); !set) return set.error();
  return tun;
}

Result<void> configure(const std::string& address) {
  // Neighbour discovery would be packets that nobody sent. It fails where there is no IPv6.
  std::ofstream("/proc/sys/net/ipv6/conf/all/disable_ipv6") << "1\n";
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq queue = request(kDevice);
  queue.ifr_qlen = kDeviceQueuePackets;
  for (const auto& step : {set_address(socket.number(), SIOCSIFADDR, address),
                           set_address(socket.number(), SIOCSIFNETMASK, "255.255.255.0"),
                           control(socket.number(), SIOCSIFTXQLEN, queue, "queue of the TUN device"),
                           bring_up(socket.number(), "lo"), bring_up(socket.number(), kDevice)}) {
    if (!step) return step.error();
  }
  return {};
}

}  // namespace

Result<LinkEnd> make_link_end(const std::string& address) {
  if (unshare(CLONE_NEWNET) < 0) return failed("network namespace");
  LinkEnd end;
  end.network = Descriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!end.network.is_open()) return failed("/proc/thread-self/ns/net");
  auto tun = open_tun();
  if (!tun) return tun.error();
  end.tun = std::move(*tun);
  if (auto configured = configure(address); !configured) return configured.error();
  return end;
}

}  // namespace kvferry::netem
