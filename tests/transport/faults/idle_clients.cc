// SPDX-License-Identifier: MIT
//
// idle_clients HOST:PORT COUNT: so many clients that greet the server and then ask for nothing, until they
// are killed. Says "open COUNT" when all have been greeted.
#include <atomic>
#include <thread>

#include "scenarios/command_line.h"
#include "scenarios/open_files.h"
#include "scenarios/security.h"

namespace kvferry::test {
namespace {

class Idle final : public ClientErrand {
 public:
  Idle(const HostPort& where, std::atomic<int>& greeted) : ClientErrand(where), greeted_(greeted) {}

  void begin(ConnectionDriver&, asio::io_context&) override { start_over(); }
  void on_event(ConnectionDriver& connection, const Event& event) override {
    if (std::holds_alternative<event::Connected>(event)) ++greeted_;
    if (const auto* closed = std::get_if<event::Closed>(&event)) on(connection, *closed);
  }

 private:
  using ClientErrand::on;
  std::atomic<int>& greeted_;
};

struct Options {
  std::string peer;
  int count = 0;
  SecurityOptions security;
};

void run_one(const HostPort& peer, const ClientOptions& client, std::atomic<int>& greeted,
             std::atomic<int>& ended) {
  Idle errand(peer, greeted);
  run_client(peer, client, errand);
  if (ended++ == 0) std::fprintf(stderr, "idle_clients: %s\n", errand.report().message.c_str());
}

int run(int argc, char** argv) {
  CLI::App app("Clients that are connected and silent.", "idle_clients");
  Options options;
  app.add_option("HOST:PORT", options.peer)->required();
  app.add_option("COUNT", options.count)->required()->check(CLI::Range(1, 10000));
  add_security_options(app, options.security, "the server");
  if (const auto done = parse_command_line(app, argc, argv)) return *done;
  allow_open_files();
  const HostPort peer = value_or_usage(HostPort::parse(options.peer));
  ClientOptions client;
  client.connection.handshake_timeout = std::chrono::seconds(60);  // all greet at the same time
  secure(client, read_security(options.security), peer);

  std::atomic<int> greeted{0}, ended{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < options.count; ++i) {
    threads.emplace_back([&] { run_one(peer, client, greeted, ended); });
  }
  while (greeted < options.count && ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (ended == 0) {
    std::printf("open %d\n", options.count);
    std::fflush(stdout);
  }
  for (std::thread& each : threads) each.join();
  return kExitFailure;
}

}  // namespace
}  // namespace kvferry::test

int main(int argc, char** argv) {
  return kvferry::run_program("idle_clients", [&] { return kvferry::test::run(argc, argv); });
}
