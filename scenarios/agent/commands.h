// SPDX-License-Identifier: MIT
//
// The two sides of kvferry-agent. Each returns an exit status or throws what
// run_program() catches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "scenarios/client_command.h"
#include "scenarios/serving.h"

namespace kvferry {

struct AgentServeOptions {
  std::string document;  // file
  std::string model;     // name or folder
  std::string listen;
  std::string preset;       // for requests that wish none
  std::string calibration;  // file; empty: none
  std::uint64_t seed = 1;
  bool probe = false;  // measures every card that it makes, and records it there
  SecurityOptions security;
  OperatorOptions operation;
};
// Reads the document into a cache and sends it to whoever asks, until SIGINT or SIGTERM. Prints
// "listening on HOST:PORT" first.
int serve(const AgentServeOptions& options);

struct AgentAskOptions {
  std::string peer;
  std::string question;
  std::string model;
  std::string document;                    // the peer's name for it; empty: the one that it has
  std::string calibration;                 // file; empty: none
  std::string preset;                      // a wish; empty: the peer's choice
  std::optional<double> max_kl, min_top1;  // the floor: refuse a card, or a part, below it
  std::optional<double> deadline_s;        // answers then, from what is here of a progressive card
  std::optional<std::uint64_t> budget;     // bytes of payload at most
  bool refine = false;  // after the deadline the rest may come, and the answer is given anew
  SecurityOptions security;
  ErrandOptions errand;  // without its deadline: that is the answer's
  bool json = false;
};
// Answers a question about the peer's document from its cache alone.
int ask(const AgentAskOptions& options);

}  // namespace kvferry
