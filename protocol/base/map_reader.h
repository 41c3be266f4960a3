// SPDX-License-Identifier: MIT
//
// Reads a canonical msgpack map into a struct's fields: the counterpart of
// MapWriter. The first fault is kept and everything after it is skipped. What
// decode_map() accepts, encode_map() turns into the same bytes again.
#pragma once

#include <limits>

#include "protocol/base/map_writer.h"
#include "protocol/base/msgpack_walk.h"

namespace kvferry {

class MapReader {
 public:
  // what: the struct's name in errors. map: walked and found canonical before any field is read.
  MapReader(ByteView map, const char* what);

  template <typename T>
  void number(std::uint8_t key, const char* name, T& value,
              std::uint64_t max = std::numeric_limits<T>::max()) {
    if (find(key, name, true)) value = static_cast<T>(take_number(max));
  }
  template <typename T>
  void optional_number(std::uint8_t key, const char* name, std::optional<T>& value,
                       std::uint64_t max = std::numeric_limits<T>::max()) {
    value.reset();
    if (find(key, name, false)) value = static_cast<T>(take_number(max));
  }
  // Absent stands for the usual one, so the usual one that is there is refused.
  template <typename T>
  void default_number(std::uint8_t key, const char* name, T& value, std::type_identity_t<T> usual,
                      std::uint64_t max = std::numeric_limits<T>::max()) {
    value = usual;
    if (!find(key, name, false)) return;
    value = static_cast<T>(take_number(max));
    if (value == usual) fail("the usual value, expected it absent");
  }
  template <typename Enum>
  void choice(std::uint8_t key, const char* name, Enum& value, Enum last) {
    if (find(key, name, true)) value = static_cast<Enum>(take_number(static_cast<std::uint64_t>(last)));
  }
  void real(std::uint8_t key, const char* name, double& value) {
    if (find(key, name, true)) value = take_real();
  }
  void optional_real(std::uint8_t key, const char* name, std::optional<double>& value) {
    value.reset();
    if (find(key, name, false)) value = take_real();
  }
  void flag(std::uint8_t key, const char* name, bool& value);
  // Absent stands for false, so false that is there is refused.
  void optional_flag(std::uint8_t key, const char* name, bool& value);
  void text(std::uint8_t key, const char* name, std::string& value, std::size_t max_bytes);
  // Absent stands for empty, so an empty text that is there is refused.
  void optional_text(std::uint8_t key, const char* name, std::string& value, std::size_t max_bytes);
  void bytes(std::uint8_t key, const char* name, Bytes& value, std::size_t max_bytes);
  void digest(std::uint8_t key, const char* name, Digest& value) {
    if (find(key, name, true)) value = take_digest();
  }
  void optional_digest(std::uint8_t key, const char* name, std::optional<Digest>& value) {
    value.reset();
    if (find(key, name, false)) value = take_digest();
  }
  void numbers(std::uint8_t key, const char* name, std::vector<std::uint32_t>& values, std::size_t max_count);
  void blobs(std::uint8_t key, const char* name, std::vector<Bytes>& values, std::size_t max_count,
             std::size_t max_bytes);
  template <typename T>
  void packed(std::uint8_t key, const char* name, T& value, std::size_t max_bytes) {
    if (find(key, name, true)) take_packed(value, max_bytes);
  }
  // Absent stands for empty, so an empty one that is there is refused.
  template <typename T>
  void optional_packed(std::uint8_t key, const char* name, T& value, std::size_t max_bytes) {
    value = {};
    if (!find(key, name, false)) return;
    take_packed(value, max_bytes);
    if (value.empty()) fail("empty, expected it absent");
  }
  template <typename T>
  void nested(std::uint8_t key, const char* name, T& value) {
    if (find(key, name, true)) take_nested(name, value);
  }
  template <typename T>
  void optional_nested(std::uint8_t key, const char* name, std::optional<T>& value) {
    value.reset();
    if (find(key, name, false)) take_nested(name, value.emplace());
  }
  // Greater keys than those above; without this call they are refused.
  void unknown(UnknownFields& fields);

  [[nodiscard]] Result<void> finish();

 private:
  bool find(std::uint8_t key, const char* name, bool required);  // steps past the key when it is there
  std::uint64_t take_number(std::uint64_t max);
  double take_real();
  Digest take_digest();
  std::string take_text(std::size_t max_bytes);
  ByteView take_bytes(std::size_t max_bytes);
  std::optional<msgpack_walk::Token> take(msgpack_walk::Kind kind, const char* expected);
  ByteView take_value();
  void fail(const std::string& why);

  template <typename T>
  void take_packed(T& value, std::size_t max_bytes) {
    auto parsed = T::parse(take_bytes(max_bytes));
    if (parsed)
      value = std::move(*parsed);
    else
      fail(parsed.error().message);
  }

  template <typename T>
  void take_nested(const char* name, T& value) {
    MapReader inner(take_value(), name);
    value.fields(inner);
    if (auto done = inner.finish(); !done) fail(done.error().message);
  }

  std::string what_;
  ByteView rest_;
  std::uint64_t keys_left_ = 0;
  std::uint8_t key_ = 0;  // being read, for errors
  const char* name_ = "";
  std::optional<Error> error_;
};

template <typename T>
[[nodiscard]] Result<T> decode_map(ByteView map, const char* what) {
  MapReader reader(map, what);
  T value;
  value.fields(reader);
  if (auto done = reader.finish(); !done) return done.error();
  return value;
}

}  // namespace kvferry
