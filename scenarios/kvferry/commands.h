// SPDX-License-Identifier: MIT
//
// The commands of the wire tool. Each returns an exit status or throws what
// run_program() catches.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/client_command.h"
#include "scenarios/kvferry/pool_option.h"
#include "scenarios/serving.h"

namespace kvferry {

struct InspectOptions {
  std::string file;
  bool json = false;
};
// Says what a card is, after checking every digest.
int inspect(const InspectOptions& options);

struct ServeOptions {
  std::string cards;  // a card file, or a folder of them,
  PoolOptions pool;   // or what stands in a pool
  std::string listen;
  SecurityOptions security;
  OperatorOptions operation;
};
// Serves cards until SIGINT or SIGTERM. Prints "listening on HOST:PORT" first.
int serve(const ServeOptions& options);

struct FetchCommandOptions {
  std::string peer;
  SecurityOptions security;
  std::string digest;    // this card,
  std::string document;  // or the card of this name
  std::string into = ".";
  PoolOptions pool;                        // instead
  std::optional<unsigned> droppable_from;  // a level
  bool follow = false;                     // stays, and fetches each card that takes the document's name
  ErrandOptions errand;
  bool json = false;
};
// Fetches one card into DIR/DIGEST.card or a pool, or follows the document until SIGINT or SIGTERM. Throws
// TooLate at the deadline; what came is kept for the next time, as it is when something was dropped.
int fetch(const FetchCommandOptions& options);

struct SendOptions {
  std::string card;  // file
  std::string peer;
  SecurityOptions security;
  ErrandOptions errand;
  bool json = false;
};
// Brings one card to a receiving peer. It has it synced to disk when this returns.
int send(const SendOptions& options);

struct ReceiveOptions {
  std::string into = ".";
  PoolOptions pool;  // instead
  std::string listen;
  SecurityOptions security;
  OperatorOptions operation;
};
// Takes cards into DIR/DIGEST.card or a pool until SIGINT or SIGTERM. Prints "listening on HOST:PORT" first.
int receive(const ReceiveOptions& options);

struct BenchOptions {
  std::vector<std::string> names;  // figures that begin so; all, if there are none
  bool all = false;                // says so
  std::uint64_t mebibytes = 1024;  // a measurement
  double seconds = 2;              // of programs that take a time instead
  int repeats = 5;                 // whose median counts
  bool json = false;
};
// Prints how fast this machine moves cards, beside what others do on it, and what memory that takes.
int run_bench(const BenchOptions& options);

struct KeygenOptions {
  std::string file;  // empty: where programs look for it
  bool show = false;
};
// Makes a key, or looks at one, and prints the public one: what peers are to be told.
int keygen(const KeygenOptions& options);

struct ConformOptions {
  std::string peer;
  std::vector<std::string> sections;  // all, if there are none
  std::string transport = "tcp";      // or "udp"
  std::string document;               // that the peer serves
  double patience_s = 2;              // of one wait
  bool slow = false;
  bool verbose = false;
  bool insecure = false;
  bool json = false;
};
// Checks a server against SPEC.md, requirement by requirement.
int run_conform(const ConformOptions& options);

}  // namespace kvferry
