// SPDX-License-Identifier: MIT
#include "scenarios/serving.h"

#include <cstdio>

#include "scenarios/program.h"
#include "transport/stop_signals.h"
#include "transport/tcp_server.h"
#include "transport/udp_server.h"

namespace kvferry {
namespace {

template <typename AServerOptions>
AServerOptions server_options(const ServingOptions& options) {
  AServerOptions out;
  out.listen = options.listen;
  out.connections_to_serve = options.once ? 1 : 0;
  out.connection.hello.agent = options.program + "/" KVFERRY_VERSION;
  out.connection.hello.model = options.model;
  return out;
}

std::unique_ptr<Server> listen(const ServingOptions& options, const Security& security,
                               const Server::MakeHandler& make_handler) {
  const auto complain = [program = options.program](const std::string& peer, const std::string& what) {
    std::fprintf(stderr, "%s: %s: %s\n", program.c_str(), peer.c_str(), what.c_str());
  };
  if (security.transport == TransportKind::kUdp)
    return value_or_fail(
        UdpServer::listen(server_options<UdpServerOptions>(options), make_handler, complain));
  auto tcp = server_options<TcpServerOptions>(options);
  if (security.transport == TransportKind::kTls)
    tcp.tcp.tls = value_or_fail(TlsContext::make(Role::kServer, security.identity, security.trust));
  return value_or_fail(TcpServer::listen(tcp, make_handler, complain));
}

}  // namespace

void serve_until_stopped(const ServingOptions& options, const Security& security,
                         const Server::MakeHandler& make_handler) {
  const auto server = listen(options, security, make_handler);
  warn_if_public(options.program, security.transport, options.listen);
  std::printf("listening on %s\n", server->local().text().c_str());
  std::fflush(stdout);
  const StopSignals signals(server->io(), [&] { server->stop(); });
  server->run();
}

}  // namespace kvferry
