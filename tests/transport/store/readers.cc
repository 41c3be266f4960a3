// SPDX-License-Identifier: MIT
//
// Many clients of one server that fetch the same card at the same time, a thread each; what they fetch is
// checked and forgotten. Prints the seconds that each took, from their common start on, a line each. readers
// HOST:PORT DIGEST COUNT tcp|udp
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <thread>
#include <vector>

#include "transport/fetch.h"

namespace kvferry::test {
namespace {

class Nowhere final : public ChunkSink {
 public:
  Result<void> begin(const Manifest&) override { return {}; }
  Result<void> chunk(std::uint32_t, Slice) override { return {}; }
  Result<void> finish(bool) override { return {}; }
  void abandon(const std::string&) override {}
};

int run(const HostPort& where, const Digest& card, int count, TransportKind transport) {
  std::vector<FetchReport> reports(static_cast<std::size_t>(count));
  std::vector<double> seconds(reports.size());
  std::vector<std::thread> threads;
  std::latch ready(count + 1);
  Time begun{};
  for (std::size_t i = 0; i < reports.size(); ++i) {
    threads.emplace_back([&, i] {
      FetchOptions options;
      options.transport = transport;
      options.request.card = card;
      Nowhere sink;
      ready.arrive_and_wait();
      reports[i] = fetch_card(where, options, sink);
      seconds[i] = to_seconds(steady_now() - begun);
    });
  }
  begun = steady_now();
  ready.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  int failed = 0;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (reports[i].status != ClientStatus::kApplied) {
      std::fprintf(stderr, "readers: %s\n", reports[i].message.c_str());
      ++failed;
    } else {
      std::printf("%.6f\n", seconds[i]);
    }
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kvferry::test

int main(int argc, char** argv) {
  using namespace kvferry;
  const auto where = HostPort::parse(argc > 1 ? argv[1] : "");
  const auto card = Digest::from_hex(argc > 2 ? argv[2] : "");
  if (argc != 5 || !where || !card) {
    std::fprintf(stderr, "readers: expected HOST:PORT DIGEST COUNT tcp|udp\n");
    return 2;
  }
  const bool udp = std::strcmp(argv[4], "udp") == 0;
  return test::run(*where, *card, std::atoi(argv[3]), udp ? TransportKind::kUdp : TransportKind::kTcp);
}
