// SPDX-License-Identifier: MIT
//
// One of our programs as a child process, its output kept in memory.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/time.h"

namespace kvferry::test {

struct Finished {
  int status = -1;  // exit status; 128 + signal when it was killed
  std::string out;
  std::string err;
};

class Process {
 public:
  // Starts the program of this name beside the test program, with `input` on its standard input.
  Process(const std::string& program, std::vector<std::string> arguments, const std::string& input = {});
  ~Process();  // kills it
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // HOST:PORT of its line "listening on HOST:PORT".
  std::string listening_on();
  // The rest of a line of its output, the first that begins so or one after it; empty, and a test failure,
  // when it does not come in time.
  std::string line(const std::string& prefix, int after = 0);
  [[nodiscard]] bool running();
  void pause();  // SIGSTOP
  void go_on();  // SIGCONT
  void kill();
  Finished interrupt();  // SIGINT, then wait()
  // Killed, and a test failure, when it runs for more than two minutes.
  Finished wait();

 private:
  void signal(int number) const;
  [[nodiscard]] bool reap(int options);

  int pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  int status_ = -1;
};

[[nodiscard]] Finished run_program_file(const std::string& program, std::vector<std::string> arguments,
                                        const std::string& input = {});
[[nodiscard]] std::string read_file(const std::string& path);
[[nodiscard]] int lines(const std::string& text);  // line ends in it

}  // namespace kvferry::test
