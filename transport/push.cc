// SPDX-License-Identifier: MIT
#include "transport/push.h"

namespace kvferry {
namespace {

// Counts what the connection takes.
class WatchedSource final : public ChunkSource {
 public:
  WatchedSource(std::shared_ptr<ChunkSource> source, const PushOptions& options)
      : source_(std::move(source)), options_(options) {}
  const Manifest& manifest() const override { return source_->manifest(); }
  Result<Slice> chunk(std::uint32_t index) override {
    auto chunk = source_->chunk(index);
    if (chunk) bytes_ += chunk->size();
    if (options_.progress) options_.progress(bytes_);
    return chunk;
  }

 private:
  std::shared_ptr<ChunkSource> source_;
  const PushOptions& options_;
  std::uint64_t bytes_ = 0;
};

class Push final : public ClientErrand {
 public:
  Push(const HostPort& where, const PushOptions& options, std::shared_ptr<ChunkSource> source)
      : ClientErrand(where), options_(options), source_(std::move(source)) {}

  void begin(ConnectionDriver& connection, asio::io_context&) override {
    start_over();
    chunks_ = 0;
    const auto watched = std::make_shared<WatchedSource>(source_, options_);
    id_ =
        connection.command([&](Connection& c, Time now) { return c.offer(now, options_.document, watched); });
  }

  void on_event(ConnectionDriver& connection, const Event& event) override {
    std::visit([&](const auto& each) { on(connection, each); }, event);
  }

  PushReport take_report() {
    PushReport out;
    static_cast<ClientReport&>(out) = std::move(report());
    out.chunks = chunks_;
    return out;
  }

 private:
  using ClientErrand::on;

  void on(ConnectionDriver& connection, const event::Confirmed& event) {
    chunks_ = event.chunks;
    settle_on(ClientStatus::kApplied, "");
    part(connection);
  }
  void on(ConnectionDriver& connection, const event::Requested& event) {
    connection.command(
        [&](Connection& c, Time now) { c.refuse(now, event.id, "this client only sends what it offers"); });
  }
  void on(ConnectionDriver& connection, const event::Offered& event) {
    connection.command([&](Connection& c, Time now) { c.refuse(now, event.id, "this client only sends"); });
  }
  void on(ConnectionDriver&, const event::ManifestArrived&) {}
  void on(ConnectionDriver&, const event::ChunkArrived&) {}
  void on(ConnectionDriver&, const event::Complete&) {}
  void on(ConnectionDriver&, const event::Stopped&) {}
  void on(ConnectionDriver&, const event::Skipped&) {}
  void on(ConnectionDriver&, const event::LevelChanged&) {}
  void on(ConnectionDriver&, const event::Sent&) {}

  const PushOptions& options_;
  std::shared_ptr<ChunkSource> source_;
  std::uint64_t chunks_ = 0;
};

}  // namespace

PushReport push_card(const HostPort& where, const PushOptions& options, std::shared_ptr<ChunkSource> source) {
  Push errand(where, options, std::move(source));
  run_client(where, options, errand);
  return errand.take_report();
}

}  // namespace kvferry
