// SPDX-License-Identifier: MIT
//
// kvferry fetch: one card from a server into a file that appears whole or not
// at all, or into a pool.
#include "transport/fetch.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "scenarios/kvferry/commands.h"
#include "scenarios/kvferry/incoming_card.h"
#include "scenarios/kvferry/pooled_card.h"
#include "scenarios/kvferry/progress_line.h"
#include "scenarios/program.h"
#include "scenarios/report.h"

namespace kvferry {
namespace {

namespace fs = std::filesystem;

RequestOptions wanted(const FetchCommandOptions& options) {
  if (options.digest.empty() == options.document.empty()) {
    throw UsageError("expected either a DIGEST or --document NAME");
  }
  RequestOptions request;
  request.document = options.document;
  if (!options.digest.empty()) {
    auto digest = Digest::from_hex(options.digest);
    if (!digest) throw UsageError("DIGEST: " + digest.error().message);
    request.card = *digest;
  }
  if (options.droppable_from) request.droppable_from = static_cast<std::uint8_t>(*options.droppable_from);
  return request;
}

// For the end of an error's line.
std::string how_far(const FetchReport& report, const ArrivingCard& sink) {
  if (report.status != ClientStatus::kTooLate || !report.card) return {};
  return ", with " + bytes_text(sink.held_bytes() + report.payload_bytes) + " of " +
         bytes_text(sink.payload_bytes()) + " here";
}

// place: where the card stands, or what came of it.
void print_json(const FetchCommandOptions& options, const std::string& place, const FetchReport& report,
                std::uint64_t payload_bytes) {
  const bool is_pooled = !options.pool.where.empty();
  const nlohmann::ordered_json json = {{"card", report.card->hex()},
                                       {is_pooled ? "pool" : "file", is_pooled ? options.pool.where : place},
                                       {"payload_bytes", payload_bytes},
                                       {"chunks", report.chunks.size()},
                                       {"dropped", report.dropped},
                                       {"wire", wire_json(on_the_wire(report.ledger))},
                                       {"time_s",
                                        {{"connect", to_seconds(report.connect)},
                                         {"manifest", to_seconds(report.manifest)},
                                         {"chunk_data", to_seconds(report.chunk_data)}}}};
  std::printf("%s\n", json.dump().c_str());
}

void print_words(const std::string& place, const FetchReport& report) {
  std::printf("%s\n", place.c_str());
  if (report.dropped > 0) {
    std::printf("left  %llu chunks were dropped; what came is kept, and another fetch gets the rest\n",
                static_cast<unsigned long long>(report.dropped));
  }
  std::printf("wire  %s\n", wire_text(on_the_wire(report.ledger)).c_str());
  std::printf("time  connect %s, manifest %s, chunks %s\n", duration_text(report.connect).c_str(),
              duration_text(report.manifest).c_str(), duration_text(report.chunk_data).c_str());
}

// What the pool has already needs no network.
bool is_in_pool(const FetchCommandOptions& options, CardStore& pool, const RequestOptions& wanted) {
  if (!wanted.card) return false;
  const auto card = whole_card(pool, *wanted.card);
  if (!card || !*card) return false;
  FetchReport nothing;
  nothing.card = wanted.card;
  nothing.chunks = every_chunk((*card)->manifest);
  if (options.json) {
    print_json(options, {}, nothing, (*card)->manifest.payload_bytes());
  } else {
    std::printf("%s\nwire  nothing: it is in the pool\n", wanted.card->hex().c_str());
  }
  return true;
}

}  // namespace

int fetch(const FetchCommandOptions& options) {
  const Security security = read_security(options.security);
  if (options.droppable_from && security.transport != TransportKind::kQuic)
    throw UsageError("--droppable: only QUIC can drop refinements, expected --transport quic");
  FetchOptions fetch_options;
  fetch_options.request = wanted(options);
  fetch_options.connection.hello.agent = "kvferry/" KVFERRY_VERSION;
  fetch_options.obey_signals = true;
  const HostPort peer = value_or_usage(HostPort::parse(options.peer));
  secure(fetch_options, security, peer);
  prepare(fetch_options, options.errand);
  std::unique_ptr<ArrivingCard> arriving;
  if (options.pool.where.empty()) {
    if (!fs::is_directory(options.into)) throw Failure(options.into + ": not a folder");
    arriving = std::make_unique<IncomingCard>(options.into);
    fetch_options.request.manifest_first = IncomingCard::may_go_on_in(options.into);
  } else {
    const auto pool = open_pool(options.pool, WhereNoPool::kMake);
    if (is_in_pool(options, *pool, fetch_options.request)) return kExitSuccess;
    arriving = std::make_unique<PooledCard>(pool, incoming_folder(options.pool), options.document);
    fetch_options.request.manifest_first = true;
  }
  ArrivingCard& sink = *arriving;
  ProgressLine progress;
  fetch_options.progress = [&](std::uint64_t, std::uint64_t bytes) {
    progress.show(sink.held_bytes() + bytes, sink.payload_bytes());
  };
  const FetchReport report = fetch_card(peer, fetch_options, sink);
  progress.clear();
  check_applied(report, how_far(report, sink) + sink.what_is_kept());
  const std::string place = report.dropped > 0 ? sink.part_file().string() : sink.place();
  if (options.json) {
    print_json(options, place, report, sink.payload_bytes());
  } else {
    print_words(place, report);
  }
  return kExitSuccess;
}

}  // namespace kvferry
