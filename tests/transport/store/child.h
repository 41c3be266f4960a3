// SPDX-License-Identifier: MIT
//
// Work in a process of its own, which opens what it needs: locks go over into children.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>

namespace kvferry::test {

class Child {
 public:
  // Ends with status 0 if the work returns true.
  explicit Child(const std::function<bool()>& work) : pid_(::fork()) {
    if (pid_ != 0) return;
    int status = 1;
    try {
      status = work() ? 0 : 1;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
    }
    ::_exit(status);
  }
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] int pid() const { return pid_; }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    (void)wait();
  }
  // Whether it ended well.
  bool wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  int pid_;
};

}  // namespace kvferry::test
