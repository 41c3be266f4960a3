// SPDX-License-Identifier: MIT
//
// Section 11: the frames that a source's states do not list.
#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

using MakeFrame = std::function<OutFrame(TransferId)>;

// While the source waits for HAVE, so in state "sending".
Check while_sending(const char* name, MakeFrame make) {
  return {"TRF-3", std::string(name) + " to a source that sends ends the connection", On::kBoth,
          [make = std::move(make)](Trial& trial) {
            auto peer = trial.greeted();
            const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
            peer->send({make(id)});
            expect_end(*peer, ErrorCode::kUnexpected);
          }};
}

// After STOP and END, so in state "ended".
Check after_end(const char* name, MakeFrame make) {
  return {"TRF-3", std::string(name) + " after END ends the connection", On::kBoth,
          [make = std::move(make)](Trial& trial) {
            auto peer = trial.greeted();
            const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
            peer->send(StopMessage{id, 0, {}});
            peer->wait_until([&] { return peer->reception(id).end.has_value(); });
            expect(peer->reception(id).end.has_value(), "STOP was not answered by END");
            peer->send({make(id)});
            expect_end(*peer, ErrorCode::kUnexpected);
          }};
}

OutFrame data(TransferId id) {
  Bytes body;
  put_data_place(body, {id, 0, 0});
  body.push_back(0x55);
  return out_frame(static_cast<std::uint64_t>(FrameType::kData), body);
}

}  // namespace

std::vector<Check> states_checks() {
  return {
      while_sending("ACCEPT",
                    [](TransferId id) {
                      return Peer::frame(AcceptMessage{id, {}, {}, false, {}, {}});
                    }),
      while_sending("MANIFEST",
                    [](TransferId id) {
                      return Peer::frame(ManifestMessage{id, {0x80}, {}, {}});
                    }),
      while_sending("PAGE",
                    [](TransferId id) {
                      return Peer::frame(PageMessage{id, 0, {0x00}, {}});
                    }),
      while_sending("DATA", data),
      while_sending("SKIP",
                    [](TransferId id) {
                      return Peer::frame(SkipMessage{id, {}, {}, {}});
                    }),
      while_sending("END",
                    [](TransferId id) {
                      return Peer::frame(EndMessage{id, 0, {}});
                    }),
      while_sending("REFUSE",
                    [](TransferId id) {
                      return Peer::frame(RefuseMessage{id, "no", {}, {}});
                    }),
      after_end("HAVE", [](TransferId id) { return have(id); }),
      after_end("CREDIT", [](TransferId id) { return credit(id, std::uint64_t{1} << 41); }),
      after_end("a second STOP",
                [](TransferId id) {
                  return Peer::frame(StopMessage{id, 0, {}});
                }),
  };
}

}  // namespace kvferry::conform
