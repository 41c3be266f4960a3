// SPDX-License-Identifier: MIT
//
// How a program's connections are made: TLS with keys, or, for laboratories, plain.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "transport/client.h"
#include "transport/host_port.h"
#include "transport/identity.h"
#include "transport/transport_kind.h"

namespace CLI {
class App;
}

namespace kvferry {

// As typed.
struct SecurityOptions {
  std::string transport;               // empty: TLS, or with `insecure` TCP
  std::string key;                     // a file; empty: default_key_file()
  std::vector<std::string> peer_keys;  // keys, or files of them
  std::string authorities;             // a PEM file
  bool insecure = false;
};

// peers: who they are to this command, "the server", "clients".
void add_security_options(CLI::App& command, SecurityOptions& options, const std::string& peers);

struct Security {
  TransportKind transport = TransportKind::kTls;
  Identity identity;
  PeerTrust trust;
};

// Throws UsageError or Failure: a plain transport without --insecure, no key, nobody to believe.
[[nodiscard]] Security read_security(const SecurityOptions& options);

// For a client; the server is known by its key, or by its host's name.
void secure(ClientOptions& client, const Security& security, const HostPort& server);

// Where `kvferry keygen` puts the key and every program looks for it: kvferry/key.pem in the user's folder
// for configuration.
[[nodiscard]] std::filesystem::path default_key_file();

// Warns when others than this machine can connect to a plain transport.
void warn_if_public(const std::string& program, TransportKind transport, const HostPort& listen);

}  // namespace kvferry
