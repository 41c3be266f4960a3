// SPDX-License-Identifier: MIT
#include "tests/netem/link_run.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <csignal>

#include "scenarios/program.h"
#include "transport/clock.h"

namespace kvferry::netem {
namespace {

constexpr int kExitSkipped = 77;  // as test harnesses have it
constexpr Duration kServerPatience = std::chrono::seconds(30);
constexpr Duration kLookEvery = milliseconds(5);

Descriptor blocked_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Descriptor(signalfd(-1, &signals, SFD_CLOEXEC));
}

}  // namespace

LinkRun::LinkRun(const LinkCommands& commands, const LinkEnds& ends)
    : commands_(commands), ends_(ends), signals_(blocked_signals()), status_(kExitFailure) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
}

int LinkRun::run(std::function<void()> start_link) {
  start_link_ = std::move(start_link);
  loop_.watch(signals_, [this] { on_signal(); });
  loop_.watch(look_.descriptor(), [this] { on_look(); });
  if (commands_.server.empty()) {
    start_client();
  } else {
    server_ = std::make_unique<EndProcess>(commands_.server, ends_.server);
    give_up_ = steady_now() + kServerPatience;
    look_.set(steady_now() + kLookEvery);
  }
  loop_.run();
  return status_;
}

void LinkRun::start_client() {
  look_.set(std::nullopt);
  start_link_();
  client_ = std::make_unique<EndProcess>(commands_.client, ends_.client);
}

void LinkRun::on_look() {
  if (server_->listens()) return start_client();
  if (steady_now() > give_up_) throw Failure("the server opens no socket to listen on");
  look_.set(steady_now() + kLookEvery);
}

void LinkRun::on_signal() {
  signalfd_siginfo info;
  if (read(signals_.number(), &info, sizeof(info)) != sizeof(info)) return;
  if (info.ssi_signo != SIGCHLD) return end_with(128 + static_cast<int>(info.ssi_signo));
  if (client_ && client_->has_ended()) return end_with(client_->status());
  if (server_ && server_->has_ended() && !client_) {
    throw Failure("the server ended before it listened, with status " + std::to_string(server_->status()));
  }
}

void LinkRun::end_with(int status) {
  status_ = status;
  loop_.stop();
}

int skipped(const char* program, const Error& error) {
  std::fprintf(stderr, "%s: no network can be emulated here: %s\n", program, error.message.c_str());
  return kExitSkipped;
}

}  // namespace kvferry::netem
