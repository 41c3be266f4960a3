// SPDX-License-Identifier: MIT
//
// The two sides of kvferry-agent. Each returns an exit status or throws what
// run_program() catches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/client_command.h"
#include "scenarios/serving.h"

namespace kvferry {

struct AgentServeOptions {
  std::string document;  // file
  std::string from;      // or the agent whose cache is taken over
  std::string name;      // of the document, here and there; empty: the file's
  // Of what is taken over, before it is handed on. Presets that look at questions look at these.
  std::vector<std::string> questions;
  std::string model;  // name or folder
  std::string listen;
  std::string preset;       // for requests that wish none
  std::string calibration;  // file; empty: none
  std::uint64_t seed = 1;
  bool probe = false;  // measures every card that it makes, and records it there
  // Reads the document again when its file changes, or follows the agent of `from`, for those who follow it.
  bool watch = false;
  bool calibrate = false;  // the agent of `from` may have another model
  SecurityOptions security;
  OperatorOptions operation;
};
// Reads the document into a cache, or takes over another agent's, and sends it to whoever asks, until SIGINT
// or SIGTERM. Prints answers to its questions, then "listening on HOST:PORT".
int serve(const AgentServeOptions& options);

struct AgentAskOptions {
  std::string peer;
  std::string question;  // empty: those on standard input
  std::string then;      // HOST:PORT to hand the cache on from, with question and answer behind it; or empty
  std::string model;
  std::string document;     // the peer's name for it; empty: the one that it has
  std::string calibration;  // file; empty: none
  std::string preset;       // a wish; empty: the peer's choice
  std::string base;         // a preset: what comes first and once, and each question's card is its refinement
  std::optional<double> max_kl, min_top1;  // the floor: refuse a card, or a part, below it
  std::optional<double> deadline_s;        // answers then, from what is here of a progressive card
  std::optional<std::uint64_t> budget;     // bytes of payload at most
  bool refine = false;     // after the deadline the rest may come, and the answer is given anew
  bool follow = false;     // answers anew whenever the peer's document changes
  bool calibrate = false;  // the peer may have another model
  SecurityOptions security;
  ErrandOptions errand;  // without its deadline: that is the answer's
  bool json = false;
};
// Answers questions about the peer's document from its cache alone, which comes once unless it depends on the
// question.
int ask(const AgentAskOptions& options);

}  // namespace kvferry
