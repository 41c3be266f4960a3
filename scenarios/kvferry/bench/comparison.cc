// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/bench/comparison.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "scenarios/process.h"
#include "transport/clock.h"
#include "transport/tcp_connect.h"
#include "transport/tls/keygen.h"

namespace kvferry::bench {
namespace fs = std::filesystem;
namespace {

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "kvferry-bench-XXXXXX").string();
    if (::mkdtemp(name.data())) folder_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] fs::path file(const char* name) const { return folder_ / name; }

 private:
  fs::path folder_;
};

// One that was free a moment ago.
std::uint16_t free_port() {
  asio::io_context io;
  return tcp::acceptor(io, {asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
}

bool listens(std::uint16_t port) {
  std::ifstream table("/proc/net/tcp");
  char wanted[32];
  std::snprintf(wanted, sizeof wanted, ":%04X 00000000:0000 0A", port);
  for (std::string line; std::getline(table, line);) {
    if (line.find(wanted) != std::string::npos) return true;
  }
  std::ifstream table6("/proc/net/tcp6");
  std::snprintf(wanted, sizeof wanted, ":%04X ", port);
  for (std::string line; std::getline(table6, line);) {
    if (line.find(wanted) < 45 && line.find(" 0A ") != std::string::npos) return true;
  }
  return false;
}

Result<void> wait_until_it_listens(ChildProcess& server, std::uint16_t port) {
  for (int i = 0; i < 500; ++i) {
    if (listens(port)) return {};
    if (!server.is_running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return Error{"it does not listen on port " + std::to_string(port)};
}

}  // namespace

Result<double> iperf_rate(double seconds) {
  const Scratch scratch;
  const std::string port = std::to_string(free_port());
  auto server = ChildProcess::start({"iperf3", "-s", "-1", "-p", port}, scratch.file("err"), "/dev/null");
  if (!server) return server.error();
  if (auto up = wait_until_it_listens(*server, static_cast<std::uint16_t>(std::stoi(port))); !up)
    return up.error().in("iperf3");
  auto client =
      ChildProcess::start({"iperf3", "-c", "127.0.0.1", "-p", port, "-t", std::to_string(seconds), "-J"},
                          scratch.file("err"), scratch.file("out"));
  if (!client) return client.error();
  if (auto done = client->wait(); !done) return done.error();
  std::ifstream out(scratch.file("out"));
  const auto json = nlohmann::json::parse(out, nullptr, false);
  const auto rate = nlohmann::json::json_pointer("/end/sum_received/bits_per_second");
  if (json.is_discarded() || !json.contains(rate)) return Error{"iperf3: no result"};
  return json.at(rate).get<double>() / 8;
}

Result<double> openssl_rate(std::uint64_t bytes) {
  const Scratch scratch;
  const std::string port = std::to_string(free_port());
  if (auto written = write_identity(scratch.file("key"), make_identity()); !written) return written.error();
  std::ofstream(scratch.file("bulk")).close();
  fs::resize_file(scratch.file("bulk"), bytes);
  const std::string key = scratch.file("key");
  auto server =
      ChildProcess::start({"sh", "-c",
                           "cd \"$0\" && exec openssl s_server -accept 127.0.0.1:\"$1\" -key \"$2\" "
                           "-cert \"$2\" -tls1_3 -HTTP -quiet",
                           scratch.file("bulk").parent_path(), port, key},
                          scratch.file("err"), "/dev/null");
  if (!server) return server.error();
  if (auto up = wait_until_it_listens(*server, static_cast<std::uint16_t>(std::stoi(port))); !up)
    return up.error().in("openssl s_server");
  const Time begun = steady_now();
  auto client = ChildProcess::start({"sh", "-c",
                                     "printf 'GET /bulk HTTP/1.0\\r\\n\\r\\n' | openssl s_client -connect "
                                     "127.0.0.1:\"$0\" -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256 "
                                     "-quiet -ign_eof | wc -c",
                                     port},
                                    scratch.file("err"), scratch.file("out"));
  if (!client) return client.error();
  if (auto done = client->wait(); !done) return done.error();
  const double seconds = to_seconds(steady_now() - begun);
  std::uint64_t received = 0;
  std::ifstream(scratch.file("out")) >> received;
  if (received < bytes) return Error{"openssl s_client: " + std::to_string(received) + " bytes came"};
  return static_cast<double>(received) / seconds;
}

}  // namespace kvferry::bench
