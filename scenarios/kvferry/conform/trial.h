// SPDX-License-Identifier: MIT
//
// What a check works with: fresh connections to the peer, and the card that it
// serves.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "scenarios/kvferry/conform/datagram_link.h"
#include "scenarios/kvferry/conform/known_card.h"
#include "scenarios/kvferry/conform/peer.h"

namespace kvferry::conform {

struct Settings {
  HostPort peer;
  bool datagrams = false;  // UDP
  std::string document;
  Duration patience = std::chrono::seconds(2);  // of one wait
};

class Trial {
 public:
  explicit Trial(Settings settings);

  // Nothing has been said on it. Throws GreetingFailed.
  [[nodiscard]] std::unique_ptr<Peer> connect();
  // HELLO has gone both ways. Throws GreetingFailed.
  [[nodiscard]] std::unique_ptr<Peer> greeted(const HelloMessage& hello = usual_hello());
  // Fetched at the first call. Throws CheckSkipped when that failed.
  [[nodiscard]] const KnownCard& card();
  // A REQUEST for the card, by its name.
  [[nodiscard]] RequestMessage wanted() const;
  // And by its digest, which `held` and `partial` need.
  [[nodiscard]] RequestMessage wanted_again();

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] Duration patience() const { return settings_.patience; }
  [[nodiscard]] bool datagrams() const { return settings_.datagrams; }
  [[nodiscard]] Rng& rng() { return rng_; }

 private:
  Settings settings_;
  Rng rng_;
  std::optional<KnownCard> card_;
  std::string why_no_card_;
};

// The packets below a peer on the datagram binding.
[[nodiscard]] DatagramLink& packets(Peer& peer);

}  // namespace kvferry::conform
