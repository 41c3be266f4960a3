// SPDX-License-Identifier: MIT
//
// Sections 4 and 5: frames as such, and the stream binding.
#include <algorithm>

#include "protocol/base/crc32c.h"
#include "scenarios/kvferry/conform/malformed.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr std::uint64_t kUnknownCritical = 0x1001;
constexpr std::uint64_t kUnknownOther = 0x1002;

const Bytes kPingBody{0x81, 0x00, 0x07};

Bytes head(std::uint64_t type, std::uint64_t size_bytes) {
  Bytes out;
  put_varint(out, type);
  put_varint(out, size_bytes);
  return out;
}

// Only the head goes out, and the first bytes of a body that would be longer than allowed.
Check too_long(std::string what, std::uint64_t type, std::uint64_t size_bytes, On on = On::kBoth) {
  return {"FRM-3", std::move(what), on, [type, size_bytes](Trial& trial) {
            auto peer = trial.greeted();
            peer->send({OutFrame{head(type, size_bytes), Bytes(8)}});
            expect_end(*peer, ErrorCode::kLimit);
          }};
}

Check no_place(std::string what, std::uint64_t type, On on = On::kBoth) {
  return {"FRM-1", std::move(what), on, [type](Trial& trial) {
            auto peer = trial.greeted();
            peer->send_message({out_frame(type, Bytes{})});
            expect_end(*peer, ErrorCode::kUnknownCritical);
          }};
}

// In a packet of its own, outside the control stream.
Check in_packet(const char* id, std::string what, std::uint64_t type, std::optional<ErrorCode> code) {
  return {id, std::move(what), On::kDatagram, [type, code](Trial& trial) {
            auto peer = trial.greeted();
            packets(*peer).send_packet(DatagramLink::packed(type, kPingBody));
            if (code) return expect_end(*peer, *code);
            expect_alive(*peer);
          }};
}

Check damaged(std::string what, std::size_t flipped_byte) {
  return {"STR-1", std::move(what), On::kStream, [flipped_byte](Trial& trial) {
            auto peer = trial.greeted();
            Bytes frame = head(0x1D, kPingBody.size());
            put_le(frame, crc32c(kPingBody, crc32c(frame)));
            append(frame, kPingBody);
            frame[flipped_byte] ^= 0x10;
            peer->link().send_raw(frame);
            expect_end(*peer, ErrorCode::kChecksum);
          }};
}

void data_in_order(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  const Manifest manifest = manifest_of(peer->reception(id));
  expect_rest(*peer, id, manifest);
  std::optional<std::uint64_t> open;
  std::uint64_t expected = 0;
  for (const DataSeen& seen : peer->reception(id).data) {
    const std::string name = "chunk " + std::to_string(seen.place.chunk);
    expect(!open || *open == seen.place.chunk, name + " began before chunk " +
                                                   std::to_string(open.value_or(0)) +
                                                   " was whole, expected one after the other");
    expect(seen.place.offset == expected, "DATA of " + name + " came at offset " +
                                              std::to_string(seen.place.offset) + ", expected " +
                                              std::to_string(expected));
    expected += seen.size_bytes;
    const bool whole = expected >= manifest.chunks[seen.place.chunk].size_bytes;
    open = whole ? std::nullopt : std::optional(seen.place.chunk);
    if (whole) expected = 0;
  }
}

void transfers_alternate(Trial& trial) {
  skip_unless(trial.card().chunks() > 3, "the card has fewer than four chunks");
  auto peer = trial.greeted();
  const TransferId first = begin_manifest_first(trial, *peer, trial.wanted());
  const TransferId second = begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({have(first), have(second)});
  expect_rest(*peer, first, trial.card().manifest);
  expect_rest(*peer, second, trial.card().manifest);
  const std::size_t begin =
      std::max(peer->reception(first).data.front().order, peer->reception(second).data.front().order);
  const std::size_t end =
      std::min(peer->reception(first).data.back().order, peer->reception(second).data.back().order);
  expect(begin < end, "one transfer was sent whole before the other began, expected DATA in turn");
}

void served_after_a_lost_connection(Trial& trial) {
  {
    auto lost = trial.greeted();
    lost->request(trial.wanted());
    lost->leave_without_a_word();
  }
  const KnownCard card = fetch_honestly(*trial.greeted(), trial.wanted());
  expect(card.digest == trial.card().digest, "the card has another digest than before");
}

void progress_is_taken(Trial& trial) {
  auto peer = trial.greeted();
  skip_unless(peer->has_feature(kFeatureProgress), "the peer does not read PROGRESS");
  peer->send(ProgressMessage{0, 1000, {}});
  peer->send(ProgressMessage{65'536, 0, {}});
  expect_alive(*peer);
}

std::vector<Check> types() {
  return {
      no_place("an unknown critical type ends the connection", kUnknownCritical),
      no_place("ACK on a stream ends the connection", 0x31, On::kStream),
      no_place("CONTROL on a stream ends the connection", 0x33, On::kStream),
      no_place("REPAIR on a stream ends the connection", 0x3F, On::kStream),
      no_place("DATA in the control stream ends the connection", 0x0D, On::kDatagram),
      no_place("PROBE in the control stream ends the connection", 0x35, On::kDatagram),
      in_packet("FRM-1", "PING outside the control stream ends the connection", 0x1D,
                ErrorCode::kUnknownCritical),
      in_packet("FRM-1", "an unknown critical type in a packet ends the connection", kUnknownCritical,
                ErrorCode::kUnknownCritical),
      in_packet("FRM-2", "an unknown type without the critical bit is skipped in a packet", kUnknownOther,
                {}),
      ignored("FRM-2", "an unknown type without the critical bit is skipped", kUnknownOther, kPingBody),
      ignored("FRM-2", "an unknown type without a body is skipped", kUnknownOther, {}),
      ignored("FRM-2", "an unknown type with 64 KiB is skipped", kUnknownOther, Bytes(64 * 1024)),
      ignored("VER-1", "a reserved type is skipped", reserved_type(3), kPingBody),
  };
}

std::vector<Check> lengths() {
  return {
      too_long("a PING of 64 KiB and a byte ends the connection", 0x1D, 64 * 1024 + 1),
      too_long("a REQUEST of a GiB ends the connection", 0x03, 1 << 30),
      too_long("an unknown frame of 64 KiB and a byte ends the connection", kUnknownOther, 64 * 1024 + 1),
      too_long("a MANIFEST of a MiB and a byte ends the connection", 0x09, 1024 * 1024 + 1),
      too_long("DATA of a MiB and a byte ends the connection", 0x0D, 1024 * 1024 + 1, On::kStream),
  };
}

}  // namespace

std::vector<Check> frames_checks() {
  std::vector<Check> checks = types();
  const auto more = lengths();
  checks.insert(checks.end(), more.begin(), more.end());
  checks.insert(checks.end(),
                {damaged("a frame with a damaged checksum ends the connection", 2),
                 damaged("a frame with a damaged body ends the connection", 8),
                 {"STR-2", "chunks come one after the other, each from its first byte to its last",
                  On::kStream, data_in_order},
                 {"STR-3", "DATA of two transfers alternates", On::kStream, transfers_alternate},
                 {"STR-4", "after a connection that was lost the next client is served", On::kStream,
                  served_after_a_lost_connection},
                 {"STR-5", "PROGRESS is taken", On::kStream, progress_is_taken}});
  return checks;
}

}  // namespace kvferry::conform
