// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/reader_watch.h"

#include <ns3/simulator.h>

namespace kvferry::sim {

ReaderWatch::ReaderWatch(ns3::Ptr<KvReader> reader, const NetworkPoint& point, const ChunkSource& card,
                         ns3::Time start, std::function<void()> settled)
    : reader_(std::move(reader)),
      card_(encode_manifest(card.manifest()).digest()),
      chunks_(card.manifest().chunks.size()),
      answer_tokens_(point.agents.answer_tokens),
      answered_(answer_tokens_ == 0),
      start_(start),
      settled_(std::move(settled)) {
  reader_->SetStartTime(start);
  request(point, card);
  observe();
}

void ReaderWatch::request(const NetworkPoint& point, const ChunkSource& card) {
  RequestOptions options;
  options.card = card_;
  if (point.agents.deadline_s) options.deadline = from_seconds(*point.agents.deadline_s);
  if (point.card.file) {
    bytes_ = std::make_shared<CardSink>(card.manifest().payload_bytes());
    reader_->AddRequest(options, bytes_);
  } else {
    sizes_ = std::make_shared<KvVirtualSink>();
    reader_->AddRequest(options, sizes_);
  }
}

void ReaderWatch::observe() {
  const auto trace = [&](const char* name, const ns3::CallbackBase& callback) {
    reader_->TraceConnectWithoutContext(name, callback);
  };
  trace("Connected", ns3::MakeCallback(&ReaderWatch::handle_connected, this));
  trace("ManifestArrived", ns3::MakeCallback(&ReaderWatch::handle_manifest, this));
  trace("ChunkArrived", ns3::MakeCallback(&ReaderWatch::handle_chunk, this));
  trace("Applied", ns3::MakeCallback(&ReaderWatch::handle_applied, this));
  trace("Token", ns3::MakeCallback(&ReaderWatch::handle_token, this));
  trace("Closed", ns3::MakeCallback(&ReaderWatch::handle_closed, this));
}

double ReaderWatch::now_s() const { return (ns3::Simulator::Now() - start_).GetSeconds(); }

void ReaderWatch::handle_chunk(std::uint32_t, std::uint32_t, std::uint64_t) {
  if (arrived_++ == 0) seen_.first_chunk_s = now_s();
  if (arrived_ == chunks_) seen_.complete_s = now_s();
}

void ReaderWatch::handle_token(std::uint32_t, std::uint32_t token) {
  if (token == 0) seen_.first_token_s = now_s();
  if (token + 1 < answer_tokens_) return;
  seen_.last_token_s = now_s();
  answered_ = true;
  settled_();
}

void ReaderWatch::handle_closed(const std::string&) {
  closed_ = true;
  settled_();
}

// Of what arrived; empty: none.
std::string ReaderWatch::fault() const {
  if (!reader_->GetFailure().empty()) return reader_->GetFailure();
  if (!seen_.applied_s) return "not applied within an hour";
  if (sizes_) return sizes_->IsWhole() ? "" : "what arrived is not whole";
  if (auto verified = bytes_->card().verify(); !verified)
    return "what arrived is damaged: " + verified.error().message;
  if (bytes_->card().digest() != card_)
    return "what arrived is another card: " + bytes_->card().digest().hex();
  return "";
}

ReaderResult ReaderWatch::result(ns3::Time ready) const {
  auto result = seen_;
  result.start_s = (start_ - ready).GetSeconds();
  result.reason = fault();
  result.ok = result.reason.empty();
  return result;
}

}  // namespace kvferry::sim
