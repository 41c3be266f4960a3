// SPDX-License-Identifier: MIT
//
// The two sides of kvferry-agent. Each returns an exit status or throws what
// run_program() catches.
#pragma once

#include <cstdint>
#include <string>

namespace kvferry {

struct AgentServeOptions {
  std::string document;  // file
  std::string model;     // name or folder
  std::string listen;
  std::string preset;  // for requests that wish none
  std::uint64_t seed = 1;
  bool insecure = false;
  bool once = false;  // ends after one connection
};
// Reads the document into a cache and sends it to whoever asks, until SIGINT or SIGTERM. Prints
// "listening on HOST:PORT" first.
int serve(const AgentServeOptions& options);

struct AgentAskOptions {
  std::string peer;
  std::string question;
  std::string model;
  std::string document;  // the peer's name for it; empty: the one that it has
  std::string preset;    // a wish; empty: the peer's choice
  bool insecure = false;
  bool json = false;
};
// Answers a question about the peer's document from its cache alone.
int ask(const AgentAskOptions& options);

}  // namespace kvferry
