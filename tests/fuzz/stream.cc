// SPDX-License-Identifier: MIT
//
// how (8 bits) | a stream, its checksums put right: read whole, and in pieces, by a session that asks, is
// asked or has just been made. Every byte is booked; what a stream leads to does not depend on how it is
// split; what it makes the session say is bounded.
#include "protocol/card/card.h"
#include "protocol/connection/stream_reader.h"
#include "tests/fuzz/checksums.h"
#include "tests/fuzz/sessions.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

namespace {

// What a stream has led to.
struct Outcome {
  std::size_t rejected_by_us = 0;
  SessionState state = SessionState::kGreeting;
  std::uint64_t code = 0;
  std::vector<std::size_t> events;
  bool operator==(const Outcome&) const = default;
};

// The application says yes to everything.
void answer(Session& session, fuzz::NullSink& sink, const Event& event) {
  if (auto* wanted = std::get_if<event::Requested>(&event))
    session.provide(fuzz::kNow, wanted->id, fuzz::small_source(), {});
  if (auto* offered = std::get_if<event::Offered>(&event)) session.accept(fuzz::kNow, offered->id, sink, {});
  if (auto* complete = std::get_if<event::Complete>(&event)) session.confirm(fuzz::kNow, complete->id);
}

// A session as it is made, greeted, asking, and receiving.
Session prepare(int how, fuzz::NullSink& sink) {
  Session session(fuzz::stream_config(how < 2 ? Role::kServer : Role::kClient), fuzz::kNow);
  if (how != 0) session.on_frame(fuzz::kNow, 0x01, fuzz::hello_body());
  if (how >= 2) (void)session.request(fuzz::kNow, {}, sink);
  if (how == 3) fuzz::give_manifest(session);
  while (session.poll_event()) {
  }
  while (session.next_control()) {
  }
  return session;
}

Outcome read(std::uint8_t how, ByteView stream, std::size_t piece_bytes) {
  static fuzz::NullSink sink;
  static const Session prepared[] = {prepare(0, sink), prepare(1, sink), prepare(2, sink), prepare(3, sink)};
  Ledger ledger;
  Session session = prepared[how % 4];  // copied: much cheaper than made
  StreamReader reader(session, ledger.received, StreamKind::kOnly);
  Outcome outcome;
  for (std::size_t at = 0; at < stream.size(); at += piece_bytes) {
    reader.read(fuzz::kNow, stream.subspan(at, std::min(piece_bytes, stream.size() - at)));
    while (auto event = session.poll_event()) {
      // Comes of what is taken, not of what is read. So may a transfer that we reject: with the answer to it.
      const bool own_pace = std::holds_alternative<event::Sent>(*event);
      const auto* rejected = std::get_if<event::Rejected>(&*event);
      const bool by_us = rejected && !rejected->by_peer;
      outcome.rejected_by_us += by_us;
      if (!own_pace && !by_us) outcome.events.push_back(event->index());
      answer(session, sink, *event);
    }
    std::size_t said = 0;
    while (session.next_control()) ++said;
    fuzz::require(said <= 64 + 2 * stream.size(), "what is said in answer is bounded");
    for (int i = 0; i < 16 && session.next_data(fuzz::kNow, 1000); ++i) {
    }
  }
  fuzz::require(ledger.received.total() <= stream.size(), "no byte is booked twice");
  outcome.state = session.state();
  outcome.code = session.farewell().code;
  return outcome;
}

}  // namespace

FUZZ_TARGET(stream) {
  if (input.empty()) return;
  const Bytes stream = fuzz::with_right_checksums(input.subspan(1));
  Outcome whole = read(input[0], stream, stream.size() + 1);
  if (input[0] < 192 || whole.state != SessionState::kOpen) return;
  Outcome pieces = read(input[0], stream, 1 + input[0] % 7);
  // A transfer that we have rejected takes nothing more, and in pieces it is rejected earlier.
  if (whole.rejected_by_us > 0) whole.events = pieces.events = {};
  fuzz::require(pieces == whole, "any split leads to the same");
}
