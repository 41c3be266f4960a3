// SPDX-License-Identifier: MIT
//
// Section 6.7: repair symbols, as a server reads and sends them.
#include <algorithm>

#include "protocol/datagram/repair_frame.h"
#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

constexpr unsigned kPolynomial = 0x11D;

// In GF(2^8), shift and add: slow, and not the protocol's own.
std::uint8_t product(unsigned a, unsigned b) {
  unsigned sum = 0;
  for (; b != 0; b >>= 1) {
    if (b & 1) sum ^= a;
    a = (a << 1) ^ ((a & 0x80) ? kPolynomial : 0);
  }
  return static_cast<std::uint8_t>(sum);
}

std::uint8_t inverse(std::uint8_t a) {
  for (unsigned b = 1; b < 256; ++b) {
    if (product(a, b) == 1) return static_cast<std::uint8_t>(b);
  }
  return 0;
}

Bytes source_symbol(ByteView frames, std::size_t symbol_bytes) {
  Bytes symbol;
  put_le(symbol, static_cast<std::uint16_t>(frames.size()));
  append(symbol, frames);
  symbol.resize(symbol_bytes);
  return symbol;
}

// Repair symbol j of a block with these frames.
Bytes repair_symbol(const std::vector<Bytes>& sources, unsigned j) {
  std::size_t largest = 0;
  for (const Bytes& frames : sources) largest = std::max(largest, 2 + frames.size());
  Bytes sum(largest);
  for (unsigned i = 0; i < sources.size(); ++i) {
    const auto factor = inverse(static_cast<std::uint8_t>((sources.size() + j) ^ i));
    const Bytes symbol = source_symbol(sources[i], largest);
    for (std::size_t at = 0; at < largest; ++at) sum[at] ^= product(symbol[at], factor);
  }
  return sum;
}

struct RawRepair {
  std::uint64_t first = 0;
  Bytes covered;  // ranges, minus the first
  std::uint8_t j = 0;
  std::uint8_t r = 1;
  Bytes symbol = Bytes(8);
};

Bytes body_of(const RawRepair& repair) {
  Bytes body;
  put_varint(body, repair.first);
  put_varint(body, repair.covered.size());
  append(body, repair.covered);
  body.push_back(repair.j);
  body.push_back(repair.r);
  append(body, repair.symbol);
  return body;
}

std::unique_ptr<Peer> greeted_reader(Trial& trial) {
  auto peer = trial.greeted();
  skip_unless(peer->has_feature(kFeatureRepair), "the peer does not read REPAIR");
  return peer;
}

Check malformed(std::string what, RawRepair repair) {
  return {"RPR-1", std::move(what), On::kDatagram, [repair = std::move(repair)](Trial& trial) {
            auto peer = greeted_reader(trial);
            packets(*peer).habits.sends_again = false;
            packets(*peer).send_packet(DatagramLink::packed(0x3F, body_of(repair)));
            expect_end(*peer, ErrorCode::kMalformed);
          }};
}

// The last is the first and 256, and the block is never solved.
void widest_span(Trial& trial) {
  auto peer = greeted_reader(trial);
  const RawRepair repair{5, {0x00, 0x01, 0x40, 0xFF, 0x01}, 0, 1};
  packets(*peer).send_packet(DatagramLink::packed(0x3F, body_of(repair)));
  expect_alive(*peer);
}

bool names(const Arrival& recovered, std::uint64_t number) {
  const auto ack = AckFrame::parse(recovered.body);
  return ack && std::any_of(ack->ranges.begin(), ack->ranges.end(),
                            [&](const Range& range) { return range.begin <= number && number < range.end; });
}

// The second of two packets never leaves; a symbol of both does, the `j`th.
void recovers(Trial& trial, unsigned j) {
  auto peer = greeted_reader(trial);
  DatagramLink& link = packets(*peer);
  link.habits.sends_again = false;
  const OutFrame ping = Peer::frame(PingMessage{4711, {}});
  Bytes stream = ping.head;
  append(stream, ping.body);
  const std::vector<Bytes> sources{DatagramLink::packed(0x35, Bytes(20, 0x11)),
                                   link.control(link.take_control(stream.size()), stream)};
  const std::uint64_t kept = link.send_packet(sources[0]);
  const std::uint64_t lost = link.take_number();
  const RawRepair repair{kept, {0x00, 0x02}, static_cast<std::uint8_t>(j), 2, repair_symbol(sources, j)};
  link.send_packet(DatagramLink::packed(0x3F, body_of(repair)));
  expect(peer->await(FrameType::kPong).has_value(), "a PING whose packet can be solved for was not answered");
  const auto recovered = peer->await(FrameType::kRecovered);
  expect(recovered && names(*recovered, lost), "no RECOVERED names the packet that was solved for");
  peer->settle();
  expect(!link.acknowledged(lost), "a packet that was solved for was acknowledged");
}

// All or nothing of REPAIR, from a server that loses every fifth packet.
void sends_repair_to_readers_only(Trial& trial) {
  for (const bool reads : {false, true}) {
    HelloMessage hello = usual_hello();
    if (reads) hello.hello.features |= kFeatureRepair;
    auto peer = trial.greeted(hello);
    packets(*peer).drop_every(5);
    const TransferId id = peer->request(trial.wanted());
    expect_manifest(*peer, id);
    expect_rest(*peer, id, manifest_of(peer->reception(id)));
    for (const Arrival& arrival : peer->arrivals()) {
      if (arrival.type != static_cast<std::uint64_t>(FrameType::kRepair)) continue;
      expect(reads, "REPAIR came to a client without feature bit 3");
      const auto repair = RepairFrame::parse(arrival.body);
      expect(bool(repair), "a malformed REPAIR came");
    }
  }
}

}  // namespace

std::vector<Check> repair_checks() {
  return {
      malformed("a symbol index that is not below the count ends the connection", {5, {0x00, 0x02}, 1, 1}),
      malformed("a count of 0 ends the connection", {5, {0x00, 0x02}, 0, 0}),
      malformed("a count of 33 ends the connection", {5, {0x00, 0x02}, 0, 33}),
      malformed("covered numbers that do not begin with the first end the connection",
                {5, {0x01, 0x02}, 0, 1}),
      malformed("no covered numbers end the connection", {5, {}, 0, 1}),
      malformed("numbers that span more than 256 end the connection",
                {5, {0x00, 0x01, 0x41, 0x00, 0x01}, 0, 1}),
      {"RPR-1", "numbers that span 256 are taken", On::kDatagram, widest_span},
      malformed("a block of 65 packets ends the connection", {5, {0x00, 0x40, 0x41}, 0, 1}),
      malformed("a symbol of 2 bytes ends the connection", {5, {0x00, 0x02}, 0, 1, Bytes(2)}),
      {"RPR-1", "REPAIR comes to its readers only, and well-formed", On::kDatagram,
       sends_repair_to_readers_only},
      {"RPR-2", "a packet that can be solved for is processed, and named in RECOVERED", On::kDatagram,
       [](Trial& trial) { recovers(trial, 0); }},
      {"RPR-2", "any repair symbol of a block will do", On::kDatagram,
       [](Trial& trial) { recovers(trial, 1); }},
  };
}

}  // namespace kvferry::conform
