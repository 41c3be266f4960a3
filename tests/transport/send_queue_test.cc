// SPDX-License-Identifier: MIT
#include "transport/send_queue.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"

namespace kvferry {
namespace {

Outgoing outgoing(std::string_view head, std::string_view payload) {
  return {Bytes(head.begin(), head.end()), payload.empty() ? Slice() : Slice::copy_of(as_bytes(payload))};
}

std::string text_of(const std::vector<asio::const_buffer>& buffers) {
  std::string text;
  for (const auto& buffer : buffers) text.append(static_cast<const char*>(buffer.data()), buffer.size());
  return text;
}

TEST(SendQueue, GathersHeadsAndPayloadsInOrder) {
  SendQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.push(outgoing("ab", "cde"));
  queue.push(outgoing("f", ""));
  queue.push(outgoing("", "gh"));
  EXPECT_EQ(queue.size_bytes(), 8u);
  EXPECT_EQ(text_of(queue.buffers()), "abcdefgh");
}

TEST(SendQueue, DoesNotCopyPayload) {
  const Slice payload = Slice::copy_of(as_bytes("payload"));
  SendQueue queue;
  queue.push({Bytes{1}, payload});
  const auto buffers = queue.buffers();
  ASSERT_EQ(buffers.size(), 2u);
  EXPECT_EQ(buffers[1].data(), payload.data());
}

TEST(SendQueue, GoesOnWhereTheSocketStopped) {
  const std::string all = "abcdefghijkl";
  for (std::size_t first = 0; first <= all.size(); ++first) {
    SendQueue queue;
    queue.push(outgoing("ab", "cdef"));
    queue.push(outgoing("gh", ""));
    queue.push(outgoing("i", "jkl"));
    queue.consume(first);
    EXPECT_EQ(text_of(queue.buffers()), all.substr(first));
    queue.consume(queue.size_bytes());
    EXPECT_TRUE(queue.empty());
    EXPECT_TRUE(queue.buffers().empty());
  }
}

TEST(SendQueue, OffersAtMostWhatOneWriteTakes) {
  SendQueue queue;
  for (int i = 0; i < 500; ++i) queue.push(outgoing("h", "p"));
  std::string text;
  while (!queue.empty()) {
    const auto buffers = queue.buffers();
    ASSERT_LE(buffers.size(), SendQueue::kMaxBuffers);
    const std::string part = text_of(buffers);
    ASSERT_FALSE(part.empty());
    text += part;
    queue.consume(part.size());
  }
  EXPECT_EQ(text.size(), 1000u);
  EXPECT_EQ(text.find("hh"), std::string::npos);
}

}  // namespace
}  // namespace kvferry
