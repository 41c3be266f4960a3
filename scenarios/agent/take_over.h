// SPDX-License-Identifier: MIT
//
// How an agent comes to a cache that another one has: fetches it, and asks it what it wants to know. What it
// hands on is the cache as it decoded it, with its questions and answers behind the document.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "model/reader.h"
#include "scenarios/agent/arrival.h"
#include "scenarios/agent/commands.h"
#include "scenarios/agent/peer_model.h"

namespace kvferry {

class TakeOver {
 public:
  // The reader and `options` outlive it. Throws UsageError or Failure.
  TakeOver(const AgentServeOptions& options, const Security& security, const Reader& reader,
           std::shared_ptr<const LoadedCalibration> calibration);

  // The cache as it is now. Prints the answers, and on stderr what it took. Throws Failure.
  [[nodiscard]] KvCache take();
  // Behind take(): `changed` is given the cache of each version of the document that the other agent has from
  // now on, on the thread that is returned, until it is told to stop; this object
  // outlives it. Answers are printed anew.
  [[nodiscard]] std::jthread follow(std::function<void(KvCache)> changed);

 private:
  [[nodiscard]] FetchOptions fetch_into(std::unique_ptr<Arrival>& arrival, KvCache& cache) const;
  [[nodiscard]] Result<KvCache> ask_and_remember(KvCache cache) const;
  void run(std::stop_token stop, const std::function<void(KvCache)>& changed);

  const AgentServeOptions& options_;
  const Reader& reader_;
  HostPort peer_;
  PeerModel model_;
  FetchOptions every_fetch_;
  std::shared_ptr<const Card> card_;  // the latest
};

}  // namespace kvferry
