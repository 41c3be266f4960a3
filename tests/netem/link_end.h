// SPDX-License-Identifier: MIT
//
// The ends of an emulated link: network namespaces whose only way out is a TUN or TAP device. A namespace has
// no name and its device is not persistent: both go when the last process that uses them ends, however it
// ends.
#pragma once

#include "protocol/base/result.h"
#include "tests/netem/descriptor.h"

namespace kvferry::netem {

inline constexpr const char* kServerAddress = "10.77.0.1";
inline constexpr const char* kTunClientAddress = "10.77.0.2";
// Ends with TAP devices are in networks of their own, 24 bits each; the gateways are the link's.
inline constexpr const char* kServerGateway = "10.77.0.254";
inline constexpr const char* kTapClientAddress = "10.77.1.1";
inline constexpr const char* kClientGateway = "10.77.1.254";
inline constexpr const char* kNetworkMask = "255.255.255.0";

inline constexpr int kDeviceQueuePackets = 10'000;  // the link's own queue is the one that drops

struct LinkEnd {
  Descriptor network;  // for setns()
  Descriptor device;   // reads what the end sends; what is written arrives there
};

struct LinkEnds {
  LinkEnd server;
  LinkEnd client;
};

// Both leave the calling thread in the client's namespace, and need root and /dev/net/tun.
[[nodiscard]] Result<LinkEnds> make_tun_ends();  // the devices carry IP packets
[[nodiscard]] Result<LinkEnds> make_tap_ends();  // Ethernet frames

}  // namespace kvferry::netem
