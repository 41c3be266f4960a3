// SPDX-License-Identifier: MIT
#include "tests/transport/process.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "scenarios/data_files.h"
#include "transport/clock.h"

namespace kvferry::test {
namespace {

constexpr Duration kPatience = std::chrono::minutes(2);

std::string text_of(int file) {
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0;
       (got = pread(file, piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

Process::Process(const std::string& program, std::vector<std::string> arguments, const std::string& input)
    : out_(memfd_create("stdout", MFD_CLOEXEC)), err_(memfd_create("stderr", MFD_CLOEXEC)) {
  const std::string file = (program_file().parent_path() / program).string();
  std::vector<char*> argv{const_cast<char*>(file.c_str())};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int in = memfd_create("stdin", MFD_CLOEXEC);
  EXPECT_EQ(pwrite(in, input.data(), input.size(), 0), static_cast<ssize_t>(input.size()));
  pid_ = fork();
  if (pid_ != 0) {
    close(in);
    return;
  }
  dup2(in, STDIN_FILENO);
  dup2(out_, STDOUT_FILENO);
  dup2(err_, STDERR_FILENO);
  execv(file.c_str(), argv.data());
  _exit(127);
}

Process::~Process() {
  kill();
  close(out_);
  close(err_);
}

std::string Process::listening_on() { return line("listening on "); }

std::string Process::line(const std::string& prefix, int after) {
  const Time end = steady_now() + kPatience;
  while (steady_now() < end) {
    const bool ended = !running();
    std::istringstream out(text_of(out_));
    int found = 0;
    for (std::string line; std::getline(out, line);) {
      if (line.starts_with(prefix) && !out.eof() && found++ == after) return line.substr(prefix.size());
    }
    if (ended) break;
    std::this_thread::sleep_for(milliseconds(5));
  }
  ADD_FAILURE() << "it does not say '" << prefix << "': " << text_of(err_);
  return "";
}

bool Process::reap(int options) {
  if (pid_ < 0) return true;
  int raw = 0;
  if (waitpid(pid_, &raw, options) != pid_) return false;
  status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  pid_ = -1;
  return true;
}

bool Process::running() { return !reap(WNOHANG); }

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void Process::pause() { signal(SIGSTOP); }

void Process::go_on() { signal(SIGCONT); }

void Process::kill() {
  signal(SIGKILL);
  (void)reap(0);
}

Finished Process::interrupt() {
  signal(SIGINT);
  return wait();
}

Finished Process::wait() {
  const Time end = steady_now() + kPatience;
  while (running() && steady_now() < end) std::this_thread::sleep_for(milliseconds(1));
  if (running()) {
    ADD_FAILURE() << "the program does not end";
    kill();
  }
  return {status_, text_of(out_), text_of(err_)};
}

Finished run_program_file(const std::string& program, std::vector<std::string> arguments,
                          const std::string& input) {
  return Process(program, std::move(arguments), input).wait();
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int lines(const std::string& text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace kvferry::test
