// SPDX-License-Identifier: MIT
//
// Opens a TCP connection, within a time.
#pragma once

#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "transport/asio.h"
#include "transport/host_port.h"

namespace kvferry {

// Tries the host's addresses one after the other. Runs the io_context, which must have no other work of its
// own to wait for. The error is one line that names the peer.
[[nodiscard]] Result<tcp::socket> tcp_connect(asio::io_context& io, const HostPort& where, Duration timeout);

}  // namespace kvferry
