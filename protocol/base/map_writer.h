// SPDX-License-Identifier: MIT
//
// Writes a struct's fields as a canonical msgpack map: ascending small integer
// keys, shortest forms. A visitor like MapReader: a struct lists its fields
// once, in a member template fields(v), and both serialise and parse follow it.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "protocol/base/digest.h"

namespace kvferry {

// Keys that this version does not know, kept verbatim so that decoding and encoding again gives the same
// bytes.
struct UnknownFields {
  std::uint32_t count = 0;
  Bytes raw;  // alternating keys and values
  bool operator==(const UnknownFields&) const = default;
};

class MapWriter {
 public:
  template <typename T>
  void number(std::uint8_t key, const char*, const T& value, std::uint64_t = 0) {
    put_number(key, static_cast<std::uint64_t>(value));
  }
  template <typename T>
  void optional_number(std::uint8_t key, const char*, const std::optional<T>& value, std::uint64_t = 0) {
    if (value) put_number(key, static_cast<std::uint64_t>(*value));
  }
  // Not written when it is the usual one.
  template <typename T>
  void default_number(std::uint8_t key, const char*, const T& value, std::type_identity_t<T> usual,
                      std::uint64_t = 0) {
    if (value != usual) put_number(key, static_cast<std::uint64_t>(value));
  }
  template <typename Enum>
  void choice(std::uint8_t key, const char*, const Enum& value, Enum) {
    put_number(key, static_cast<std::uint64_t>(value));
  }
  void real(std::uint8_t key, const char*, const double& value);
  void optional_real(std::uint8_t key, const char* name, const std::optional<double>& value) {
    if (value) real(key, name, *value);
  }
  void flag(std::uint8_t key, const char*, const bool& value);
  void optional_flag(std::uint8_t key, const char* name, const bool& value) {
    if (value) flag(key, name, value);
  }
  void text(std::uint8_t key, const char*, const std::string& value, std::size_t max_bytes);
  void optional_text(std::uint8_t key, const char* name, const std::string& value, std::size_t max_bytes) {
    if (!value.empty()) text(key, name, value, max_bytes);
  }
  void bytes(std::uint8_t key, const char*, const Bytes& value, std::size_t max_bytes);
  void digest(std::uint8_t key, const char*, const Digest& value);
  void optional_digest(std::uint8_t key, const char* name, const std::optional<Digest>& value) {
    if (value) digest(key, name, *value);
  }
  void numbers(std::uint8_t key, const char*, const std::vector<std::uint32_t>& values,
               std::size_t max_count);
  void blobs(std::uint8_t key, const char*, const std::vector<Bytes>& values, std::size_t max_count,
             std::size_t max_bytes);
  template <typename T>
  void packed(std::uint8_t key, const char* name, const T& value, std::size_t max_bytes) {
    Bytes raw;
    value.serialize(raw);
    bytes(key, name, raw, max_bytes);
  }
  template <typename T>
  void optional_packed(std::uint8_t key, const char* name, const T& value, std::size_t max_bytes) {
    if (!value.empty()) packed(key, name, value, max_bytes);
  }
  template <typename T>
  void nested(std::uint8_t key, const char*, T& value) {
    MapWriter inner;
    value.fields(inner);
    put_map(key, inner);
  }
  template <typename T>
  void optional_nested(std::uint8_t key, const char* name, std::optional<T>& value) {
    if (value) nested(key, name, *value);
  }
  void unknown(const UnknownFields& fields);

  [[nodiscard]] Bytes finish() const;  // the whole map

 private:
  void put_key(std::uint8_t key);
  void put_number(std::uint8_t key, std::uint64_t value);
  void put_map(std::uint8_t key, const MapWriter& inner);

  Bytes body_;
  std::uint32_t count_ = 0;
};

// The struct's map. Takes a copy because the visitor is shared with reading.
template <typename T>
[[nodiscard]] Bytes encode_map(T value) {
  MapWriter writer;
  value.fields(writer);
  return writer.finish();
}

}  // namespace kvferry
