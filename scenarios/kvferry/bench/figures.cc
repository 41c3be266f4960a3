// SPDX-License-Identifier: MIT
#include "protocol/connection/config.h"
#include "scenarios/kvferry/bench/bare_udp.h"
#include "scenarios/kvferry/bench/comparison.h"
#include "scenarios/kvferry/bench/figure.h"
#include "scenarios/kvferry/bench/loopback.h"

namespace kvferry::bench {
namespace {

Measure over(TransportKind transport, std::uint64_t bytes, bool digests) {
  return [=] { return loopback_rate({transport, bytes, digests}); };
}

}  // namespace

std::vector<Figure> tcp_figures(const Setting& setting) {
  const auto iperf = [seconds = setting.seconds] { return iperf_rate(seconds); };
  const std::string beside = "iperf3, one stream";
  return {{"tcp", beside, 0.9, over(TransportKind::kTcp, setting.bytes, false), iperf},
          {"tcp, chunk digests on", beside, 0.35, over(TransportKind::kTcp, setting.bytes, true), iperf}};
}

std::vector<Figure> tls_figures(const Setting& setting) {
  const auto openssl = [bytes = setting.bytes] { return openssl_rate(bytes); };
  const std::string beside = "openssl s_server and s_client";
  return {{"tls", beside, 0.8, over(TransportKind::kTls, setting.bytes, false), openssl},
          {"tls, chunk digests on", beside, 0.45, over(TransportKind::kTls, setting.bytes, true), openssl}};
}

std::vector<Figure> quic_figures(const Setting& setting) {
  const auto gtls = [bytes = setting.bytes] { return gtls_rate(bytes); };
  return {{"quic", "gtlsserver and gtlsclient", 0.9, over(TransportKind::kQuic, setting.bytes, false), gtls}};
}

std::vector<Figure> udp_figures(const Setting& setting) {
  const auto bare = [seconds = setting.seconds](bool joined) {
    return [=] { return bare_udp_rate({ConnectionConfig{}.max_datagram_bytes, joined, seconds}); };
  };
  const auto ours = over(TransportKind::kUdp, setting.bytes, false);
  return {{"udp", "bare UDP_SEGMENT", 0.5, ours, bare(false)},
          {"udp, beside joined", "bare UDP_SEGMENT and UDP_GRO", 0.3, ours, bare(true)}};
}

}  // namespace kvferry::bench
