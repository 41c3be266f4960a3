// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/bench/other_program.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include "transport/asio.h"

namespace kvferry::bench {
namespace fs = std::filesystem;
namespace {

// "  0: 0100007F:1F90 00000000:0000 0A ...": number, local, remote, state.
bool holds(const std::string& line, std::uint16_t port, const std::string& state) {
  char number[8];
  std::snprintf(number, sizeof number, ":%04X", port);
  std::istringstream words(line);
  std::string slot, local, remote, of_line;
  words >> slot >> local >> remote >> of_line;
  return local.ends_with(number) && of_line == state;
}

bool is_open(PortKind kind, std::uint16_t port) {
  const bool tcp = kind == PortKind::kTcp;
  const std::string state = tcp ? "0A" : "07";  // listening; a UDP socket without a peer
  for (const char* version : {"", "6"}) {
    std::ifstream table(std::string(tcp ? "/proc/net/tcp" : "/proc/net/udp") + version);
    for (std::string line; std::getline(table, line);) {
      if (holds(line, port, state)) return true;
    }
  }
  return false;
}

}  // namespace

Scratch::Scratch() {
  std::string name = (fs::temp_directory_path() / "kvferry-bench-XXXXXX").string();
  if (::mkdtemp(name.data())) folder_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::uint16_t free_port(PortKind kind) {
  asio::io_context io;
  const auto loopback = asio::ip::address_v4::loopback();
  if (kind == PortKind::kUdp) return udp::socket(io, {loopback, 0}).local_endpoint().port();
  return tcp::acceptor(io, {loopback, 0}).local_endpoint().port();
}

Result<void> wait_until_it_listens(ChildProcess& server, PortKind kind, std::uint16_t port) {
  for (int i = 0; i < 500; ++i) {
    if (is_open(kind, port)) return {};
    if (!server.is_running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return Error{"it does not listen on port " + std::to_string(port)};
}

}  // namespace kvferry::bench
