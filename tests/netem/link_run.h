// SPDX-License-Identifier: MIT
//
// A run of an emulator: the server and the client at the two ends, and what ends the run. Timers: one while
// the client waits for the server's socket.
#pragma once

#include <functional>
#include <memory>

#include "tests/netem/end_process.h"
#include "tests/netem/event_loop.h"
#include "tests/netem/link_arguments.h"
#include "tests/netem/timer.h"

namespace kvferry::netem {

class LinkRun {
 public:
  // From here on the thread's signals come through the loop, and it dies with whoever started it.
  LinkRun(const LinkCommands& commands, const LinkEnds& ends);

  [[nodiscard]] EventLoop& loop() { return loop_; }
  // Returns the client's exit status. The link starts with the client, so that holes and moves come at the
  // same times in every run; then the loop runs, and both ends' processes live as long as this. Throws
  // Failure.
  [[nodiscard]] int run(std::function<void()> start_link);

 private:
  void start_client();
  void on_look();
  void on_signal();
  void end_with(int status);

  const LinkCommands& commands_;
  const LinkEnds& ends_;
  std::function<void()> start_link_;
  Descriptor signals_;
  EventLoop loop_;
  Timer look_;
  Time give_up_{};
  std::unique_ptr<EndProcess> server_;
  std::unique_ptr<EndProcess> client_;
  int status_;
};

// Says why there are no ends; the exit status that asks test harnesses to skip.
[[nodiscard]] int skipped(const char* program, const Error& error);

}  // namespace kvferry::netem
