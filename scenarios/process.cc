// SPDX-License-Identifier: MIT
#include "scenarios/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace kvferry {

Result<ChildProcess> ChildProcess::start(std::vector<std::string> command, std::filesystem::path errors,
                                         const std::filesystem::path& output) {
  ChildProcess child;
  child.name_ = std::filesystem::path(command.front()).filename().string();
  child.errors_ = std::move(errors);
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto redirect = [&](int stream, const std::filesystem::path& file) {
    if (file.empty()) return;
    posix_spawn_file_actions_addopen(&actions, stream, file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  };
  redirect(STDERR_FILENO, child.errors_);
  redirect(STDOUT_FILENO, output);
  const int failed =
      posix_spawnp(&child.pid_, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    child.pid_ = -1;
    return Error{child.name_ + ": cannot be started: " + std::strerror(failed)};
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : name_(std::move(other.name_)),
      errors_(std::move(other.errors_)),
      pid_(std::exchange(other.pid_, -1)),
      status_(other.status_) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  (void)wait();
}

bool ChildProcess::is_running() {
  if (pid_ < 0) return false;
  if (waitpid(pid_, &status_, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

int ChildProcess::exit_status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }

Result<void> ChildProcess::wait() {
  while (pid_ >= 0 && waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return {};
  const auto said = last_error_line();
  if (!said.empty()) return Error{said};
  if (WIFSIGNALED(status_)) return Error{name_ + ": ended by signal " + std::to_string(WTERMSIG(status_))};
  return Error{name_ + ": exit status " + std::to_string(WEXITSTATUS(status_))};
}

std::string ChildProcess::last_error_line() const {
  std::ifstream in(errors_);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace kvferry
