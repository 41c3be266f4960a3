// SPDX-License-Identifier: GPL-2.0-only
//
// What becomes of one reader in a run: it has requested one card.
#pragma once

#include <functional>

#include "protocol/card/card.h"
#include "scenarios/sim/network_run.h"
#include "sim/helper/kv-agent-helper.h"
#include "sim/model/kv-virtual-card.h"

namespace kvferry::sim {

// Must outlive the simulation run, and stay where it is.
class ReaderWatch {
 public:
  // Adds the request to the reader, which starts at `start`. card: what the source has. Calls settled() when
  // nothing more will come of the reader.
  ReaderWatch(ns3::Ptr<KvReader> reader, const NetworkPoint& point, const ChunkSource& card, ns3::Time start,
              std::function<void()> settled);
  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;

  // After the run. ready: when the network was.
  [[nodiscard]] ReaderResult result(ns3::Time ready) const;
  [[nodiscard]] bool is_settled() const { return closed_ && (answered_ || !reader_->GetFailure().empty()); }

 private:
  void request(const NetworkPoint& point, const ChunkSource& card);
  void observe();
  [[nodiscard]] std::string fault() const;
  [[nodiscard]] double now_s() const;

  void handle_connected() { seen_.connect_s = now_s(); }
  void handle_manifest(std::uint32_t, const Digest&) { seen_.manifest_s = now_s(); }
  void handle_chunk(std::uint32_t, std::uint32_t, std::uint64_t);
  void handle_applied(std::uint32_t) { seen_.applied_s = now_s(); }
  void handle_token(std::uint32_t, std::uint32_t token);
  void handle_closed(const std::string&);

  ns3::Ptr<KvReader> reader_;
  Digest card_;
  std::size_t chunks_;       // of the card
  std::size_t arrived_ = 0;  // of those
  std::uint32_t answer_tokens_;
  bool answered_;
  bool closed_ = false;
  ns3::Time start_;
  std::function<void()> settled_;
  std::shared_ptr<CardSink> bytes_;       // of a file, or
  std::shared_ptr<KvVirtualSink> sizes_;  // of a shape
  ReaderResult seen_;
};

}  // namespace kvferry::sim
