// SPDX-License-Identifier: MIT
//
// tun_link: a server and a client with kernel sockets, and between them a link that is emulated. Timers:
// one while the client waits for the server's socket; the forwarder's.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <csignal>
#include <memory>

#include "scenarios/program.h"
#include "tests/netem/end_process.h"
#include "tests/netem/link_arguments.h"
#include "tests/netem/link_report.h"
#include "transport/clock.h"

namespace kvferry::netem {
namespace {

constexpr int kExitSkipped = 77;  // as test harnesses have it
constexpr Duration kServerPatience = std::chrono::seconds(30);
constexpr Duration kLookEvery = milliseconds(5);

// Ahead of what it carries packets for, where the system allows it.
void take_precedence() {
  sched_param first{};
  first.sched_priority = 1;
  sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
}

Descriptor blocked_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Descriptor(signalfd(-1, &signals, SFD_CLOEXEC));
}

class TunLink {
 public:
  TunLink(const LinkArguments& arguments, LinkEnd server_end, LinkEnd client_end)
      : arguments_(arguments),
        server_end_(std::move(server_end)),
        client_end_(std::move(client_end)),
        signals_(blocked_signals()) {}

  // The client's exit status.
  int run() {
    loop_.watch(signals_, [this] { on_signal(); });
    loop_.watch(look_.descriptor(), [this] { on_look(); });
    if (arguments_.server.empty()) {
      start_client();
    } else {
      server_ = std::make_unique<EndProcess>(arguments_.server, server_end_);
      give_up_ = steady_now() + kServerPatience;
      look_.set(steady_now() + kLookEvery);
    }
    loop_.run();
    if (forwarder_ && !arguments_.report.empty()) {
      check_or_fail(write_link_report(arguments_.report, *forwarder_));
    }
    return status_;
  }

 private:
  // The link begins with the client, so that holes and moves come at the same times in every run.
  void start_client() {
    look_.set(std::nullopt);
    forwarder_ =
        std::make_unique<Forwarder>(loop_, server_end_.tun, client_end_.tun, arguments_.path, steady_now());
    client_ = std::make_unique<EndProcess>(arguments_.client, client_end_);
  }

  void on_look() {
    if (server_->listens()) return start_client();
    if (steady_now() > give_up_) throw Failure("the server opens no socket to listen on");
    look_.set(steady_now() + kLookEvery);
  }

  void on_signal() {
    signalfd_siginfo info;
    if (read(signals_.number(), &info, sizeof(info)) != sizeof(info)) return;
    if (info.ssi_signo != SIGCHLD) return end_with(128 + static_cast<int>(info.ssi_signo));
    if (client_ && client_->has_ended()) return end_with(client_->status());
    if (server_ && server_->has_ended() && !client_) {
      throw Failure("the server ended before it listened, with status " + std::to_string(server_->status()));
    }
  }

  void end_with(int status) {
    status_ = status;
    loop_.stop();
  }

  const LinkArguments& arguments_;
  LinkEnd server_end_;
  LinkEnd client_end_;
  Descriptor signals_;
  EventLoop loop_;
  Timer look_;
  Time give_up_{};
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<EndProcess> server_;
  std::unique_ptr<EndProcess> client_;
  int status_ = kExitFailure;
};

int run(int argc, char** argv) {
  LinkArguments arguments;
  if (const auto done = parse_link_arguments(argc, argv, arguments)) return *done;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  auto server_end = make_link_end(kServerAddress);
  auto client_end = make_link_end(kClientAddress);
  for (const auto* end : {&server_end, &client_end}) {
    if (*end) continue;
    std::fprintf(stderr, "tun_link: no network can be emulated here: %s\n", end->error().message.c_str());
    return kExitSkipped;
  }
  take_precedence();
  return TunLink(arguments, std::move(*server_end), std::move(*client_end)).run();
}

}  // namespace
}  // namespace kvferry::netem

int main(int argc, char** argv) {
  return kvferry::run_program("tun_link", [&] { return kvferry::netem::run(argc, argv); });
}
