// SPDX-License-Identifier: MIT
//
// Conformance vectors: one file, one behaviour. A file holds a line each of
// `what:`, `kind:` and `expect:`, then `hex:` and the bytes. `expect: accept`
// means that they parse and, where the kind has an encoder, encode to the same
// bytes again; `expect: reject TEXT` that they do not, for a reason with TEXT in
// it. Conversations have a script instead of bytes (conversation.h), and
// `expect: accept` (the connection stays) or `expect: closed CODE`.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry::test {

struct Vector {
  std::string name;  // of the file, without its ending
  std::string what;
  std::string kind;
  std::string expect;
  Bytes bytes;
  std::string conversation;  // role, binding and script, of kind conversation
};

[[nodiscard]] std::string to_hex(ByteView bytes, std::size_t per_line = 32);
[[nodiscard]] Result<Bytes> from_hex(const std::string& text);  // spaces and line ends are skipped
[[nodiscard]] std::string print_vector(const Vector& vector);
[[nodiscard]] Result<Vector> parse_vector(const std::string& name, const std::string& text);

// Parses the bytes as the kind says; on success, what they encode to again.
[[nodiscard]] Result<Bytes> replay(const std::string& kind, ByteView bytes);

// Every vector in this folder, made anew.
[[nodiscard]] std::vector<Vector> make_vectors();

}  // namespace kvferry::test
