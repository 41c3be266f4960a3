// SPDX-License-Identifier: MIT
//
// Peers that mean harm, against one connection.
#include <gtest/gtest.h>

#include "tests/protocol/victim.h"

namespace kvferry::test {
namespace {

// A server that has said HELLO to a raw client, which reads nothing.
class RawClient : public ::testing::Test {
 protected:
  RawClient() {
    ConnectionConfig config;
    config.role = Role::kClient;
    Connection honest(config, now_);
    auto hello = honest.poll_transmit(now_);
    while (hello) {
      server_.handle_bytes(now_, hello->head);
      hello = honest.poll_transmit(now_);
    }
  }
  static ConnectionConfig server_config() {
    ConnectionConfig config;
    config.role = Role::kServer;
    return config;
  }

  Time now_ = time_from_ns(1'000'000'000);
  Connection server_{server_config(), now_};
};

TEST_F(RawClient, that_asks_on_and_on_and_never_reads_is_cut_off) {
  auto source = std::make_shared<CardSource>(sample_card(1, 300, 10));
  for (TransferId id = 0; id < 20'000 && !server_.is_closed(); id += 2) {
    RequestMessage request;
    request.transfer = id;
    server_.handle_bytes(now_, raw_frame(request));
    server_.provide(now_, id, source);
    CancelMessage cancel;
    cancel.transfer = id;
    server_.handle_bytes(now_, raw_frame(cancel));
  }
  std::size_t requests = 0;
  while (auto event = server_.poll_event()) requests += std::holds_alternative<event::Requested>(*event);
  EXPECT_GT(requests, 1000u);
  std::uint64_t held_bytes = 0;
  while (auto out = server_.poll_transmit(now_)) held_bytes += out->size();
  EXPECT_LT(held_bytes, 256 * 1024u);  // without a bound: 5,000 manifests of 13 kB
}

TEST_F(RawClient, whose_data_has_no_place_ends_the_reading_even_of_a_connection_that_is_closing) {
  server_.close(now_);
  Bytes bytes = raw_frame(static_cast<std::uint64_t>(FrameType::kData), Bytes{0x80});
  bytes.push_back(0);
  server_.handle_bytes(now_, bytes);  // once an endless loop
  EXPECT_FALSE(server_.is_established());
}

}  // namespace
}  // namespace kvferry::test
