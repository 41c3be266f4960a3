// SPDX-License-Identifier: MIT
//
// What every serving program does for one peer: answers requests with cards, takes none, and gives a transfer
// up that the peer lets stand still. Requests for the next card of a document wait until there is one.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "protocol/card/card.h"
#include "scenarios/followers.h"
#include "transport/connection_driver.h"

namespace kvferry {

// All of it is called on connections' threads.
struct Giving {
  using Find = std::function<Result<std::shared_ptr<ChunkSource>>(const RequestOptions&)>;
  using FindCard = std::function<Result<std::shared_ptr<const Card>>(const RequestOptions&)>;
  using Base = std::function<std::shared_ptr<const Manifest>(const Digest&)>;

  Find find;                       // an error refuses the request with its message
  Base base = {};                  // of a card that a reader may have, or nothing: what it shares is not sent
  Followers* followers = nullptr;  // of documents that change; outlives the connections
};

[[nodiscard]] Giving::Find as_sources(Giving::FindCard find);
[[nodiscard]] std::shared_ptr<const Manifest> manifest_of(std::shared_ptr<const Card> card);

class CardGiver final : public ConnectionHandler {
 public:
  explicit CardGiver(Giving giving) : giving_(std::move(giving)) {}

  void on_event(ConnectionDriver& connection, const Event& event) override;
  void on_gone() override { stop_waiting(); }

 private:
  void on(ConnectionDriver& connection, const event::Requested& requested);
  // Answers those requests that a card has come for.
  void look_again(ConnectionDriver& connection);
  // False: the reader has this card already, and waits for the next.
  bool answer(ConnectionDriver& connection, const event::Requested& requested);
  [[nodiscard]] ChunkRanges known(const RequestOptions& wanted, const Manifest& manifest) const;
  void stop_waiting();

  Giving giving_;
  std::vector<event::Requested> waiting_;
};

}  // namespace kvferry
