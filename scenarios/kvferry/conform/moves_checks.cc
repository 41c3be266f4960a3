// SPDX-License-Identifier: MIT
//
// Section 6.5: a client whose address changes.
#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

void follows(Trial& trial) {
  auto peer = trial.greeted();
  expect_alive(*peer);
  packets(*peer).rebind();
  packets(*peer).habits.pads_always = true;
  expect_alive(*peer);
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, manifest_of(peer->reception(id)));
}

void challenges_the_new_address(Trial& trial) {
  auto peer = trial.greeted();
  expect_alive(*peer);
  peer->settle();
  packets(*peer).rebind();
  packets(*peer).habits.pads_always = true;
  const std::size_t before = peer->arrivals().size();
  peer->send(PingMessage{7, {}});
  expect(peer->await(FrameType::kChallenge, before).has_value(), "no CHALLENGE came to the new address");
}

// Three times the bytes of a PING are enough for its PONG, and a client need not know that its address
// changed.
void follows_small_packets(Trial& trial) {
  auto peer = trial.greeted();
  expect_alive(*peer);
  peer->settle();
  packets(*peer).rebind();
  expect_alive(*peer);
}

void threefold_at_the_new_address(Trial& trial) {
  skip_unless(trial.card().payload_bytes() > kEnoughPayload, "the card is too small to tell");
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->settle();
  DatagramLink& link = packets(*peer);
  link.habits.answers_challenges = link.habits.sends_again = false;
  link.habits.pads_always = true;
  link.rebind();
  peer->send({have(id)});
  link.habits.pads_always = false;
  expect_threefold_at_most(*peer, milliseconds(1500));
  expect(link.traffic().heard_bytes > 0, "nothing came to the new address");
}

// The packet is older than one that came from the address before.
void late_packet_moves_nothing(Trial& trial) {
  auto peer = trial.greeted();
  peer->settle();
  DatagramLink& link = packets(*peer);
  const std::uint64_t late = link.take_number();
  expect_alive(*peer);
  peer->settle();
  link.rebind();
  link.habits.sends_again = false;
  link.send_raw(link.packet(late, DatagramLink::packed(0x35, {})));
  peer->wait_for(milliseconds(300));
  expect(link.traffic().heard_bytes == 0, "an old packet from another address drew an answer there");
}

void returns_when_validation_fails(Trial& trial) {
  auto peer = trial.greeted();
  expect_alive(*peer);
  peer->settle();
  DatagramLink& link = packets(*peer);
  link.habits.answers_challenges = link.habits.acknowledges = link.habits.sends_again = false;
  link.habits.pads_always = true;  // room for all the challenges
  link.rebind();
  peer->send(PingMessage{7, {}});
  peer->wait_for(std::chrono::seconds(20));
  link.return_to_former();
  const std::size_t before = link.heard().size();
  peer->wait_for(std::chrono::seconds(9));
  expect(link.heard().size() > before, "nothing came to the last validated address, 20 to 29 s after a move");
}

}  // namespace

std::vector<Check> moves_checks() {
  return {
      {"ADR-6", "the server follows a client whose address changes", On::kDatagram, follows},
      {"ADR-6", "a small packet from another address is answered there", On::kDatagram,
       follows_small_packets},
      {"ADR-6", "the new address is challenged", On::kDatagram, challenges_the_new_address},
      {"ADR-6", "the new address gets three times its bytes at most, until it is validated", On::kDatagram,
       threefold_at_the_new_address},
      {"ADR-6", "a late packet from another address moves nothing", On::kDatagram, late_packet_moves_nothing},
      {"ADR-6", "when validation fails the server returns", On::kDatagram, returns_when_validation_fails,
       Pace::kSlow},
  };
}

}  // namespace kvferry::conform
