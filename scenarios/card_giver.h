// SPDX-License-Identifier: MIT
//
// What every serving program does for one peer: answers requests with cards, takes none, and gives a transfer
// up that the peer lets stand still.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "protocol/card/card.h"
#include "scenarios/log.h"
#include "transport/connection_driver.h"

namespace kvferry {

class CardGiver final : public ConnectionHandler {
 public:
  // An error refuses the request with its message. Called on the connection's thread.
  using Find = std::function<Result<std::shared_ptr<ChunkSource>>(const RequestOptions&)>;
  using FindCard = std::function<Result<std::shared_ptr<const Card>>(const RequestOptions&)>;

  explicit CardGiver(Find find) : find_(std::move(find)) {}
  explicit CardGiver(FindCard find) : CardGiver(as_sources(std::move(find))) {}

  void on_event(ConnectionDriver& connection, const Event& event) override {
    if (const auto* requested = std::get_if<event::Requested>(&event)) return answer(connection, *requested);
    if (const auto* offered = std::get_if<event::Offered>(&event)) {
      connection.command(
          [&](Connection& c, Time now) { c.refuse(now, offered->id, "this server only gives"); });
    } else if (const auto* stalled = std::get_if<event::Stalled>(&event)) {
      connection.command([&](Connection& c, Time now) {
        c.cancel(now, stalled->id, stalled->reason, TransferError::kStalled);
      });
    }
  }

 private:
  static Find as_sources(FindCard find) {
    return [find = std::move(find)](const RequestOptions& wanted) -> Result<std::shared_ptr<ChunkSource>> {
      const auto card = find(wanted);
      if (!card) return card.error();
      return std::shared_ptr<ChunkSource>(std::make_shared<CardSource>(**card));
    };
  }

  void answer(ConnectionDriver& connection, const event::Requested& requested) {
    auto source = find_(requested.options);
    if (!source) {
      log(LogLevel::kInfo, "refused",
          {{"peer", connection.peer()},
           {"transfer", std::to_string(requested.id)},
           {"why", source.error().message}});
    }
    connection.command([&](Connection& c, Time now) {
      if (source) {
        c.provide(now, requested.id, *source);
      } else {
        c.refuse(now, requested.id, source.error().message);
      }
    });
  }

  Find find_;
};

}  // namespace kvferry
