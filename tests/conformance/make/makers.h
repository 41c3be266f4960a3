// SPDX-License-Identifier: MIT
//
// What the makers of vectors share. Each maker is one family: good ones, and
// each fault by a change to a good one.
#pragma once

#include "protocol/wire/messages.h"
#include "tests/conformance/vector_file.h"

namespace kvferry::test {

class Collection {
 public:
  void accept(const std::string& name, const std::string& kind, const std::string& what, Bytes bytes) {
    vectors_.push_back({name, what, kind, "accept", std::move(bytes), {}});
  }
  void reject(const std::string& name, const std::string& kind, const std::string& what,
              const std::string& reason, Bytes bytes) {
    vectors_.push_back({name, what, kind, "reject " + reason, std::move(bytes), {}});
  }
  void add(Vector vector) { vectors_.push_back(std::move(vector)); }
  std::vector<Vector> take() { return std::move(vectors_); }

 private:
  std::vector<Vector> vectors_;
};

[[nodiscard]] inline Bytes joined(Bytes a, const Bytes& b) {
  append(a, b);
  return a;
}

[[nodiscard]] inline Bytes without_last(Bytes bytes) {
  bytes.pop_back();
  return bytes;
}

[[nodiscard]] inline Bytes with_flip(Bytes bytes, std::size_t at) {
  bytes[at] ^= 1;
  return bytes;
}

// A frame of the stream binding.
[[nodiscard]] inline Bytes frame(std::uint64_t type, const Bytes& body) {
  Bytes out;
  put_stream_frame_head(out, type, body);
  append(out, body);
  return out;
}

template <typename Message>
[[nodiscard]] Bytes frame(Message message) {
  return frame(static_cast<std::uint64_t>(Message::kType), encode_map(std::move(message)));
}

void add_primitives(Collection& c);
void add_messages(Collection& c);
void add_streams(Collection& c);
void add_cards(Collection& c);
void add_curves(Collection& c);
void add_packets(Collection& c);
void add_conversations(Collection& c);

}  // namespace kvferry::test
