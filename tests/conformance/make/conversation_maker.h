// SPDX-License-Identifier: MIT
//
// Makes a conversation by holding it: every step is written down, and so is what
// the side under test says to it.
#pragma once

#include "tests/conformance/conversation.h"
#include "tests/conformance/make/makers.h"

namespace kvferry::test {

class ConversationMaker {
 public:
  ConversationMaker(Role role, Binding binding, std::string name, std::string what, Collection& collection)
      : side_(role, binding), name_(std::move(name)), what_(std::move(what)), collection_(collection) {
    conversation_.role = role;
    conversation_.binding = binding;
    if (role == Role::kClient && binding == Binding::kDatagram)
      put_le(conversation_.connection_id, side_.connection_id());
    listen(0);
  }

  ConversationMaker& in(std::int64_t at_ms, const Bytes& bytes) {
    conversation_.script.push_back({at_ms, ScriptLine::What::kIn, bytes});
    side_.in(at_ms, bytes);
    return listen(at_ms);
  }
  ConversationMaker& end(std::int64_t at_ms) {
    conversation_.script.push_back({at_ms, ScriptLine::What::kEnd, {}});
    side_.end(at_ms);
    return listen(at_ms);
  }
  ConversationMaker& timer() {
    std::int64_t at_ms = side_.timer_ms().value_or(0);
    conversation_.script.push_back({at_ms, ScriptLine::What::kTimer, {}});
    side_.fire_timer(at_ms);
    return listen(at_ms);
  }
  void ends(const std::string& expect) {
    collection_.add(
        {"conversation-" + name_, what_, "conversation", expect, {}, print_conversation(conversation_)});
  }
  [[nodiscard]] const Interlocutor& side() const { return side_; }

 private:
  ConversationMaker& listen(std::int64_t at_ms) {
    for (Bytes& said : side_.take_out())
      conversation_.script.push_back({at_ms, ScriptLine::What::kOut, std::move(said)});
    return *this;
  }

  Interlocutor side_;
  std::string name_, what_;
  Collection& collection_;
  Conversation conversation_;
};

[[nodiscard]] inline ConversationMaker server(const std::string& name, const std::string& what,
                                              Collection& c) {
  return {Role::kServer, Binding::kStream, name, what, c};
}
[[nodiscard]] inline ConversationMaker client(const std::string& name, const std::string& what,
                                              Collection& c) {
  return {Role::kClient, Binding::kStream, name, what, c};
}

void add_datagram_conversations(Collection& c);

}  // namespace kvferry::test
