// SPDX-License-Identifier: MIT
//
// kvferry receive: takes cards into a folder from whoever is believed.
#include <map>

#include "scenarios/kvferry/commands.h"
#include "scenarios/kvferry/incoming_card.h"
#include "scenarios/log.h"
#include "scenarios/program.h"
#include "scenarios/serving.h"

namespace kvferry {
namespace {

class CardTaker final : public ConnectionHandler {
 public:
  explicit CardTaker(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void on_event(ConnectionDriver& connection, const Event& event) override {
    if (const auto* offered = std::get_if<event::Offered>(&event)) {
      take(connection, offered->id);
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
  void take(ConnectionDriver& connection, TransferId id) {
    const auto& sink = sinks_[id] = std::make_unique<IncomingCard>(folder_);
    AcceptOptions options;
    options.manifest_first = IncomingCard::may_go_on_in(folder_);
    connection.command([&](Connection& c, Time now) { c.accept(now, id, *sink, options); });
  }

  // The sink has synced the file and given it its name.
  void thank(ConnectionDriver& connection, const event::Complete& event) {
    const auto sink = sinks_.find(event.id);
    if (event.chunks_skipped > 0) {
      connection.command(
          [&](Connection& c, Time now) { c.reject(now, event.id, "some chunks were left out"); });
    } else {
      connection.command([&](Connection& c, Time now) { c.confirm(now, event.id); });
      log(LogLevel::kInfo, "received", {{"peer", connection.peer()}, {"file", sink->second->file()}});
    }
    sinks_.erase(sink);
  }

  std::filesystem::path folder_;
  std::map<TransferId, std::unique_ptr<IncomingCard>> sinks_;
};

}  // namespace

int receive(const ReceiveOptions& options) {
  set_up_log(options.operation);
  const Security security = read_security(options.security);
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  if (!std::filesystem::is_directory(options.into)) throw Failure(options.into + ": not a folder");
  serve_until_stopped({"kvferry", where, {}, options.operation}, security,
                      [&] { return std::make_unique<CardTaker>(options.into); });
  return kExitSuccess;
}

}  // namespace kvferry
