// SPDX-License-Identifier: MIT
//
// kvferry receive: takes cards into a folder or a pool from whoever is believed.
#include <map>

#include "scenarios/kvferry/commands.h"
#include "scenarios/kvferry/incoming_card.h"
#include "scenarios/kvferry/pooled_card.h"
#include "scenarios/log.h"
#include "scenarios/program.h"
#include "scenarios/serving.h"

namespace kvferry {
namespace {

// Where cards go.
struct Destination {
  std::filesystem::path folder;
  std::shared_ptr<CardStore> pool;  // none: the folder itself; otherwise it holds what is on its way

  [[nodiscard]] std::unique_ptr<ArrivingCard> take(const std::string& document) const {
    if (pool) return std::make_unique<PooledCard>(pool, folder, document);
    return std::make_unique<IncomingCard>(folder);
  }
  // Of the card there may be something here already.
  [[nodiscard]] bool may_go_on() const { return pool || IncomingCard::may_go_on_in(folder); }
};

Destination destination(const ReceiveOptions& options) {
  if (!options.pool.where.empty()) {
    auto pool = open_pool(options.pool, WhereNoPool::kMake);
    return {incoming_folder(options.pool), std::move(pool)};
  }
  if (!std::filesystem::is_directory(options.into)) throw Failure(options.into + ": not a folder");
  return {options.into, nullptr};
}

class CardTaker final : public ConnectionHandler {
 public:
  explicit CardTaker(const Destination& to) : to_(to) {}

  void on_event(ConnectionDriver& connection, const Event& event) override {
    if (const auto* offered = std::get_if<event::Offered>(&event)) {
      take(connection, *offered);
    } else if (const auto* complete = std::get_if<event::Complete>(&event)) {
      thank(connection, *complete);
    } else if (const auto* requested = std::get_if<event::Requested>(&event)) {
      connection.command(
          [&](Connection& c, Time now) { c.refuse(now, requested->id, "this server only takes cards"); });
    } else if (const auto* stalled = std::get_if<event::Stalled>(&event)) {
      connection.command([&](Connection& c, Time now) {
        c.cancel(now, stalled->id, stalled->reason, TransferError::kStalled);
      });
      sinks_.erase(stalled->id);
    } else if (const auto* rejected = std::get_if<event::Rejected>(&event)) {
      sinks_.erase(rejected->id);
    } else if (const auto* cancelled = std::get_if<event::Cancelled>(&event)) {
      sinks_.erase(cancelled->id);
    }
  }

 private:
  // The card may be here in part, or whole: its manifest tells.
  void take(ConnectionDriver& connection, const event::Offered& offered) {
    const auto& sink = sinks_[offered.id] = to_.take(offered.offer.document);
    AcceptOptions options;
    options.manifest_first = to_.may_go_on();
    connection.command([&](Connection& c, Time now) { c.accept(now, offered.id, *sink, options); });
  }

  // The sink has synced the card and given it its name.
  void thank(ConnectionDriver& connection, const event::Complete& event) {
    const auto sink = sinks_.find(event.id);
    if (event.chunks_skipped > 0) {
      connection.command(
          [&](Connection& c, Time now) { c.reject(now, event.id, "some chunks were left out"); });
    } else {
      connection.command([&](Connection& c, Time now) { c.confirm(now, event.id); });
      log(LogLevel::kInfo, "received",
          {{"peer", connection.peer()}, {to_.pool ? "card" : "file", sink->second->place()}});
    }
    sinks_.erase(sink);
  }

  const Destination& to_;
  std::map<TransferId, std::unique_ptr<ArrivingCard>> sinks_;
};

}  // namespace

int receive(const ReceiveOptions& options) {
  set_up_log(options.operation);
  const Security security = read_security(options.security);
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  const Destination to = destination(options);
  serve_until_stopped({"kvferry", where, {}, options.operation}, security,
                      [&] { return std::make_unique<CardTaker>(to); });
  return kExitSuccess;
}

}  // namespace kvferry
