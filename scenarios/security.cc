// SPDX-License-Identifier: MIT
#include "scenarios/security.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

Identity read_identity(const std::string& file) {
  const fs::path path = file.empty() ? default_key_file() : fs::path(file);
  if (!fs::exists(path))
    throw Failure(path.string() + ": no key here: make one with `kvferry keygen`, or name it by --key");
  return value_or_fail(Identity::read(path));
}

std::string read_authorities(const std::string& file) {
  if (file.empty()) return {};
  std::ifstream in(file, std::ios::binary);
  std::string pem{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw Failure(file + ": cannot be read");
  return pem;
}

}  // namespace

void add_security_options(CLI::App& command, SecurityOptions& options, const std::string& peers) {
  command.add_option("--transport", options.transport,
                     "tls, quic, tcp or udp; without it tls, or with --insecure tcp");
  command.add_option(
      "--key", options.key,
      "this side's private key, made by `kvferry keygen`; without it the one in the home folder");
  command
      .add_option("--peer-key", options.peer_keys,
                  "a key of " + peers + " (ed25519:...), or a file of them, one a line; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--ca", options.authorities,
                     "PEM file of authorities: certificates that they signed are believed too");
  command.add_flag("--insecure", options.insecure, "allow plain TCP and UDP, for laboratories");
}

Security read_security(const SecurityOptions& options) {
  Security security;
  security.transport = options.insecure ? TransportKind::kTcp : TransportKind::kTls;
  if (!options.transport.empty()) security.transport = value_or_usage(parse_transport(options.transport));
  if (!is_secure(security.transport)) {
    if (options.insecure) return security;
    throw UsageError("plain TCP and UDP neither encrypt nor authenticate: for a laboratory, add --insecure");
  }
  security.trust.authorities_pem = read_authorities(options.authorities);
  for (const std::string& keys : options.peer_keys) {
    for (const PublicKey& key : value_or_fail(read_peer_keys(keys))) security.trust.keys.push_back(key);
  }
  if (security.trust.empty())
    throw UsageError(
        "nobody to believe: expected --peer-key, --ca or, for a laboratory without TLS, --insecure");
  security.identity = read_identity(options.key);
  return security;
}

void secure(ClientOptions& client, const Security& security, const HostPort& server) {
  client.transport = security.transport;
  PeerTrust trust = security.trust;
  trust.server_name = server.host;
  if (security.transport == TransportKind::kTls)
    client.tcp.tls = value_or_fail(TlsContext::make(Role::kClient, security.identity, std::move(trust)));
  if (security.transport == TransportKind::kQuic)
    client.quic = value_or_fail(QuicCredentials::load(security.identity, std::move(trust)));
}

fs::path default_key_file() {
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  if (config && *config) return fs::path(config) / "kvferry/key.pem";
  const char* const home = std::getenv("HOME");
  return fs::path(home ? home : ".") / ".config/kvferry/key.pem";
}

void warn_if_public(const std::string& program, TransportKind transport, const HostPort& listen) {
  if (is_secure(transport)) return;
  SocketError not_numeric;
  const auto address = asio::ip::make_address(listen.host, not_numeric);
  if (listen.host == "localhost" || (!not_numeric && address.is_loopback())) return;
  std::fprintf(stderr, "%s: warning: %s can be reached from other machines, without authentication\n",
               program.c_str(), listen.text().c_str());
}

}  // namespace kvferry
