// SPDX-License-Identifier: MIT
//
// Sections 6.2 and 6.3: acknowledgements in time, and what is not acknowledged
// comes again.
#include <algorithm>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr int kTries = 5;                      // the best counts: the machine is busy now and then
constexpr Duration kSlack = milliseconds(20);  // for two ways and two schedulers
constexpr Duration kAtOnce = milliseconds(10);

const Bytes kProbeFrame = DatagramLink::packed(0x35, {});

// Sends by `act`, which returns the number to wait for; the time until it is acknowledged, at best.
Duration best_time(Trial& trial, const std::function<std::uint64_t(DatagramLink&)>& act) {
  auto peer = trial.greeted();
  peer->settle();
  DatagramLink& link = packets(*peer);
  link.habits.sends_again = false;
  Duration best = Duration::max();
  for (int i = 0; i < kTries; ++i) {
    peer->wait_for(milliseconds(60));  // nothing waits for an acknowledgement any more
    const Time begun = steady_now();
    const std::uint64_t number = act(link);
    peer->wait_until([&] { return link.acknowledged(number); });
    expect(link.acknowledged(number), "packet " + std::to_string(number) + " was not acknowledged");
    best = std::min(best, Duration(link.acks().back().at - begun));
  }
  return best;
}

void expect_within(Duration best, Duration limit) {
  expect(best <= limit, "the acknowledgement took " + std::to_string(to_us(best)) + " µs at best, expected " +
                            std::to_string(to_us(limit)) + " µs at most");
}

void one_packet(Trial& trial) {
  expect_within(best_time(trial, [](DatagramLink& link) { return link.send_packet(kProbeFrame); }),
                kMaxAckDelay + kSlack);
}

void every_second(Trial& trial) {
  expect_within(best_time(trial,
                          [](DatagramLink& link) {
                            link.send_packet(kProbeFrame);
                            return link.send_packet(kProbeFrame);
                          }),
                kAtOnce);
}

void after_a_gap(Trial& trial) {
  expect_within(best_time(trial,
                          [](DatagramLink& link) {
                            static_cast<void>(link.take_number());
                            return link.send_packet(kProbeFrame);
                          }),
                kAtOnce);
}

void out_of_order(Trial& trial) {
  expect_within(best_time(trial,
                          [](DatagramLink& link) {
                            const std::uint64_t late = link.take_number();
                            link.send_packet(kProbeFrame);
                            link.send_raw(link.packet(late, kProbeFrame));
                            return late;
                          }),
                kAtOnce);
}

Check bad_ack(std::string what, Bytes body) {
  return {"ACK-2", std::move(what), On::kDatagram, [body = std::move(body)](Trial& trial) {
            auto peer = trial.greeted();
            DatagramLink& link = packets(*peer);
            link.send_raw(link.packet(link.take_number(), DatagramLink::packed(0x31, body)));
            expect_end(*peer, ErrorCode::kMalformed);
          }};
}

// 65 ranges of one number each, two apart: its greatest number was sent by nobody, but that is seen later.
Bytes too_many_ranges() {
  Bytes body;
  put_varint(body, 200);
  put_varint(body, 0);
  put_varint(body, 0);
  for (int i = 0; i < 64; ++i) {
    put_varint(body, 0);
    put_varint(body, 0);
  }
  return body;
}

Bytes more_than_an_hour() {
  Bytes body{0x00};
  put_varint(body, 3'600'000'001);
  body.push_back(0x00);
  return body;
}

void few_ranges(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  link.habits.sends_again = false;
  for (int i = 0; i < 150; ++i) {
    static_cast<void>(link.take_number());
    link.send_packet(kProbeFrame);
    if (i % 16 == 0) peer->wait_for(milliseconds(1));
  }
  peer->settle();
  std::size_t most = 0;
  for (const auto& heard : link.acks()) most = std::max(most, heard.ack.ranges.size());
  expect(most <= kMaxAckRanges, "an ACK came with " + std::to_string(most) + " ranges");
}

// After gaps, packets in order and acknowledgements of the peer's ACKs: they grow short again.
void ranges_are_forgotten(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  link.habits.sends_again = false;
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(link.take_number());
    link.send_packet(kProbeFrame);
  }
  peer->settle();
  for (int i = 0; i < 60; ++i) {
    peer->send(PingMessage{7, {}});  // PONG asks for acknowledgement, and carries an ACK
    peer->wait_for(milliseconds(5));
  }
  peer->settle();
  expect(link.acks().back().ack.ranges.size() < 20,
         "ACK still has " + std::to_string(link.acks().back().ack.ranges.size()) +
             " ranges, long after ACKs with them were acknowledged");
}

void unanswered_comes_again(Trial& trial) {
  auto peer = trial.connect();
  DatagramLink& link = packets(*peer);
  link.habits.acknowledges = false;
  peer->greet(usual_hello());
  const auto eliciting = [&] {
    return std::count_if(link.heard().begin(), link.heard().end(), [](const auto& h) { return h.eliciting; });
  };
  peer->wait_for(milliseconds(50));
  const auto before = eliciting();
  peer->wait_until([&] { return eliciting() > before; });
  expect(eliciting() > before, "nothing came again although nothing was acknowledged, expected a probe");
}

// The request's answer is lost: every packet with it is left unacknowledged, and not kept.
void lost_control_comes_again(Trial& trial) {
  auto peer = trial.greeted();
  peer->settle();
  DatagramLink& link = packets(*peer);
  link.drop_next(1);
  peer->send(PingMessage{4711, {}});
  expect(peer->await(FrameType::kPong, 0).has_value(), "a PONG whose packet was lost did not come again");
  expect_alive(*peer);
}

void lost_data_comes_again(Trial& trial) {
  const KnownCard& card = trial.card();
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->settle();
  packets(*peer).drop_every(5);
  peer->send({have(id)});
  expect_rest(*peer, id, card.manifest);
  for (std::uint32_t chunk = 0; chunk < card.chunks(); ++chunk)
    expect_digest(peer->reception(id), card.manifest, chunk);
}

std::vector<Check> acknowledgement() {
  return {
      {"ACK-1", "a packet is acknowledged within 25 ms", On::kDatagram, one_packet},
      {"ACK-1", "a second packet is acknowledged at once", On::kDatagram, every_second},
      {"ACK-1", "a packet after a gap is acknowledged at once", On::kDatagram, after_a_gap},
      {"ACK-1", "a packet out of order is acknowledged at once", On::kDatagram, out_of_order},
      bad_ack("an ACK of 65 ranges ends the connection", too_many_ranges()),
      bad_ack("an ACK delay of more than an hour ends the connection", more_than_an_hour()),
      bad_ack("an ACK below number 0 ends the connection", {0x00, 0x00, 0x01}),
      bad_ack("an ACK that is cut ends the connection", {0x00, 0x00}),
      {"ACK-2", "an ACK has at most 64 ranges", On::kDatagram, few_ranges},
      {"ACK-3", "ranges are not repeated once an ACK with them was acknowledged", On::kDatagram,
       ranges_are_forgotten},
  };
}

}  // namespace

std::vector<Check> recovery_checks() {
  std::vector<Check> checks = acknowledgement();
  checks.insert(checks.end(),
                {{"LOS-1", "what is not acknowledged is probed for", On::kDatagram, unanswered_comes_again},
                 {"LOS-1", "a lost message comes again", On::kDatagram, lost_control_comes_again},
                 {"PKT-3", "lost DATA comes again under new numbers", On::kDatagram, lost_data_comes_again}});
  return checks;
}

}  // namespace kvferry::conform
