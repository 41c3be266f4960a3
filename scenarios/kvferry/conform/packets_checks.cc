// SPDX-License-Identifier: MIT
//
// Section 6.1: packets, their numbers, and the control stream in them.
#include <algorithm>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

constexpr std::uint64_t kProbe = 0x35;

Bytes stream_bytes(const OutFrame& frame) {
  Bytes out = frame.head;
  append(out, frame.body);
  return out;
}

std::size_t pongs(const Peer& peer, std::uint64_t nonce) {
  const auto& all = peer.arrivals();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Arrival& a) {
    if (a.type != static_cast<std::uint64_t>(FrameType::kPong)) return false;
    const auto pong = decode_map<PongMessage>(a.body, "PONG");
    return pong && pong->nonce == nonce;
  }));
}

void damaged_is_dropped(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  const std::uint64_t number = link.take_number();
  Bytes datagram = link.packet(number, DatagramLink::packed(kProbe, {}));
  datagram.back() ^= 0x40;
  link.send_raw(datagram);
  peer->settle();
  expect(!link.acknowledged(number), "a damaged packet was acknowledged");
  expect_alive(*peer);
}

void damaged_first_is_dropped(Trial& trial) {
  auto peer = trial.connect();
  DatagramLink& link = packets(*peer);
  Bytes datagram = link.packet(0, link.control(0, stream_bytes(Peer::frame(usual_hello()))));
  datagram[40] ^= 0x40;
  link.send_raw(datagram);
  peer->settle();
  expect(link.traffic().heard_bytes == 0, "a damaged first datagram was answered");
}

void garbage_is_dropped(Trial& trial) {
  auto peer = trial.greeted();
  for (const std::size_t size_bytes : {std::size_t{1}, std::size_t{9}, std::size_t{1200}})
    packets(*peer).send_raw(Bytes(size_bytes, 0x5A));
  packets(*peer).send_raw({});
  expect_alive(*peer);
}

void same_id_comes_back(Trial& trial) {
  auto peer = trial.greeted();
  expect(!packets(*peer).heard().empty(), "nothing came");
  expect_alive(*peer);
}

void numbers_ascend_from_0(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, manifest_of(peer->reception(id)));
  const auto& heard = packets(*peer).heard();
  expect(heard.front().number < 16, "the first packet has number " + std::to_string(heard.front().number) +
                                        ", expected numbers from 0 on");
  const auto greatest = std::max_element(heard.begin(), heard.end(),
                                         [](const auto& a, const auto& b) { return a.number < b.number; });
  expect(greatest->number < 2 * heard.size() + 64, "number " + std::to_string(greatest->number) + " after " +
                                                       std::to_string(heard.size()) + " packets");
}

Check wrong_ack(std::string what, std::uint64_t beyond) {
  return {"PKT-4", std::move(what), On::kDatagram, [beyond](Trial& trial) {
            auto peer = trial.greeted();
            peer->settle();
            std::uint64_t greatest = 0;
            for (const auto& heard : packets(*peer).heard()) greatest = std::max(greatest, heard.number);
            const std::uint64_t number = greatest + beyond;
            packets(*peer).send_ack({{{number, number + 1}}, {}});
            expect_end(*peer, ErrorCode::kAcknowledgement);
          }};
}

void twice_is_once(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  const Bytes challenge{1, 2, 3, 4, 5, 6, 7, 8};
  const Bytes datagram = link.packet(link.take_number(), DatagramLink::packed(0x3B, challenge));
  for (int i = 0; i < 3; ++i) link.send_raw(datagram);
  peer->await(FrameType::kResponse);
  peer->settle();
  const auto& all = peer->arrivals();
  const auto answers = std::count_if(all.begin(), all.end(), [](const Arrival& a) {
    return a.type == static_cast<std::uint64_t>(FrameType::kResponse);
  });
  expect(answers == 1, "a CHALLENGE whose packet came three times was answered " + std::to_string(answers) +
                           " times, expected once");
}

Check bad_packet(std::string what, Bytes frames) {
  return {"IGN-1", std::move(what), On::kDatagram, [frames = std::move(frames)](Trial& trial) {
            auto peer = trial.greeted();
            packets(*peer).habits.sends_again = false;
            packets(*peer).send_packet(frames);
            expect_end(*peer, ErrorCode::kMalformed);
          }};
}

// Three MiB ahead of what is in order.
void control_too_far_ahead(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  link.habits.sends_again = false;
  const std::uint64_t far = link.take_control(0) + (3u << 20);
  const std::uint64_t number = link.send_packet(link.control(far, Bytes{0x1D}));
  peer->settle();
  expect(!link.acknowledged(number), "control stream 3 MiB ahead was acknowledged, expected it not taken");
  link.habits.sends_again = true;
  expect_alive(*peer);
}

