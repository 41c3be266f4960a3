// SPDX-License-Identifier: MIT
#include "protocol/base/map_writer.h"

#include <msgpack/pack.hpp>

namespace kvferry {
namespace {

struct Sink {
  Bytes& out;
  void write(const char* data, std::size_t size) { append(out, as_bytes({data, size})); }
};

msgpack::packer<Sink> packer(Sink& sink) { return msgpack::packer<Sink>(sink); }

}  // namespace

void MapWriter::put_key(std::uint8_t key) {
  Sink sink{body_};
  packer(sink).pack_uint8(key);
  ++count_;
}

void MapWriter::put_number(std::uint8_t key, std::uint64_t value) {
  put_key(key);
  Sink sink{body_};
  packer(sink).pack_uint64(value);
}

void MapWriter::real(std::uint8_t key, const char*, const double& value) {
  put_key(key);
  // By hand: the library would write whole numbers as integers.
  body_.push_back(0xCB);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  for (int shift = 56; shift >= 0; shift -= 8) body_.push_back(static_cast<std::uint8_t>(bits >> shift));
}

void MapWriter::flag(std::uint8_t key, const char*, const bool& value) {
  put_key(key);
  body_.push_back(value ? 0xC3 : 0xC2);
}

void MapWriter::text(std::uint8_t key, const char*, const std::string& value, std::size_t max_bytes) {
  put_key(key);
  Sink sink{body_};
  auto size = static_cast<std::uint32_t>(std::min(value.size(), max_bytes));
  packer(sink).pack_str(size).pack_str_body(value.data(), size);
}

void MapWriter::bytes(std::uint8_t key, const char*, const Bytes& value, std::size_t) {
  put_key(key);
  Sink sink{body_};
  packer(sink).pack_bin(static_cast<std::uint32_t>(value.size()));
  append(body_, value);
}

void MapWriter::digest(std::uint8_t key, const char*, const Digest& value) {
  put_key(key);
  Sink sink{body_};
  packer(sink).pack_bin(Digest::kBytes);
  append(body_, value.view());
}

void MapWriter::numbers(std::uint8_t key, const char*, const std::vector<std::uint32_t>& values,
                        std::size_t) {
  put_key(key);
  Sink sink{body_};
  auto pack = packer(sink);
  pack.pack_array(static_cast<std::uint32_t>(values.size()));
  for (std::uint32_t value : values) pack.pack_uint32(value);
}

void MapWriter::blobs(std::uint8_t key, const char*, const std::vector<Bytes>& values, std::size_t,
                      std::size_t) {
  put_key(key);
  Sink sink{body_};
  auto pack = packer(sink);
  pack.pack_array(static_cast<std::uint32_t>(values.size()));
  for (const Bytes& value : values) {
    pack.pack_bin(static_cast<std::uint32_t>(value.size()));
    append(body_, value);
  }
}

void MapWriter::put_map(std::uint8_t key, const MapWriter& inner) {
  put_key(key);
  append(body_, inner.finish());
}

void MapWriter::unknown(const UnknownFields& fields) {
  count_ += fields.count;
  append(body_, fields.raw);
}

Bytes MapWriter::finish() const {
  Bytes out;
  Sink sink{out};
  packer(sink).pack_map(count_);
  append(out, body_);
  return out;
}

}  // namespace kvferry
