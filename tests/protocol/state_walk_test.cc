// SPDX-License-Identifier: MIT
//
// The full product of a transfer's states and the frames that a peer may send, on
// real connections: what section 11 of the SPEC lists is taken, everything else
// ends the connection. And the states of a connection, the same way.
#include <gtest/gtest.h>

#include <set>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

Card two_page_card() { return even_card(1, 130, 20); }

ConnectionConfig config(Role role, Binding binding) {
  ConnectionConfig config;
  config.role = role;
  config.binding = binding;
  return config;
}

// A peer whose connection has brought a transfer into one state.
struct Scene {
  Scene(Role role, Binding binding) : peer(config(role, binding)) { peer.greet(); }
  void settle() { peer.wait(milliseconds(200)); }
  void send_all_chunks() {
    for (std::uint32_t i = 0; i < card.chunks.size(); ++i) send_chunk(peer, id, card, i);
  }

  Card card = two_page_card();
  KeepingSink sink;
  RawPeer peer;
  TransferId id = 0;
};

struct State {
  const char* name;
  Role role;                            // of the connection; its peer's transfers have the other parity
  std::function<void(Scene&)> arrange;  // opens transfer scene.id
  std::set<std::string> takes;
  bool ended = false;  // everything is ignored but a number that was used
};

void ask(Scene& scene) { scene.id = scene.peer.connection.request(scene.peer.now, {}, scene.sink); }
void receive(Scene& scene) {
  ask(scene);
  scene.settle();
  send_manifest(scene.peer, scene.id, scene.card);
}
void be_asked(Scene& scene, bool manifest_first) {
  RequestMessage request;
  request.options.manifest_first = manifest_first;
  scene.peer.send(request);
}
void send(Scene& scene, bool manifest_first) {
  be_asked(scene, manifest_first);
  scene.peer.connection.provide(scene.peer.now, 0, std::make_shared<CardSource>(scene.card));
  scene.settle();
}

std::vector<State> receiver_states() {
  return {
      {"asked", Role::kClient, ask, {"MANIFEST", "REFUSE", "CANCEL"}},
      {"asked, and the root is here",
       Role::kClient,
       [](Scene& s) {
         ask(s);
         s.peer.send(ManifestMessage{s.id, encode_manifest(s.card.manifest).root, {}, {}});
       },
       {"PAGE", "REFUSE", "CANCEL"}},
      {"considering",
       Role::kClient,
       [](Scene& s) {
         OfferMessage offer;
         offer.transfer = s.id = 1;
         s.peer.send(offer);
       },
       {"CANCEL"}},
      {"receiving", Role::kClient, receive, {"DATA", "SKIP", "LEVEL", "CANCEL"}},
      {"stopping",
       Role::kClient,
       [](Scene& s) {
         receive(s);
         s.peer.connection.stop(s.peer.now, s.id);
       },
       {"DATA", "SKIP", "LEVEL", "END", "CANCEL"}},
      {"verified",
       Role::kClient,
       [](Scene& s) {
         receive(s);
         s.send_all_chunks();
       },
       {"DATA", "SKIP", "LEVEL", "CANCEL"}},
      {"verified after stopping",
       Role::kClient,
       [](Scene& s) {
         receive(s);
         s.peer.connection.stop(s.peer.now, s.id);
         s.peer.send(EndMessage{s.id, 0, {}});
       },
       {"DATA", "SKIP", "LEVEL", "CANCEL"}},
      {"confirmed",
       Role::kClient,
       [](Scene& s) {
         receive(s);
         s.send_all_chunks();
         s.peer.connection.confirm(s.peer.now, s.id);
       },
       {},
       true},
  };
}

