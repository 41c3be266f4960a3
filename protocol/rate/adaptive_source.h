// SPDX-License-Identifier: MIT
//
// The source's side of a job on a connection: answers requests for its segments one after the other, each
// with the encoding that the controller chooses when the path has room for it.
//
//   Requested, Sent, Confirmed ──► AdaptiveSource ──► provide(), skip(), refuse()
//   delivered bytes, round trip ─────────┘
#pragma once

#include <map>

#include "protocol/connection/connection.h"
#include "protocol/rate/controller.h"

namespace kvferry {

class AdaptiveSource {
 public:
  // cards[i][j]: encoding j of segment i of the controller's job.
  using Cards = std::vector<std::vector<std::shared_ptr<ChunkSource>>>;
  AdaptiveSource(RateController controller, Cards cards)
      : controller_(std::move(controller)), cards_(std::move(cards)) {}

  // Every event of the connection. False: it is about nothing of this job's.
  bool on_event(Connection& connection, Time now, const Event& event);
  // After every drain: what the path has to tell.
  void observe(const Connection& connection, Time now);

  [[nodiscard]] const RateController& controller() const { return controller_; }

 private:
  bool on_requested(Time now, const event::Requested& request);
  void hand_over(Connection& connection, Time now);  // decides as long as segments wait and the path has room
  void provide(Connection& connection, Time now, TransferId id, const Choice& choice);

  RateController controller_;
  Cards cards_;
  std::map<std::size_t, TransferId> waiting_;  // by segment
  std::optional<Time> deadline_;               // the earliest, as if requests took no time to come
  std::map<TransferId, std::uint64_t> provided_bytes_;
  std::uint64_t confirmed_bytes_ = 0;
  std::optional<TransferId> under_way_;  // handed over, and not all of it is out
};

// What a card is to a controller: its payload, the quality that was measured when it was made (1 if nothing
// was), and its curve. decode: at the receiver.
[[nodiscard]] Encoding encoding_of(const Manifest& manifest, Duration decode);

}  // namespace kvferry
