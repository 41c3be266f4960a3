// SPDX-License-Identifier: MIT
//
// Programs of others over the same loopback. Each error says which package is missing, or what went wrong.
#pragma once

#include "protocol/base/result.h"

namespace kvferry::bench {

// iperf3, one stream; bytes a second at the receiver.
[[nodiscard]] Result<double> iperf_rate(double seconds);

// `openssl s_server` to `openssl s_client`, TLS 1.3, AES-128-GCM; bytes a second.
[[nodiscard]] Result<double> openssl_rate(std::uint64_t bytes);

// Debian's ngtcp2 programs, gtlsserver to gtlsclient, one file by HTTP/3 and the client's whole life; bytes a
// second.
[[nodiscard]] Result<double> gtls_rate(std::uint64_t bytes);

}  // namespace kvferry::bench
