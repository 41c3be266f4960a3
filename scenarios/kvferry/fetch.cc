// SPDX-License-Identifier: MIT
//
// kvferry fetch: one card from a server into a file that appears whole or not
// at all.
#include "transport/fetch.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/program.h"
#include "scenarios/report.h"

namespace kvferry {
namespace {

namespace fs = std::filesystem;

// Names the file after the card, which is known when the manifest is here.
class NamedFileSink final : public ChunkSink {
 public:
  explicit NamedFileSink(fs::path folder) : folder_(std::move(folder)) {}

  Result<void> begin(const Manifest& manifest) override {
    payload_bytes_ = manifest.payload_bytes();
    file_ = folder_ / (encode_manifest(manifest).digest().hex() + ".card");
    sink_.emplace(file_);
    return sink_->begin(manifest);
  }
  Result<void> chunk(std::uint32_t index, Slice payload) override {
    return sink_->chunk(index, std::move(payload));
  }
  Result<void> finish(bool whole) override { return sink_->finish(whole); }
  void abandon(const std::string& reason) override {
    if (sink_) sink_->abandon(reason);
  }

  [[nodiscard]] const fs::path& file() const { return file_; }
  [[nodiscard]] std::uint64_t payload_bytes() const { return payload_bytes_; }

 private:
  fs::path folder_;
  fs::path file_;
  std::uint64_t payload_bytes_ = 0;
  std::optional<CardFileSink> sink_;
};

// One line on a terminal that is written over; nothing in a pipe.
class ProgressLine {
 public:
  void show(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    const Time now = steady_now();
    if (!terminal_ || (done_bytes < total_bytes && now < next_)) return;
    next_ = now + milliseconds(100);
    const double percent = 100.0 * static_cast<double>(done_bytes) / static_cast<double>(total_bytes);
    std::fprintf(stderr, "\r%3.0f %% of %s\033[K", percent, bytes_text(total_bytes).c_str());
    shown_ = true;
  }
  void clear() {
    if (std::exchange(shown_, false)) std::fputs("\r\033[K", stderr);
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool shown_ = false;
  Time next_{};
};

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
  return request;
}

void print_json(const fs::path& file, const FetchReport& report, std::uint64_t payload_bytes) {
  const nlohmann::ordered_json json = {{"card", report.card->hex()},
                                       {"file", file.string()},
                                       {"payload_bytes", payload_bytes},
                                       {"chunks", report.chunks.size()},
                                       {"wire", wire_json(on_the_wire(report.ledger))},
                                       {"time_s",
                                        {{"connect", to_seconds(report.connect)},
                                         {"manifest", to_seconds(report.manifest)},
                                         {"chunk_data", to_seconds(report.chunk_data)}}}};
  std::printf("%s\n", json.dump().c_str());
}

void print_words(const fs::path& file, const FetchReport& report) {
  std::printf("%s\n", file.c_str());
  std::printf("wire  %s\n", wire_text(on_the_wire(report.ledger)).c_str());
  std::printf("time  connect %s, manifest %s, chunks %s\n", duration_text(report.connect).c_str(),
              duration_text(report.manifest).c_str(), duration_text(report.chunk_data).c_str());
}

}  // namespace

int fetch(const FetchCommandOptions& options) {
  const Security security = read_security(options.security);
  FetchOptions fetch_options;
  fetch_options.request = wanted(options);
  fetch_options.connection.hello.agent = "kvferry/" KVFERRY_VERSION;
  fetch_options.obey_signals = true;
  const HostPort peer = value_or_usage(HostPort::parse(options.peer));
  secure(fetch_options, security, peer);
  if (!fs::is_directory(options.into)) throw Failure(options.into + ": not a folder");

  NamedFileSink sink(options.into);
  ProgressLine progress;
  fetch_options.progress = [&](std::uint64_t, std::uint64_t bytes) {
    progress.show(bytes, sink.payload_bytes());
  };
  const FetchReport report = fetch_card(peer, fetch_options, sink);
  progress.clear();
  if (report.status != FetchStatus::kApplied) throw Failure(report.message);
  if (options.json) {
    print_json(sink.file(), report, sink.payload_bytes());
  } else {
    print_words(sink.file(), report);
  }
  return kExitSuccess;
}

}  // namespace kvferry
