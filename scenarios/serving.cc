// SPDX-License-Identifier: MIT
#include "scenarios/serving.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "scenarios/capture_option.h"
#include "scenarios/log.h"
#include "scenarios/open_files.h"
#include "scenarios/program.h"
#include "scenarios/watched_handler.h"
#include "transport/quic_server.h"
#include "transport/stop_signals.h"
#include "transport/tcp_server.h"
#include "transport/udp_server.h"

namespace kvferry {
namespace {

// Silent and unfinished ones among them must not keep out those who have something to ask.
constexpr std::size_t kMaxConnections = 4096;

ConnectionConfig connection_config(const ServingOptions& options) {
  ConnectionConfig config;
  config.hello.agent = options.program + "/" KVFERRY_VERSION;
  config.hello.model = options.model;
  if (options.followed) config.hello.features |= kFeatureFollow;
  if (const auto timeout_s = options.operation.timeout_s)
    config.handshake_timeout = config.progress_timeout = from_seconds(*timeout_s);
  return config;
}

template <typename AServerOptions>
AServerOptions server_options(const ServingOptions& options) {
  AServerOptions out;
  out.listen = options.listen;
  out.max_connections = kMaxConnections;
  out.connections_to_serve = options.operation.once ? 1 : 0;
  return out;
}

std::unique_ptr<Server> listen(const ServingOptions& options, const Security& security,
                               const Server::MakeHandler& make_handler) {
  const auto complain = [](const std::string& peer, const std::string& what) {
    log(LogLevel::kError, "failed", {{"peer", peer}, {"why", what}});
  };
  const auto capture = open_capture(options.operation.capture_file);
  if (security.transport == TransportKind::kUdp) {
    auto udp = server_options<UdpServerOptions>(options);
    udp.connection = connection_config(options);
    udp.capture = capture;
    return value_or_fail(UdpServer::listen(udp, make_handler, complain));
  }
  if (security.transport == TransportKind::kQuic) {
    auto quic = server_options<QuicServerOptions>(options);
    quic.quic.connection = connection_config(options);
    quic.capture = capture;
    quic.quic.credentials = value_or_fail(QuicCredentials::load(security.identity, security.trust));
    return value_or_fail(QuicServer::listen(quic, make_handler, complain));
  }
  auto tcp = server_options<TcpServerOptions>(options);
  tcp.connection = connection_config(options);
  tcp.tcp.capture = capture;
  if (security.transport == TransportKind::kTls)
    tcp.tcp.tls = value_or_fail(TlsContext::make(Role::kServer, security.identity, security.trust));
  return value_or_fail(TcpServer::listen(tcp, make_handler, complain));
}

}  // namespace

void add_operator_options(CLI::App& command, OperatorOptions& options) {
  command.add_option("--log-level", options.log_level, "debug, info, warning, error or off; to stderr")
      ->capture_default_str();
  command.add_option("--metrics-port", options.metrics_port,
                     "counters for Prometheus at http://127.0.0.1:PORT/metrics; 0 picks a free port");
  add_capture_option(command, options.capture_file);
  command
      .add_option("--timeout", options.timeout_s,
                  "seconds to wait for a client's greeting, or for more of what is under way")
      ->check(CLI::Range(0.001, 1e6));
  command.add_flag("--once", options.once, "end after one connection");
}

void set_up_log(const OperatorOptions& options) {
  set_log_level(value_or_usage(parse_log_level(options.log_level)));
}

void serve_until_stopped(const ServingOptions& options, const Security& security,
                         const Server::MakeHandler& make_handler) {
  allow_open_files();
  Metrics metrics;
  if (options.operation.metrics_port) {
    const auto port = value_or_fail(metrics.expose(*options.operation.metrics_port));
    std::printf("metrics on 127.0.0.1:%u\n", port);
  }
  const auto server =
      listen(options, security, [&] { return std::make_unique<WatchedHandler>(make_handler(), metrics); });
  warn_if_public(options.program, security.transport, options.listen);
  std::printf("listening on %s\n", server->local().text().c_str());
  std::fflush(stdout);
  const StopSignals signals(server->io(), [&] { server->stop(); });
  server->run();
}

}  // namespace kvferry