std::vector<State> source_states() {
  const std::set<std::string> of_sending = {"HAVE", "CREDIT",  "LEVEL",  "PREFER", "RESEND",
                                            "STOP", "CONFIRM", "REJECT", "CANCEL"};
  return {
      {"wanted", Role::kServer, [](Scene& s) { be_asked(s, false); }, {"LEVEL", "REJECT", "CANCEL"}},
      {"offering",
       Role::kServer,
       [](Scene& s) {
         s.id = s.peer.connection.offer(s.peer.now, "notes", std::make_shared<CardSource>(s.card));
       },
       {"ACCEPT", "REFUSE", "CANCEL"}},
      {"sending", Role::kServer, [](Scene& s) { send(s, true); }, of_sending},
      {"sent", Role::kServer, [](Scene& s) { send(s, false); }, of_sending},
      {"ended",
       Role::kServer,
       [](Scene& s) {
         send(s, false);
         s.peer.send(StopMessage{s.id, 0, {}});
       },
       {"CONFIRM", "REJECT", "CANCEL"}},
      {"cancelled",
       Role::kServer,
       [](Scene& s) {
         send(s, false);
         s.peer.connection.cancel(s.peer.now, s.id, "enough");
       },
       {},
       true},
      {"never, of the peer", Role::kServer, [](Scene& s) { s.id = 0; }, {"REQUEST", "OFFER"}},
      {"never, our own", Role::kServer, [](Scene& s) { s.id = 1; }, {}},
      {"never, and not next", Role::kServer, [](Scene& s) { s.id = 2; }, {}},
  };
}

using Send = std::function<void(Scene&)>;

std::map<std::string, Send> frames() {
  ChunkRanges some = chunks_of({0, 1});
  return {
      {"REQUEST",
       [](Scene& s) {
         RequestMessage message;
         message.transfer = s.id;
         s.peer.send(message);
       }},
      {"OFFER",
       [](Scene& s) {
         OfferMessage message;
         message.transfer = s.id;
         s.peer.send(message);
       }},
      {"ACCEPT",
       [](Scene& s) {
         s.peer.send(AcceptMessage{s.id, {}, {}, false, {}, {}});
       }},
      {"MANIFEST",
       [](Scene& s) {
         s.peer.send(ManifestMessage{s.id, encode_manifest(s.card.manifest).root, {}, {}});
       }},
      {"PAGE",
       [](Scene& s) {
         s.peer.send(PageMessage{s.id, 1, encode_manifest(s.card.manifest).pages[1], {}});
       }},
      {"DATA",
       [](Scene& s) {
         s.peer.send_data({s.id, 0, 0}, s.card.chunks[0].view());
       }},
      {"CONFIRM",
       [](Scene& s) {
         s.peer.send(ConfirmMessage{s.id, 130, s.card.digest(), {}});
       }},
      {"REJECT",
       [](Scene& s) {
         s.peer.send(RejectMessage{s.id, "no", TransferError::kOther, {}});
       }},
      {"CANCEL",
       [](Scene& s) {
         s.peer.send(CancelMessage{s.id, "no", TransferError::kOther, {}});
       }},
      {"REFUSE",
       [](Scene& s) {
         s.peer.send(RefuseMessage{s.id, "no", TransferError::kOther, {}});
       }},
      {"STOP",
       [](Scene& s) {
         s.peer.send(StopMessage{s.id, 0, {}});
       }},
      {"END",
       [](Scene& s) {
         s.peer.send(EndMessage{s.id, 0, {}});
       }},
      {"RESEND",
       [some](Scene& s) {
         s.peer.send(ResendMessage{s.id, some, {}});
       }},
      {"HAVE",
       [some](Scene& s) {
         s.peer.send(HaveMessage{s.id, some, {}});
       }},
      {"PREFER",
       [some](Scene& s) {
         s.peer.send(PreferMessage{s.id, some, {}});
       }},
      {"SKIP",
       [some](Scene& s) {
         s.peer.send(SkipMessage{s.id, some, SkipReason::kChoice, {}});
       }},
      {"CREDIT",
       [](Scene& s) {
         s.peer.send(CreditMessage{s.id, std::uint64_t{1} << 40, {}});
       }},
      {"LEVEL",
       [](Scene& s) {
         s.peer.send(LevelMessage{s.id, 3, {}});
       }},
  };
}

