// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/trial.h"

#include <random>

#include "scenarios/kvferry/conform/steps.h"
#include "scenarios/kvferry/conform/stream_link.h"
#include "scenarios/kvferry/conform/verdict.h"

namespace kvferry::conform {

Trial::Trial(Settings settings) : settings_(std::move(settings)), rng_(std::random_device{}()) {}

std::unique_ptr<Peer> Trial::connect() {
  std::unique_ptr<Link> link;
  if (settings_.datagrams) {
    link = std::make_unique<DatagramLink>(settings_.peer, settings_.patience, rng_.next());
  } else {
    link = std::make_unique<StreamLink>(settings_.peer, settings_.patience);
  }
  return std::make_unique<Peer>(std::move(link), settings_.patience);
}

std::unique_ptr<Peer> Trial::greeted(const HelloMessage& hello) {
  auto peer = connect();
  peer->greet(hello);
  return peer;
}

const KnownCard& Trial::card() {
  if (card_) return *card_;
  if (why_no_card_.empty()) {
    try {
      card_ = fetch_honestly(*greeted(), wanted());
      return *card_;
    } catch (const GreetingFailed&) {
      throw;
    } catch (const CheckFailed& fault) {
      why_no_card_ = fault.what();
    }
  }
  throw CheckSkipped("the card could not be fetched: " + why_no_card_);
}

RequestMessage Trial::wanted() const {
  RequestMessage request;
  request.options.document = settings_.document;
  return request;
}

RequestMessage Trial::wanted_again() {
  RequestMessage request = wanted();
  request.options.card = card().digest;
  return request;
}

DatagramLink& packets(Peer& peer) { return dynamic_cast<DatagramLink&>(peer.link()); }

}  // namespace kvferry::conform
