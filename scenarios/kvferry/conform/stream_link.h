// SPDX-License-Identifier: MIT
//
// Frames on a TCP connection.
#pragma once

#include "scenarios/kvferry/conform/descriptor.h"
#include "scenarios/kvferry/conform/link.h"
#include "transport/host_port.h"

namespace kvferry::conform {

class StreamLink final : public Link {
 public:
  // Throws Unreachable when nobody answers.
  StreamLink(const HostPort& peer, Duration patience);

  void send(const std::vector<OutFrame>& frames) override;
  void send_messages(const std::vector<OutFrame>& frames) override { send(frames); }
  void send_raw(ByteView bytes) override;
  [[nodiscard]] std::optional<Arrival> receive(Time until) override;
  [[nodiscard]] bool ended() const override { return ended_; }
  [[nodiscard]] std::string end_text() const override { return "the end of the stream"; }
  void say_goodbye() override;

 private:
  [[nodiscard]] std::optional<Arrival> take_frame();
  [[nodiscard]] bool read_some(Time until);  // false: nothing until then

  Descriptor socket_;
  Duration patience_;
  Bytes input_;
  bool ended_ = false;
};

}  // namespace kvferry::conform
