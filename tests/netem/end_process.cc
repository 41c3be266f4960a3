// SPDX-License-Identifier: MIT
#include "tests/netem/end_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <sstream>

namespace kvferry::netem {
namespace {

constexpr int kCannotStart = 127;  // as a shell has it

[[noreturn]] void become(const std::string& command, const LinkEnd& end, int parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotStart);
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  if (setns(end.network.number(), CLONE_NEWNET) == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
  }
  _exit(kCannotStart);
}

// The fourth column of the kernel's socket tables.
bool has_socket(const std::string& table, const std::string& state) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);  // the heading
  while (std::getline(in, line)) {
    std::istringstream columns(line);
    std::string number, local, remote, found;
    if (columns >> number >> local >> remote >> found && found == state) return true;
  }
  return false;
}

}  // namespace

EndProcess::EndProcess(const std::string& command, const LinkEnd& end) {
  const int parent = getpid();
  pid_ = fork();
  if (pid_ == 0) become(command, end, parent);
  setpgid(pid_, pid_);
}

EndProcess::~EndProcess() {
  kill(-pid_, SIGKILL);
  if (!ended_) waitpid(pid_, nullptr, 0);
}

bool EndProcess::has_ended() {
  int raw = 0;
  if (!ended_ && waitpid(pid_, &raw, WNOHANG) == pid_) {
    ended_ = true;
    status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  }
  return ended_;
}

// States: TCP 0A listens; UDP 07 is bound and not connected.
bool EndProcess::listens() const {
  const std::string tables = "/proc/" + std::to_string(pid_) + "/net/";
  return has_socket(tables + "tcp", "0A") || has_socket(tables + "tcp6", "0A") ||
         has_socket(tables + "udp", "07") || has_socket(tables + "udp6", "07");
}

}  // namespace kvferry::netem
