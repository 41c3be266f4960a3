// SPDX-License-Identifier: MIT
//
// One end of an emulated link: a network namespace whose only way out is a TUN device. The namespace has no
// name and the device is not persistent: both go when the last process that uses them ends, however it ends.
#pragma once

#include <string>

#include "protocol/base/result.h"
#include "tests/netem/descriptor.h"

namespace kvferry::netem {

inline constexpr const char* kServerAddress = "10.77.0.1";
inline constexpr const char* kClientAddress = "10.77.0.2";

struct LinkEnd {
  Descriptor network;  // for setns()
  Descriptor tun;      // reads what the end sends; what is written arrives there
};

// Leaves the calling thread in the new namespace. Needs root and /dev/net/tun.
[[nodiscard]] Result<LinkEnd> make_link_end(const std::string& address);

}  // namespace kvferry::netem
