// SPDX-License-Identifier: MIT
#include "transport/fetch.h"

namespace kvferry {
namespace {

class Fetch final : public ClientErrand {
 public:
  Fetch(const HostPort& where, const FetchOptions& options, ChunkSink& sink)
      : ClientErrand(where), options_(options), sink_(&sink) {}

  // The answer is one round trip away.
  void begin(ConnectionDriver& connection, asio::io_context& io) override {
    start_over();
    request(connection, options_.request, *sink_);
    if (!options_.freeze_after) return;
    freeze_.emplace(io, to_steady(begun_ + *options_.freeze_after));
    freeze_->async_wait([&](const SocketError& error) {
      if (!error) connection.post([&](Connection&, Time) { freeze(connection); });
    });
  }
  void end() override { freeze_.reset(); }

  void on_event(ConnectionDriver& connection, const Event& event) override {
    std::visit([&](const auto& each) { on(connection, each); }, event);
  }

  FetchReport take_report() {
    static_cast<ClientReport&>(news_) = std::move(report());
    return std::move(news_);
  }

 private:
  using ClientErrand::on;

  void request(ConnectionDriver& connection, const RequestOptions& wish, ChunkSink& sink) {
    news_ = {};
    verdict_.reset();
    begun_ = steady_now();
    id_ = connection.command([&](Connection& c, Time now) { return c.request(now, wish, sink); });
  }

  // The card that comes after the one that was applied.
  void request_next(ConnectionDriver& connection) {
    RequestOptions wish;
    wish.document = options_.request.document;
    wish.preset = options_.request.preset;
    wish.question_tokens = options_.request.question_tokens;
    wish.urgency = options_.request.urgency;
    wish.after = news_.card;
    wish.bases = DigestList({*news_.card});
    waits_ = true;
    request(connection, wish, *sink_);
  }

  void on(ConnectionDriver&, const event::ManifestArrived& event) {
    news_.card = event.card;
    manifest_at_ = steady_now();
    if (waits_) begun_ = manifest_at_;  // until then there was nothing to send
    news_.manifest = manifest_at_ - begun_;
  }
  void on(ConnectionDriver&, const event::ChunkArrived& event) {
    news_.chunks.add(event.index);
    news_.payload_bytes += event.size_bytes;
    if (options_.progress) options_.progress(news_.chunks.size(), news_.payload_bytes);
  }
  void on(ConnectionDriver& connection, const event::Complete& event) {
    if (!verdict_) verdict_ = use_what_is_here(event.chunks_skipped);
    give_verdict(connection);
  }
  void on(ConnectionDriver& connection, const event::Stopped&) { give_verdict(connection); }
  // The server's side of the protocol; this client has no part in it.
  void on(ConnectionDriver& connection, const event::Requested& event) { decline(connection, event.id); }
  void on(ConnectionDriver& connection, const event::Offered& event) { decline(connection, event.id); }
  void on(ConnectionDriver&, const event::Skipped& event) {
    if (event.reason == SkipReason::kLost) news_.dropped += event.chunks.size();
  }
  void on(ConnectionDriver&, const event::LevelChanged&) {}
  void on(ConnectionDriver&, const event::Sent&) {}
  void on(ConnectionDriver&, const event::Confirmed&) {}

  // What is here has to do.
  void freeze(ConnectionDriver& connection) {
    if (is_settled() || stopped_) return;
    if (news_.chunks.empty()) {
      return leave(connection, ClientStatus::kTooLate, where() + ": nothing of the card had come in time",
                   "too late");
    }
    if (options_.look) return options_.look();
    stopped_ = true;
    verdict_ = use_what_is_here(0);
    connection.command([&](Connection& c, Time now) { c.stop(now, id_); });
  }

  void give_verdict(ConnectionDriver& connection) {
    if (*verdict_) {
      connection.command([&](Connection& c, Time now) { c.confirm(now, id_); });
      news_.ledger = connection.connection().ledger();
      if (options_.next && (sink_ = options_.next(news_)) != nullptr) return request_next(connection);
      settle_on(ClientStatus::kApplied, "");
    } else {
      const std::string why = verdict_->error().message;
      settle_on(ClientStatus::kFailed, why);
      connection.command([&](Connection& c, Time now) { c.reject(now, id_, why); });
    }
    part(connection);
  }

  [[nodiscard]] Result<void> use_what_is_here(std::uint64_t skipped) {
    news_.chunk_data = steady_now() - manifest_at_;
    if (skipped > news_.dropped && !options_.accept_part)
      return Error{where() + " left out " + std::to_string(skipped) + " chunks"};
    return options_.apply ? options_.apply() : Result<void>();
  }

  static void decline(ConnectionDriver& connection, TransferId id) {
    connection.command([id](Connection& c, Time now) { c.refuse(now, id, "this client only fetches"); });
  }

  const FetchOptions& options_;
  ChunkSink* sink_;
  FetchReport news_;  // of the latest card
  Time begun_{};
  Time manifest_at_{};
  bool stopped_ = false;
  bool waits_ = false;                   // for the next card of a document
  std::optional<Result<void>> verdict_;  // on what was here when it was used
  std::optional<asio::steady_timer> freeze_;
};

}  // namespace

FetchReport fetch_card(const HostPort& where, const FetchOptions& options, ChunkSink& sink) {
  Fetch errand(where, options, sink);
  run_client(where, options, errand);
  return errand.take_report();
}

}  // namespace kvferry
