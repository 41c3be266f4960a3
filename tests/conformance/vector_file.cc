// SPDX-License-Identifier: MIT
#include "tests/conformance/vector_file.h"

#include <cctype>

namespace kvferry::test {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Takes "field: value\n" from the front of the text.
bool take_line(std::string& text, const std::string& field, std::string& value) {
  std::string start = field + ":";
  std::size_t end = text.find('\n');
  if (text.rfind(start, 0) != 0 || end == std::string::npos) return false;
  value = end > start.size() ? text.substr(start.size() + 1, end - start.size() - 1) : "";
  text.erase(0, end + 1);
  return true;
}

}  // namespace

std::string to_hex(ByteView bytes, std::size_t per_line) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) text += i % per_line == 0 ? '\n' : ' ';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

Result<Bytes> from_hex(const std::string& text) {
  Bytes bytes;
  int high = -1;
  for (char c : text) {
    if (std::isspace(static_cast<unsigned char>(c))) continue;
    int value = digit(c);
    if (value < 0) return Error{std::string("hex: '") + c + "', expected 0-9 or a-f"};
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) return Error{"hex: an odd number of digits"};
  return bytes;
}

std::string print_vector(const Vector& vector) {
  if (vector.kind == "conversation")
    return "what: " + vector.what + "\nkind: conversation\nexpect: " + vector.expect + "\n" +
           vector.conversation;
  return "what: " + vector.what + "\nkind: " + vector.kind + "\nexpect: " + vector.expect + "\nhex:\n" +
         to_hex(vector.bytes) + "\n";
}

Result<Vector> parse_vector(const std::string& name, const std::string& text) {
  Vector vector;
  vector.name = name;
  std::string rest = text;
  std::string nothing;
  if (!take_line(rest, "what", vector.what) || !take_line(rest, "kind", vector.kind) ||
      !take_line(rest, "expect", vector.expect)) {
    return Error{name + ": expected the lines what:, kind: and expect:"};
  }
  if (vector.kind == "conversation") {
    vector.conversation = std::move(rest);
    return vector;
  }
  if (!take_line(rest, "hex", nothing)) return Error{name + ": expected the line hex:"};
  auto bytes = from_hex(rest);
  if (!bytes) return bytes.error().in(name);
  vector.bytes = std::move(*bytes);
  return vector;
}

}  // namespace kvferry::test
