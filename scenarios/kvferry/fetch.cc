// SPDX-License-Identifier: MIT
//
// kvferry fetch: one card from a server into a file that appears whole or not
// at all, or into a pool; or each card of a document that changes.
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
                std::uint64_t payload_bytes, std::uint64_t held_bytes) {
  const bool is_pooled = !options.pool.where.empty();
  const nlohmann::ordered_json json = {{"card", report.card->hex()},
                                       {is_pooled ? "pool" : "file", is_pooled ? options.pool.where : place},
                                       {"payload_bytes", payload_bytes},
                                       {"held_bytes", held_bytes},
                                       {"chunks", report.chunks.size()},
                                       {"dropped", report.dropped},
                                       {"wire", wire_json(on_the_wire(report.ledger))},
                                       {"time_s",
                                        {{"connect", to_seconds(report.connect)},
                                         {"manifest", to_seconds(report.manifest)},
                                         {"chunk_data", to_seconds(report.chunk_data)}}}};
  std::printf("%s\n", json.dump().c_str());
}

void print_words(const std::string& place, const FetchReport& report, const ArrivingCard& sink) {
  std::printf("%s\n", place.c_str());
  if (sink.held_bytes() > 0) {
    std::printf("here  %s of %s were here already\n", bytes_text(sink.held_bytes()).c_str(),
                bytes_text(sink.payload_bytes()).c_str());
  }
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
    const std::uint64_t payload_bytes = (*card)->manifest.payload_bytes();
    print_json(options, {}, nothing, payload_bytes, payload_bytes);
  } else {
    std::printf("%s\nwire  nothing: it is in the pool\n", wanted.card->hex().c_str());
  }
  return true;
}

// One card, or one after the other, into a folder or a pool.
class Fetching {
 public:
  Fetching(const FetchCommandOptions& options, const HostPort& peer, FetchOptions fetch,
           std::shared_ptr<CardStore> pool)
      : options_(options), peer_(peer), fetch_(std::move(fetch)), pool_(std::move(pool)) {
    make_sink({});
    fetch_.request.manifest_first = pool_ || IncomingCard::may_go_on_in(options.into);
    fetch_.progress = [this](std::uint64_t, std::uint64_t bytes) {
      progress_.show(sink_->held_bytes() + bytes, sink_->payload_bytes());
    };
    if (!options.follow) return;
    fetch_.next = [this](const FetchReport& so_far) {
      print(so_far);
      ++followed_;
      return make_sink(so_far.card);
    };
  }

  void run() {
    const FetchReport report = fetch_card(peer_, fetch_, *sink_);
    progress_.clear();
    if (followed_ > 0 && report.status == ClientStatus::kInterrupted) return;  // as it was meant to end
    check_applied(report, how_far(report, *sink_) + sink_->what_is_kept());
    print(report);
  }

 private:
  // base: the card before.
  ArrivingCard* make_sink(const std::optional<Digest>& base) {
    if (pool_) {
      sink_ = std::make_unique<PooledCard>(pool_, incoming_folder(options_.pool), options_.document);
    } else {
      sink_ = std::make_unique<IncomingCard>(options_.into, base);
    }
    return sink_.get();
  }

  void print(const FetchReport& report) {
    progress_.clear();
    const std::string place = report.dropped > 0 ? sink_->part_file().string() : sink_->place();
    if (options_.json) {
      print_json(options_, place, report, sink_->payload_bytes(), sink_->held_bytes());
    } else {
      print_words(place, report, *sink_);
    }
    std::fflush(stdout);
  }

  const FetchCommandOptions& options_;
  HostPort peer_;
  FetchOptions fetch_;
  std::shared_ptr<CardStore> pool_;  // none: a folder
  std::unique_ptr<ArrivingCard> sink_;
  ProgressLine progress_;
  std::uint64_t followed_ = 0;
};

}  // namespace

int fetch(const FetchCommandOptions& options) {
  const Security security = read_security(options.security);
  if (options.follow && options.document.empty())
    throw UsageError("--follow: a digest names one card for ever, expected --document NAME");
  if (options.droppable_from && security.transport != TransportKind::kQuic)
    throw UsageError("--droppable: only QUIC can drop refinements, expected --transport quic");
  FetchOptions fetch_options;
  fetch_options.request = wanted(options);
  fetch_options.connection.hello.agent = "kvferry/" KVFERRY_VERSION;
  fetch_options.obey_signals = true;
  const HostPort peer = value_or_usage(HostPort::parse(options.peer));
  secure(fetch_options, security, peer);
  prepare(fetch_options, options.errand);
  std::shared_ptr<CardStore> pool;
  if (!options.pool.where.empty()) {
    pool = open_pool(options.pool, WhereNoPool::kMake);
    if (is_in_pool(options, *pool, fetch_options.request)) return kExitSuccess;
  } else if (!fs::is_directory(options.into)) {
    throw Failure(options.into + ": not a folder");
  }
  Fetching(options, peer, std::move(fetch_options), std::move(pool)).run();
  return kExitSuccess;
}

}  // namespace kvferry
