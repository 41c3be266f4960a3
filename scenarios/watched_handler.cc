// SPDX-License-Identifier: MIT
#include "scenarios/watched_handler.h"

#include "scenarios/log.h"

namespace kvferry {

WatchedHandler::WatchedHandler(std::unique_ptr<ConnectionHandler> handler, Metrics& metrics)
    : handler_(std::move(handler)), metrics_(metrics) {
  metrics_.connection_begun();
}

WatchedHandler::~WatchedHandler() { metrics_.connection_ended(end_); }

void WatchedHandler::on_event(ConnectionDriver& connection, const Event& event) {
  note(connection, event);
  handler_->on_event(connection, event);
  count_bytes(connection);
}

void WatchedHandler::note(ConnectionDriver& connection, const Event& event) {
  if (std::holds_alternative<event::Connected>(event)) {
    greeted_ = true;
    log(LogLevel::kInfo, "connected", {{"peer", connection.peer()}});
  } else if (const auto* requested = std::get_if<event::Requested>(&event)) {
    const auto& wanted = requested->options;
    note_stage(connection, "requested", requested->id, wanted.card ? wanted.card->hex() : wanted.document);
    begun_[requested->id] = steady_now();
  } else if (const auto* offered = std::get_if<event::Offered>(&event)) {
    note_stage(connection, "offered", offered->id, offered->offer.card.hex());
    begun_[offered->id] = steady_now();
  } else if (const auto* confirmed = std::get_if<event::Confirmed>(&event)) {
    note_done(connection, "confirmed", confirmed->id, confirmed->chunks);
  } else if (const auto* complete = std::get_if<event::Complete>(&event)) {
    note_done(connection, "complete", complete->id,
              connection.connection().chunks_verified(complete->id).size());
  } else if (const auto* rejected = std::get_if<event::Rejected>(&event)) {
    note_stage(connection, "rejected", rejected->id, rejected->reason);
  } else if (const auto* cancelled = std::get_if<event::Cancelled>(&event)) {
    note_stage(connection, "cancelled", cancelled->id, cancelled->reason);
  } else if (const auto* stalled = std::get_if<event::Stalled>(&event)) {
    note_stage(connection, "stalled", stalled->id, stalled->reason);
  } else if (const auto* closed = std::get_if<event::Closed>(&event)) {
    note_end(connection, *closed);
  }
}

void WatchedHandler::note_stage(const ConnectionDriver& connection, const char* stage, TransferId id,
                                const std::string& what) {
  metrics_.transfer(stage);
  log(LogLevel::kInfo, stage,
      {{"peer", connection.peer()}, {"transfer", std::to_string(id)}, {"what", what}});
}

void WatchedHandler::note_done(const ConnectionDriver& connection, const char* stage, TransferId id,
                               std::uint64_t chunks) {
  metrics_.transfer(stage);
  const auto begun = begun_.find(id);
  if (begun != begun_.end()) metrics_.transfer_done(steady_now() - begun->second);
  log(LogLevel::kInfo, stage,
      {{"peer", connection.peer()},
       {"transfer", std::to_string(id)},
       {"chunks", std::to_string(chunks)},
       {"sent_bytes", std::to_string(connection.connection().ledger().sent.total())},
       {"received_bytes", std::to_string(connection.connection().ledger().received.total())}});
}

void WatchedHandler::note_end(ConnectionDriver& connection, const event::Closed& closed) {
  std::string why = closed.reason;
  if (!connection.security_failure().empty()) {
    end_ = "insecure";
    why = connection.security_failure();
  } else if (!greeted_) {
    end_ = "no_greeting";
  } else if (closed.code == ErrorCode::kNone) {
    end_ = "done";
  } else {
    end_ = closed.code == ErrorCode::kEndOfStream ? "lost" : "fault";
  }
  const bool well = closed.code == ErrorCode::kNone;
  log(well ? LogLevel::kInfo : LogLevel::kWarning, "closed",
      {{"peer", connection.peer()}, {"how", end_}, {"why", why}});
}

void WatchedHandler::count_bytes(const ConnectionDriver& connection) {
  const Ledger now = connection.connection().ledger();
  metrics_.bytes(counted_, now);
  counted_ = now;
}

}  // namespace kvferry