// A PING in single bytes: every second one first, the last ones first.
void control_out_of_order(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  const Bytes bytes = stream_bytes(Peer::frame(PingMessage{0x0102'0304'0506'0708, {}}));
  const std::uint64_t offset = link.take_control(bytes.size());
  for (const std::size_t parity : {std::size_t{1}, std::size_t{0}}) {
    for (std::size_t i = bytes.size(); i-- > 0;) {
      if (i % 2 == parity) link.send_packet(link.control(offset + i, ByteView(bytes).subspan(i, 1)));
    }
  }
  peer->wait_until([&] { return pongs(*peer, 0x0102'0304'0506'0708) > 0; });
  expect(pongs(*peer, 0x0102'0304'0506'0708) == 1, "a PING in single bytes, out of order, was not answered");
}

void control_overlaps(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  const Bytes bytes = stream_bytes(Peer::frame(PingMessage{4711, {}}));
  const std::uint64_t offset = link.take_control(bytes.size());
  link.send_packet(link.control(offset, ByteView(bytes).first(3)));
  link.send_packet(link.control(offset, bytes));
  peer->wait_until([&] { return pongs(*peer, 4711) > 0; });
  peer->settle();
  expect(pongs(*peer, 4711) == 1, "control stream that came in part twice was not put together");
}

void packet_without_frames(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  link.send_raw(link.packet(link.take_number(), {}));
  expect_alive(*peer);
}

void control_without_bytes(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  link.send_packet(link.control(link.take_control(0), {}));
  expect_alive(*peer);
}

// Every second of 200 numbers: more gaps than a receiver need remember.
void many_gaps_in_numbers(Trial& trial) {
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  for (int i = 0; i < 200; ++i) {
    static_cast<void>(link.take_number());
    link.send_packet(DatagramLink::packed(kProbe, {}));
  }
  expect_alive(*peer);
}

// Two thousand holes in the control stream, then the rest of it.
void many_gaps_in_control(Trial& trial) {
  constexpr std::size_t kBytes = 4000;
  auto peer = trial.greeted();
  DatagramLink& link = packets(*peer);
  link.habits.sends_again = false;
  Bytes bytes = stream_bytes(out_frame(0x1002, Bytes(kBytes)));
  append(bytes, stream_bytes(Peer::frame(PingMessage{4711, {}})));
  const std::uint64_t offset = link.take_control(bytes.size());
  for (std::size_t i = 1; i < kBytes; i += 2) {
    link.send_packet(link.control(offset + i, ByteView(bytes).subspan(i, 1)));
    if (i % 64 == 1) peer->wait_for(milliseconds(1));
  }
  link.habits.sends_again = true;
  for (std::size_t i = 0; i < bytes.size(); i += 1000)
    link.send_packet(
        link.control(offset + i, ByteView(bytes).subspan(i, std::min<std::size_t>(1000, bytes.size() - i))));
  peer->wait_until([&] { return pongs(*peer, 4711) > 0; });
  expect(pongs(*peer, 4711) == 1, "a control stream with many holes was not put together once it was whole");
}

std::vector<Check> packets_and_numbers() {
  return {
      {"PKT-1", "a damaged packet is dropped", On::kDatagram, damaged_is_dropped},
      {"PKT-1", "a damaged first datagram is not answered", On::kDatagram, damaged_first_is_dropped},
      {"PKT-1", "datagrams that are no packets are dropped", On::kDatagram, garbage_is_dropped},
      {"PKT-2", "packets come back with the client's connection id", On::kDatagram, same_id_comes_back},
      {"PKT-3", "packet numbers ascend from 0, none comes twice", On::kDatagram, numbers_ascend_from_0},
      wrong_ack("an ACK of a number far beyond ends the connection", 100'000),
      wrong_ack("an ACK of numbers soon to be sent ends the connection", 40),
      {"PKT-5", "a packet that comes three times is processed once", On::kDatagram, twice_is_once},
      {"PKT-5", "a packet without frames does no harm", On::kDatagram, packet_without_frames},
      bad_packet("a frame that reaches beyond its packet ends the connection", {0x35, 0x20, 0x00}),
      bad_packet("a frame without a length ends the connection", {0x35}),
      bad_packet("a frame type longer than needed in a packet ends the connection", {0x40, 0x35, 0x00}),
  };
}

}  // namespace

std::vector<Check> packets_checks() {
  std::vector<Check> checks = packets_and_numbers();
  checks.insert(
      checks.end(),
      {{"PKT-6", "control stream far ahead is not acknowledged", On::kDatagram, control_too_far_ahead},
       {"PKT-6", "the control stream is put together from bytes out of order", On::kDatagram,
        control_out_of_order},
       {"PKT-6", "control stream that comes again is read once", On::kDatagram, control_overlaps},
       {"PKT-6", "CONTROL without bytes does no harm", On::kDatagram, control_without_bytes},
       {"PKT-8", "two hundred gaps in packet numbers do no harm", On::kDatagram, many_gaps_in_numbers},
       {"PKT-8", "two thousand holes in the control stream do no harm", On::kDatagram,
        many_gaps_in_control}});
  return checks;
}

}  // namespace kvferry::conform
