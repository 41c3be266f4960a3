// SPDX-License-Identifier: MIT
//
// Plain TCP and UDP neither encrypt nor authenticate: programs use them only when told.
#pragma once

#include <cstdio>
#include <string>

#include "scenarios/program.h"
#include "transport/host_port.h"

namespace kvferry {

inline void require_insecure(bool insecure) {
  if (insecure) return;
  throw UsageError("plain TCP and UDP neither encrypt nor authenticate: for a laboratory, add --insecure");
}

// Warns when others than this machine can connect.
inline void warn_if_public(const std::string& program, const HostPort& listen) {
  SocketError not_numeric;
  const auto address = asio::ip::make_address(listen.host, not_numeric);
  if (listen.host == "localhost" || (!not_numeric && address.is_loopback())) return;
  std::fprintf(stderr, "%s: warning: %s can be reached from other machines, without authentication\n",
               program.c_str(), listen.text().c_str());
}

}  // namespace kvferry
