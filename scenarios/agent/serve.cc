// SPDX-License-Identifier: MIT
//
// kvferry-agent serve: reads a document once, or takes over what another agent has read, and answers requests
// for its cache.
#include <cstdio>
#include <filesystem>
#include <optional>

#include "model/quality.h"
#include "model/shipped_calibration.h"
#include "scenarios/agent/card_maker.h"
#include "scenarios/agent/commands.h"
#include "scenarios/agent/take_over.h"
#include "scenarios/agent/watched_document.h"
#include "scenarios/card_giver.h"
#include "scenarios/data_files.h"
#include "scenarios/log.h"
#include "scenarios/program.h"
#include "scenarios/report.h"
#include "scenarios/serving.h"

namespace kvferry {
namespace {

void warn_of_unknown_words(const Reader& reader, const std::string& path, const std::string& text) {
  const auto unknown = reader.unknown_words(text);
  if (unknown.empty()) return;
  std::fprintf(stderr, "kvferry-agent: warning: %s: %zu words are unknown to the model, the first is '%s'\n",
               path.c_str(), unknown.size(), unknown.front().c_str());
}

struct Memory {
  std::string document;  // text; empty where another agent has read it
  KvCache cache;
};

Memory read(const AgentServeOptions& options, const Reader& reader) {
  const std::string document = read_document(options.document);
  warn_of_unknown_words(reader, options.document, document);
  const Time begun = steady_now();
  auto cache = reader.prefill(document);
  if (!cache) throw Failure(cache.error().in(options.document));
  std::fprintf(stderr, "kvferry-agent: read %u tokens in %s, %s of FP16 cache\n", cache->token_count(),
               duration_text(steady_now() - begun).c_str(), bytes_text(cache->bytes_fp16()).c_str());
  return {document, std::move(*cache)};
}

CardMaker prepare_cards(const AgentServeOptions& options, const Security& security) {
  if (options.document.empty() == options.from.empty())
    throw UsageError("expected either --document or --from");
  if (options.watch && options.document.empty())
    throw UsageError("--watch: a cache that is taken over has no file, expected --document");
  CardOrder order;
  order.preset = value_or_fail(parse_preset(options.preset));
  order.seed = options.seed;
  const auto folder = value_or_fail(find_model(options.model));
  order.calibration = value_or_fail(find_calibration(options.calibration, folder));
  Reader reader = value_or_fail(Reader::open(folder));
  Memory memory = options.from.empty() ? read(options, reader)
                                       : Memory{{}, take_over(options, security, reader, order.calibration)};
  order.document = std::move(memory.document);
  order.templates = options.questions;
  const std::string file = std::filesystem::path(options.document).stem().string();
  return {std::move(reader), options.name.empty() ? file : options.name, std::move(memory.cache),
          std::move(order), options.probe};
}

Result<std::shared_ptr<const Card>> card_for(CardMaker& maker, const RequestOptions& wanted) {
  auto card = maker.make(wanted);
  if (!card || !(*card)->manifest.divergence) return card;
  const auto preset = parse_preset((*card)->manifest.preset);
  if (!preset) return preset.error();
  if (const auto warning = low_bits_warning(*preset, *(*card)->manifest.divergence)) {
    std::fprintf(stderr, "kvferry-agent: warning: %s\n", warning->c_str());
  }
  return card;
}

void reread(CardMaker& maker, const std::string& text, Followers& followers) {
  const Time begun = steady_now();
  if (auto updated = maker.update(text); !updated) {
    log(LogLevel::kWarning, "unchanged", {{"why", updated.error().message}});
    return;
  }
  log(LogLevel::kInfo, "reread", {{"after", duration_text(steady_now() - begun)}});
  followers.changed();
}

}  // namespace

int serve(const AgentServeOptions& options) {
  set_up_log(options.operation);
  const Security security = read_security(options.security);
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  CardMaker maker = prepare_cards(options, security);
  Followers followers;
  Giving giving{as_sources([&](const RequestOptions& wanted) { return card_for(maker, wanted); }),
                [&](const Digest& digest) { return manifest_of(maker.find_made(digest)); }};
  std::optional<WatchedDocument> watched;
  if (options.watch) {
    giving.followers = &followers;
    watched.emplace(options.document, [&](const std::string& text) { reread(maker, text, followers); });
  }
  serve_until_stopped({.program = "kvferry-agent",
                       .listen = where,
                       .model = maker.identity(),
                       .operation = options.operation,
                       .followed = options.watch},
                      security, [&] { return std::make_unique<CardGiver>(giving); });
  return kExitSuccess;
}

}  // namespace kvferry
