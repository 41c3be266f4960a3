// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/processes.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>

namespace kvferry::sim {
namespace {

constexpr std::size_t kMessageBytes = 4096;  // fits into every pipe

sigset_t held_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&set, number);
  return set;
}

std::string message_of(const std::function<Result<void>(std::size_t)>& work, std::size_t number) {
  try {
    const auto done = work(number);
    return done ? "" : done.error().message;
  } catch (const std::exception& error) {
    return error.what();
  }
}

// In the child. Its message, if any, fits into the pipe: nobody reads before it has ended.
[[noreturn]] void work_and_end(const ProcessWork& work, std::size_t number, int message_pipe, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const auto held = held_signals();
  sigprocmask(SIG_UNBLOCK, &held, nullptr);
  std::signal(SIGINT, SIG_IGN);  // a terminal sends it to all; the parent ends us
  const auto message = message_of(work.work, number).substr(0, kMessageBytes);
  std::fflush(nullptr);
  if (!message.empty()) (void)!write(message_pipe, message.data(), message.size());
  _exit(message.empty() ? 0 : 1);
}

class Processes {
 public:
  Processes(std::size_t count, std::size_t jobs, const ProcessWork& work)
      : count_(count), jobs_(jobs), work_(work) {}
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  Result<void> run();

 private:
  struct Child {
    std::size_t number;
    int message_pipe;
  };

  Result<void> begin();
  Result<void> reap();
  [[nodiscard]] Error fault_of(const Child& child, int status) const;

  std::size_t count_, jobs_;
  const ProcessWork& work_;
  std::size_t next_ = 0;
  std::map<pid_t, Child> children_;
};

Processes::~Processes() {
  for (const auto& [id, child] : children_) {
    kill(id, SIGKILL);
    waitpid(id, nullptr, 0);
    close(child.message_pipe);
  }
}

Result<void> Processes::begin() {
  if (work_.begin) work_.begin(next_);
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return Error{std::string("cannot make a pipe: ") + std::strerror(errno)};
  std::fflush(nullptr);
  const auto parent = getpid();
  const auto id = fork();
  if (id == 0) work_and_end(work_, next_, ends[1], parent);
  close(ends[1]);
  if (id < 0) {
    close(ends[0]);
    return Error{std::string("cannot begin a process: ") + std::strerror(errno)};
  }
  children_[id] = {next_++, ends[0]};
  return {};
}

Error Processes::fault_of(const Child& child, int status) const {
  std::array<char, kMessageBytes> text{};
  const auto size = read(child.message_pipe, text.data(), text.size());
  std::string message(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (WIFSIGNALED(status)) message = std::string("ended by a signal: ") + strsignal(WTERMSIG(status));
  const auto where = work_.name ? work_.name(child.number) : std::to_string(child.number);
  return Error{message.empty() ? "ended without a word" : message}.in(where);
}

// All that have ended: several may share a signal.
Result<void> Processes::reap() {
  int status = 0;
  for (pid_t id = 0; (id = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto found = children_.find(id);
    if (found == children_.end()) continue;
    const auto child = found->second;
    children_.erase(found);
    const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const auto fault = good ? Error{} : fault_of(child, status);
    close(child.message_pipe);
    if (!good) return fault;
  }
  return {};
}

Result<void> Processes::run() {
  const auto held = held_signals();
  while (next_ < count_ || !children_.empty()) {
    while (next_ < count_ && children_.size() < jobs_) {
      if (auto begun = begin(); !begun) return begun;
    }
    int number = 0;
    sigwait(&held, &number);
    if (number != SIGCHLD) return Error{"interrupted"};
    if (auto reaped = reap(); !reaped) return reaped;
  }
  return {};
}

}  // namespace

SignalsHeld::SignalsHeld() {
  const auto held = held_signals();
  sigprocmask(SIG_BLOCK, &held, nullptr);
}

SignalsHeld::~SignalsHeld() {
  const auto held = held_signals();
  sigprocmask(SIG_UNBLOCK, &held, nullptr);
}

Result<void> for_each_in_processes(std::size_t count, std::size_t jobs, const ProcessWork& work) {
  return Processes(count, jobs, work).run();
}

}  // namespace kvferry::sim