void expect_taken_or_not(const State& state, const std::string& name, const Send& frame, Binding binding) {
  SCOPED_TRACE(std::string(state.name) + ", then " + name);
  Scene scene(state.role, binding);
  state.arrange(scene);
  scene.settle();
  ASSERT_TRUE(scene.peer.connection.is_established());
  frame(scene);
  scene.settle();
  bool begins = name == "REQUEST" || name == "OFFER";
  // DATA may have overtaken its manifest, or its OFFER.
  std::string before = std::string(state.name).substr(0, 5);
  bool of_peer = (scene.id & 1) == (state.role == Role::kServer ? 0u : 1u);
  bool early = binding == Binding::kDatagram && name == "DATA" &&
               (before == "asked" || (before == "never" && of_peer));
  if (state.takes.contains(name) || early || (state.ended && !begins)) {
    EXPECT_TRUE(scene.peer.connection.is_established());
  } else {
    EXPECT_EQ(scene.peer.fault(), ErrorCode::kUnexpected);
  }
}

class StateWalk : public testing::TestWithParam<Binding> {};

INSTANTIATE_TEST_SUITE_P(Bindings, StateWalk,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

// TRF-1, TRF-3
TEST_P(StateWalk, a_receiver_takes_what_its_state_lists_and_nothing_else) {
  for (const State& state : receiver_states()) {
    for (const auto& [name, frame] : frames()) expect_taken_or_not(state, name, frame, GetParam());
  }
}

// TRF-1, TRF-3
TEST_P(StateWalk, a_source_takes_what_its_state_lists_and_nothing_else) {
  for (const State& state : source_states()) {
    for (const auto& [name, frame] : frames()) expect_taken_or_not(state, name, frame, GetParam());
  }
}

// TRF-16
TEST_P(StateWalk, a_confirmation_of_another_card_ends_the_connection) {
  Scene scene(Role::kServer, GetParam());
  send(scene, false);
  scene.peer.send(ConfirmMessage{0, 130, sha256(as_bytes("another")), {}});
  EXPECT_EQ(scene.peer.fault(), ErrorCode::kUnexpected);
}

// TRF-17
TEST_P(StateWalk, after_stop_a_source_sends_no_more_data) {
  Scene scene(Role::kServer, GetParam());
  scene.card = even_card(2, 20, 50'000);
  be_asked(scene, false);
  scene.peer.reading = false;
  scene.peer.connection.provide(scene.peer.now, 0, std::make_shared<CardSource>(scene.card));
  scene.peer.send(StopMessage{0, 0, {}});
  scene.peer.reading = true;
  scene.peer.wait(std::chrono::seconds(1));
  EXPECT_EQ(scene.peer.seen_payload_bytes(), 0u);
  ASSERT_EQ(scene.peer.seen_messages<EndMessage>().size(), 1u);
  EXPECT_EQ(scene.peer.seen_messages<EndMessage>()[0].chunks, 0u);
}

// TRF-18
TEST_P(StateWalk, endings_are_told_to_both_applications) {
  for (const State& state : source_states()) {
    if (!state.takes.contains("CANCEL")) continue;
    SCOPED_TRACE(state.name);
    Scene scene(state.role, GetParam());
    state.arrange(scene);
    frames().at("CANCEL")(scene);
    EXPECT_NE(scene.peer.find<event::Cancelled>(), nullptr);
    scene.peer.connection.cancel(scene.peer.now, scene.id, "too late");
    scene.settle();
    EXPECT_TRUE(scene.peer.seen_messages<CancelMessage>().empty());
  }
}

// Commands in a state that does not know them do nothing.
TEST_P(StateWalk, commands_out_of_place_are_ignored) {
  std::vector<State> states = receiver_states();
  for (const State& state : source_states()) states.push_back(state);
  for (const State& state : states) {
    for (int command = 0; command < 10; ++command) {
      SCOPED_TRACE(std::string(state.name) + ", then command " + std::to_string(command));
      Scene scene(state.role, GetParam());
      state.arrange(scene);
      Connection& connection = scene.peer.connection;
      KeepingSink other;
      Time now = scene.peer.now;
      switch (command) {
        case 0:
          connection.accept(now, scene.id, other);
          break;
        case 1:
          connection.stop(now, scene.id);
          break;
        case 2:
          connection.confirm(now, scene.id);
          break;
        case 3:
          connection.reject(now, scene.id, "no");
          break;
        case 4:
          connection.prefer(now, scene.id, chunks_of({0, 200}));
          break;
        case 5:
          connection.release(now, scene.id, 200);
          break;
        case 6:
          connection.provide(now, scene.id, std::make_shared<CardSource>(scene.card));
          break;
        case 7:
          connection.skip(now, scene.id, chunks_of({0, 200}));
          break;
        case 8:
          connection.set_level(now, scene.id, 0);
          break;
        case 9:
          connection.refuse(now, scene.id, "no");
          break;
      }
      scene.settle();
      EXPECT_TRUE(connection.is_established());
    }
  }
}

// Connections: what happens to them in each state.
struct Walk {
  enum class End { kOpen, kGreeting, kFault, kClosedByPeer, kClosing, kClosed };
  End greeting, open, closing, closed;
};

Walk::End end_of(const RawPeer& peer, bool had_closed) {
  auto* closed = peer.find<event::Closed>();
  if (!closed) {
    if (peer.connection.is_established()) return Walk::End::kOpen;
    return peer.connection.is_closed() ? Walk::End::kClosed : Walk::End::kGreeting;
  }
  if (had_closed) return Walk::End::kClosed;
  if (closed->by_peer) return Walk::End::kClosedByPeer;
  return closed->code == ErrorCode::kNone ? Walk::End::kClosing : Walk::End::kFault;
}

// Section 10, CON-1, CON-6, STR-4
TEST_P(StateWalk, of_a_connection) {
  using End = Walk::End;
  std::map<std::string, std::function<void(RawPeer&)>> inputs = {
      {"HELLO", [](RawPeer& p) { p.greet(); }},
      {"PING",
       [](RawPeer& p) {
         p.send(PingMessage{1, {}});
       }},
      {"GOODBYE",
       [](RawPeer& p) {
         p.send(GoodbyeMessage{0, "", {}});
       }},
      {"ERROR",
       [](RawPeer& p) {
         p.send(ErrorMessage{1, "", {}});
       }},
      {"an unknown critical frame", [](RawPeer& p) { p.send_frame(0x45, {}); }},
      {"the end of the stream", [](RawPeer& p) { p.connection.handle_end_of_stream(p.now); }},
      {"close", [](RawPeer& p) { p.connection.close(p.now); }},
  };
  // greeting, open, closing (its farewell not yet flushed), closed
  std::map<std::string, Walk> expected = {
      {"HELLO", {End::kOpen, End::kFault, End::kClosing, End::kClosed}},
      {"PING", {End::kFault, End::kOpen, End::kClosing, End::kClosed}},
      {"GOODBYE", {End::kClosedByPeer, End::kClosedByPeer, End::kClosing, End::kClosed}},
      {"ERROR", {End::kClosedByPeer, End::kClosedByPeer, End::kClosing, End::kClosed}},
      {"an unknown critical frame", {End::kFault, End::kFault, End::kClosing, End::kClosed}},
      {"the end of the stream", {End::kClosedByPeer, End::kClosedByPeer, End::kClosing, End::kClosed}},
      {"close", {End::kClosing, End::kClosing, End::kClosing, End::kClosed}},
  };
  for (const auto& [name, input] : inputs) {
    for (int state = 0; state < 4; ++state) {
      SCOPED_TRACE("state " + std::to_string(state) + ", then " + name);
      RawPeer peer(config(Role::kServer, GetParam()));
      if (GetParam() == Binding::kDatagram) peer.send_packet(FrameType::kProbe, {});
      if (state >= 1) peer.greet();
      peer.reading = state != 2;
      if (state >= 2) peer.connection.close(peer.now);
      if (state == 3) peer.wait(std::chrono::seconds(1));
      bool had_closed = peer.find<event::Closed>() != nullptr;
      ASSERT_EQ(had_closed, state == 3);
      input(peer);
      peer.reading = true;
      peer.wait(std::chrono::seconds(1));
      const Walk& walk = expected.at(name);
      const End ends[] = {walk.greeting, walk.open, walk.closing, walk.closed};
      EXPECT_EQ(end_of(peer, had_closed), ends[state]);
      std::size_t said = 0;
      for (const Event& event : peer.events) said += std::holds_alternative<event::Closed>(event);
      EXPECT_LE(said, 1u);
    }
  }
}

}  // namespace
}  // namespace kvferry::test
