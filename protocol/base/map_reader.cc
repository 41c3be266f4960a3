// SPDX-License-Identifier: MIT
#include "protocol/base/map_reader.h"

#include <algorithm>
#include <cmath>

namespace kvferry {

using msgpack_walk::Kind;
using msgpack_walk::Token;

MapReader::MapReader(ByteView map, const char* what) : what_(what), rest_(map) {
  if (auto checked = msgpack_walk::check_map(map); !checked) {
    error_ = Error{what_ + ": " + checked.error().message};
    return;
  }
  Token head = *msgpack_walk::read_token(map);
  keys_left_ = head.number;
  rest_ = map.subspan(head.size_bytes);
}

void MapReader::fail(const std::string& why) {
  if (error_) return;
  error_ = Error{what_ + ": key " + std::to_string(key_) + " (" + name_ + "): " + why};
}

bool MapReader::find(std::uint8_t key, const char* name, bool required) {
  if (error_) return false;
  key_ = key;
  name_ = name;
  if (keys_left_ > 0) {
    Token next = *msgpack_walk::read_token(rest_);
    if (next.number == key) {
      rest_ = rest_.subspan(next.size_bytes);
      --keys_left_;
      return true;
    }
    if (next.number < key) {  // known keys are contiguous, so this cannot be an extension
      fail("key " + std::to_string(next.number) + " is out of place");
      return false;
    }
  }
  if (required) fail("missing");
  return false;
}

std::optional<Token> MapReader::take(Kind kind, const char* expected) {
  if (error_) return std::nullopt;
  Token token = *msgpack_walk::read_token(rest_);
  if (token.kind != kind) {
    fail(std::string("expected ") + expected);
    return std::nullopt;
  }
  rest_ = rest_.subspan(token.size_bytes);
  return token;
}

ByteView MapReader::take_value() {
  std::size_t size = *msgpack_walk::value_size(rest_);
  ByteView value = rest_.first(size);
  rest_ = rest_.subspan(size);
  return value;
}

std::uint64_t MapReader::take_number(std::uint64_t max) {
  auto token = take(Kind::kUnsigned, "an unsigned integer");
  if (!token) return 0;
  if (token->number > max) {
    fail(std::to_string(token->number) + " is above the limit of " + std::to_string(max));
    return 0;
  }
  return token->number;
}

double MapReader::take_real() {
  auto token = take(Kind::kFloat64, "a 64-bit float");
  if (!token) return 0;
  double value = 0;
  std::memcpy(&value, &token->number, sizeof value);
  if (!std::isfinite(value)) fail("expected a finite number");
  return value;
}

void MapReader::flag(std::uint8_t key, const char* name, bool& value) {
  if (!find(key, name, true)) return;
  if (auto token = take(Kind::kBool, "true or false")) value = token->number != 0;
}

void MapReader::optional_flag(std::uint8_t key, const char* name, bool& value) {
  value = false;
  if (!find(key, name, false)) return;
  auto token = take(Kind::kBool, "true");
  value = token && token->number != 0;
  if (!value) fail("false, expected it absent");
}

std::string MapReader::take_text(std::size_t max_bytes) {
  auto token = take(Kind::kText, "text");
  if (!token) return {};
  if (token->body.size() > max_bytes) {
    fail("text longer than " + std::to_string(max_bytes) + " bytes");
    return {};
  }
  if (std::any_of(token->body.begin(), token->body.end(),
                  [](std::uint8_t c) { return c < 0x20 || c == 0x7F; })) {
    fail("text with a control character");
    return {};
  }
  return {token->body.begin(), token->body.end()};
}

void MapReader::text(std::uint8_t key, const char* name, std::string& value, std::size_t max_bytes) {
  if (find(key, name, true)) value = take_text(max_bytes);
}

void MapReader::optional_text(std::uint8_t key, const char* name, std::string& value, std::size_t max_bytes) {
  value.clear();
  if (!find(key, name, false)) return;
  value = take_text(max_bytes);
  if (value.empty()) fail("empty text, expected it absent");
}

ByteView MapReader::take_bytes(std::size_t max_bytes) {
  auto token = take(Kind::kBytes, "bytes");
  if (!token) return {};
  if (token->body.size() > max_bytes) {
    fail(std::to_string(token->body.size()) + " bytes, expected at most " + std::to_string(max_bytes));
    return {};
  }
  return token->body;
}

void MapReader::bytes(std::uint8_t key, const char* name, Bytes& value, std::size_t max_bytes) {
  if (!find(key, name, true)) return;
  ByteView raw = take_bytes(max_bytes);
  value.assign(raw.begin(), raw.end());
}

Digest MapReader::take_digest() {
  ByteView raw = take_bytes(Digest::kBytes);
  if (raw.size() == Digest::kBytes) return Digest::from_bytes(raw);
  fail("expected 32 bytes");
  return {};
}

void MapReader::numbers(std::uint8_t key, const char* name, std::vector<std::uint32_t>& values,
                        std::size_t max_count) {
  if (!find(key, name, true)) return;
  auto head = take(Kind::kArray, "an array");
  if (!head) return;
  if (head->number > max_count) return fail("array longer than " + std::to_string(max_count));
  values.clear();
  values.reserve(static_cast<std::size_t>(head->number));
  for (std::uint64_t i = 0; i < head->number && !error_; ++i) {
    values.push_back(static_cast<std::uint32_t>(take_number(std::numeric_limits<std::uint32_t>::max())));
  }
}

void MapReader::blobs(std::uint8_t key, const char* name, std::vector<Bytes>& values, std::size_t max_count,
                      std::size_t max_bytes) {
  if (!find(key, name, true)) return;
  auto head = take(Kind::kArray, "an array");
  if (!head) return;
  if (head->number > max_count) return fail("array longer than " + std::to_string(max_count));
  values.clear();
  for (std::uint64_t i = 0; i < head->number && !error_; ++i) {
    ByteView raw = take_bytes(max_bytes);
    values.emplace_back(raw.begin(), raw.end());
  }
}

void MapReader::unknown(UnknownFields& fields) {
  fields = {};
  if (error_) return;
  fields.count = static_cast<std::uint32_t>(keys_left_);
  fields.raw.assign(rest_.begin(), rest_.end());
  keys_left_ = 0;
}

Result<void> MapReader::finish() {
  if (!error_ && keys_left_ > 0) {
    error_ = Error{what_ + ": unknown key " + std::to_string(msgpack_walk::read_token(rest_)->number)};
  }
  if (error_) return *error_;
  return {};
}

}  // namespace kvferry
