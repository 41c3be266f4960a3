// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/bench/comparison.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "scenarios/kvferry/bench/other_program.h"
#include "transport/clock.h"
#include "transport/tls/keygen.h"

namespace kvferry::bench {
namespace fs = std::filesystem;
namespace {

Result<void> in_a_child(std::vector<std::string> command, const Scratch& scratch) {
  auto child = ChildProcess::start(std::move(command), scratch.file("err"), scratch.file("out"));
  if (!child) return child.error();
  return child->wait();
}

void write_zeros(const fs::path& file, std::uint64_t bytes) {
  std::ofstream(file).close();
  fs::resize_file(file, bytes);
}

Result<void> write_certificate(const Scratch& scratch) {
  return in_a_child(
      {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
       "/CN=localhost", "-days", "2", "-keyout", scratch.file("key"), "-out", scratch.file("cert")},
      scratch);
}

}  // namespace

Result<double> iperf_rate(double seconds) {
  const Scratch scratch;
  const std::uint16_t number = free_port(PortKind::kTcp);
  const std::string port = std::to_string(number);
  auto server = ChildProcess::start({"iperf3", "-s", "-1", "-p", port}, scratch.file("err"), "/dev/null");
  if (!server) return server.error();
  if (auto up = wait_until_it_listens(*server, PortKind::kTcp, number); !up) return up.error().in("iperf3");
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
  const std::uint16_t number = free_port(PortKind::kTcp);
  const std::string port = std::to_string(number);
  if (auto written = write_identity(scratch.file("key"), make_identity()); !written) return written.error();
  write_zeros(scratch.file("bulk"), bytes);
  const std::string key = scratch.file("key");
  auto server =
      ChildProcess::start({"sh", "-c",
                           "cd \"$0\" && exec openssl s_server -accept 127.0.0.1:\"$1\" -key \"$2\" "
                           "-cert \"$2\" -tls1_3 -HTTP -quiet",
                           scratch.folder(), port, key},
                          scratch.file("err"), "/dev/null");
  if (!server) return server.error();
  if (auto up = wait_until_it_listens(*server, PortKind::kTcp, number); !up)
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

Result<double> gtls_rate(std::uint64_t bytes) {
  const Scratch scratch;
  const std::uint16_t number = free_port(PortKind::kUdp);
  const std::string port = std::to_string(number);
  if (auto written = write_certificate(scratch); !written) return written.error();
  write_zeros(scratch.file("bulk"), bytes);
  auto server = ChildProcess::start({"gtlsserver", "--quiet", "--htdocs=" + scratch.folder().string(),
                                     "127.0.0.1", port, scratch.file("key"), scratch.file("cert")},
                                    scratch.file("err"), "/dev/null");
  if (!server) return server.error();
  if (auto up = wait_until_it_listens(*server, PortKind::kUdp, number); !up)
    return up.error().in("gtlsserver");
  const Time begun = steady_now();
  auto done = in_a_child(
      {"gtlsclient", "--quiet", "--exit-on-all-streams-close", "127.0.0.1", port, "https://127.0.0.1/bulk"},
      scratch);
  if (!done) return done.error();
  return static_cast<double>(bytes) / to_seconds(steady_now() - begun);
}

}  // namespace kvferry::bench
