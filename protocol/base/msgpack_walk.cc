// SPDX-License-Identifier: MIT
#include "protocol/base/msgpack_walk.h"

namespace kvferry::msgpack_walk {
namespace {

// How a head byte continues: the kind, how many big-endian bytes follow as
// number or length, and the least value for which that many are needed.
struct Head {
  std::uint8_t byte;
  Kind kind;
  std::uint8_t extra_bytes;
  std::uint64_t least;
};

constexpr Head kHeads[] = {
    {0xC0, Kind::kNil, 0, 0},
    {0xC2, Kind::kBool, 0, 0},
    {0xC3, Kind::kBool, 0, 0},
    {0xC4, Kind::kBytes, 1, 0},
    {0xC5, Kind::kBytes, 2, 0x100},
    {0xC6, Kind::kBytes, 4, 0x10000},
    {0xCA, Kind::kFloat32, 4, 0},
    {0xCB, Kind::kFloat64, 8, 0},
    {0xCC, Kind::kUnsigned, 1, 0x80},
    {0xCD, Kind::kUnsigned, 2, 0x100},
    {0xCE, Kind::kUnsigned, 4, 0x10000},
    {0xCF, Kind::kUnsigned, 8, 0x100000000},
    {0xD9, Kind::kText, 1, 32},
    {0xDA, Kind::kText, 2, 0x100},
    {0xDB, Kind::kText, 4, 0x10000},
    {0xDC, Kind::kArray, 2, 16},
    {0xDD, Kind::kArray, 4, 0x10000},
    {0xDE, Kind::kMap, 2, 16},
    {0xDF, Kind::kMap, 4, 0x10000},
};

Error malformed(const char* what) { return Error{std::string("msgpack: ") + what}; }

Token short_head(std::uint8_t byte) {
  if (byte < 0x80) return {Kind::kUnsigned, byte, {}, 1};
  if (byte < 0x90) return {Kind::kMap, byte & 0x0Fu, {}, 1};
  if (byte < 0xA0) return {Kind::kArray, byte & 0x0Fu, {}, 1};
  if (byte < 0xC0) return {Kind::kText, byte & 0x1Fu, {}, 1};
  return {Kind::kNegative, 0, {}, 1};  // 0xE0 and above
}

Result<Token> long_head(ByteView in) {
  // Negative integers are no part of any message; in unknown fields only the one-byte form is let through.
  for (const Head& head : kHeads) {
    if (head.byte != in[0]) continue;
    if (in.size() < 1u + head.extra_bytes) return malformed("truncated");
    std::uint64_t number = in[0] == 0xC3 ? 1 : 0;
    for (std::size_t i = 1; i <= head.extra_bytes; ++i) number = number << 8 | in[i];
    if (number < head.least) return malformed("longer form than needed");
    return Token{head.kind, number, {}, 1u + head.extra_bytes};
  }
  return malformed("type that is not allowed");
}

}  // namespace

Result<Token> read_token(ByteView in) {
  if (in.empty()) return malformed("truncated");
  Token token;
  if (in[0] >= 0xC0 && in[0] < 0xE0) {
    auto head = long_head(in);
    if (!head) return head.error();
    token = *head;
  } else {
    token = short_head(in[0]);
  }
  if (token.kind == Kind::kText || token.kind == Kind::kBytes) {
    if (token.number > in.size() - token.size_bytes) return malformed("truncated");
    token.body = in.subspan(token.size_bytes, static_cast<std::size_t>(token.number));
    token.size_bytes += token.body.size();
  }
  return token;
}

Result<std::size_t> value_size(ByteView in, int depth) {
  auto token = read_token(in);
  if (!token) return token.error();
  std::size_t at = token->size_bytes;
  if (token->kind != Kind::kArray && token->kind != Kind::kMap) return at;
  if (depth == 0) return malformed("nested too deeply");
  bool is_map = token->kind == Kind::kMap;
  std::uint64_t last_key = 0;
  for (std::uint64_t i = 0; i < token->number; ++i) {
    if (is_map) {
      auto key = read_token(in.subspan(at));
      if (!key) return key.error();
      if (key->kind != Kind::kUnsigned) return malformed("map key that is no unsigned integer");
      if (i > 0 && key->number <= last_key) return malformed("map keys not ascending");
      last_key = key->number;
      at += key->size_bytes;
    }
    auto item = value_size(in.subspan(at), depth - 1);
    if (!item) return item.error();
    at += *item;
  }
  return at;
}

Result<void> check_map(ByteView in) {
  auto token = read_token(in);
  if (!token) return token.error();
  if (token->kind != Kind::kMap) return malformed("expected a map");
  auto size = value_size(in);
  if (!size) return size.error();
  if (*size != in.size()) return malformed("trailing bytes");
  return {};
}

}  // namespace kvferry::msgpack_walk
