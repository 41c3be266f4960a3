// SPDX-License-Identifier: MIT
#include "codec/chunk/card_tables.h"

#include <string>
#include <utility>

#include "codec/entropy/entropy.h"
#include "codec/half.h"
#include "codec/quant/bitpack.h"
#include "protocol/base/varint.h"

namespace kvferry {
namespace {

// The numbers are those of FORMAT.md.
enum Section : std::uint8_t { kSvd = 1, kComponentBits = 2, kModels = 3 };

constexpr std::uint8_t kMaxComponentBits = 8;

Error cut(const char* what) { return {std::string("tables: ") + what + " is cut off"}; }

void put_section(Section section, const Bytes& content, Bytes& out) {
  out.push_back(section);
  put_varint(out, content.size());
  append(out, content);
}

Bytes svd_section(const std::vector<LinearBasis>& bases) {
  Bytes out;
  for (const LinearBasis& basis : bases) {
    put_varint(out, basis.rank());
    std::vector<std::uint16_t> halves(basis.vectors.size());
    for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = float_to_half(basis.vectors[i]);
    const std::size_t begin = out.size();
    out.resize(begin + 2 * halves.size());
    split_planes(halves.data(), halves.size(), out.data() + begin);
  }
  return out;
}

Result<LinearBasis> parse_basis(ByteReader& in, std::size_t channels) {
  const auto rank = in.take_varint();
  if (!rank) return cut("svd");
  if (*rank > channels) {
    return Error{"tables: svd rank is " + std::to_string(*rank) + ", expected at most " +
                 std::to_string(channels)};
  }
  const std::size_t n = static_cast<std::size_t>(*rank) * channels;
  const auto planes = in.take(2 * n);
  if (!planes) return cut("svd");
  std::vector<std::uint16_t> halves(n);
  join_planes(planes->data(), n, halves.data());
  LinearBasis basis;
  basis.columns = channels;
  basis.mean.resize(channels);
  basis.variance.resize(static_cast<std::size_t>(*rank));
  basis.vectors.reserve(n);
  for (const std::uint16_t half : halves) {
    if (!half_is_finite(half)) return Error{"tables: svd vector is not finite, expected numbers"};
    basis.vectors.push_back(half_to_float(half));
  }
  return basis;
}

Result<void> parse_svd(ByteView content, const KvGeometry& geometry, CardTables& tables) {
  ByteReader in(content);
  for (std::size_t i = 0; i < 2 * std::size_t{geometry.layers}; ++i) {
    auto basis = parse_basis(in, geometry.channels());
    if (!basis) return basis.error();
    tables.svd.push_back(std::move(*basis));
  }
  if (!in.at_end()) return Error{"tables: bytes after svd, expected none"};
  return {};
}

Bytes bits_section(const std::vector<std::vector<std::uint8_t>>& all) {
  Bytes out;
  for (const auto& bits : all) {
    put_varint(out, bits.size());
    append(out, bits);
  }
  return out;
}

Result<void> parse_bits(ByteView content, const KvGeometry& geometry, CardTables& tables) {
  ByteReader in(content);
  for (std::size_t i = 0; i < 2 * std::size_t{geometry.layers}; ++i) {
    const auto rank = in.take_varint();
    if (!rank) return cut("component bits");
    if (*rank > geometry.channels()) {
      return Error{"tables: " + std::to_string(*rank) + " components, expected at most " +
                   std::to_string(geometry.channels())};
    }
    const auto bits = in.take(*rank);
    if (!bits) return cut("component bits");
    for (const std::uint8_t one : *bits) {
      if (one > kMaxComponentBits) {
        return Error{"tables: component of " + std::to_string(one) + " bits, expected at most 8"};
      }
    }
    tables.component_bits.emplace_back(bits->begin(), bits->end());
  }
  if (!in.at_end()) return Error{"tables: bytes after component bits, expected none"};
  return {};
}

Bytes models_section(const std::vector<std::optional<SymbolModel>>& models) {
  Bytes out;
  for (const auto& model : models) {
    out.push_back(model ? 1 : 0);
    if (model) model->serialize(out);
  }
  return out;
}

Result<void> parse_models(ByteView content, const KvGeometry& geometry, CardTables& tables) {
  ByteView rest = content;
  for (std::size_t i = 0; i < 2 * std::size_t{geometry.layers}; ++i) {
    if (rest.empty()) return cut("symbol models");
    const std::uint8_t flag = rest[0];
    rest = rest.subspan(1);
    if (flag > 1) return Error{"tables: symbol model flag is " + std::to_string(flag) + ", expected 0 or 1"};
    tables.models.emplace_back();
    if (flag == 0) continue;
    auto model = SymbolModel::parse(rest, geometry.channels());
    if (!model) return model.error().in("tables");
    tables.models.back() = std::move(*model);
  }
  if (!rest.empty()) return Error{"tables: bytes after symbol models, expected none"};
  return {};
}

Result<void> parse_section(std::uint8_t section, ByteView content, const KvGeometry& geometry,
                           CardTables& tables) {
  if (section == kSvd && tables.svd.empty()) return parse_svd(content, geometry, tables);
  if (section == kComponentBits && tables.component_bits.empty())
    return parse_bits(content, geometry, tables);
  if (section == kModels && tables.models.empty()) return parse_models(content, geometry, tables);
  return Error{"tables: section " + std::to_string(section) + ", expected 1 to 3, each once"};
}

// coder (1) | raw size (v) | the sections, perhaps one zstd frame
Result<Bytes> unwrap(ByteView payload, std::uint64_t max_bytes) {
  ByteReader in(payload);
  const auto coder = in.take_le<std::uint8_t>();
  const auto size = in.take_varint();
  if (!size) return cut("header");
  if (*coder > static_cast<std::uint8_t>(EntropyCoder::kZstd)) {
    return Error{"tables: entropy coder is " + std::to_string(*coder) + ", expected 0 or 1"};
  }
  if (*size > max_bytes) {
    return Error{"tables: " + std::to_string(*size) + " bytes, expected at most " +
                 std::to_string(max_bytes)};
  }
  Bytes raw(static_cast<std::size_t>(*size));
  if (auto done = entropy_decode(static_cast<EntropyCoder>(*coder), in.rest(), raw); !done) {
    return done.error().in("tables");
  }
  return raw;
}

}  // namespace

Bytes CardTables::serialize() const {
  Bytes raw;
  if (!svd.empty()) put_section(kSvd, svd_section(svd), raw);
  if (!component_bits.empty()) put_section(kComponentBits, bits_section(component_bits), raw);
  if (!models.empty()) put_section(kModels, models_section(models), raw);
  Bytes coded;
  const EntropyCoder coder = EntropyEncoder({EntropyCoder::kZstd, kDefaultZstdLevel}).append(raw, coded);
  Bytes out;
  out.push_back(static_cast<std::uint8_t>(coder));
  put_varint(out, raw.size());
  append(out, coded);
  return out;
}

Result<CardTables> CardTables::parse(ByteView payload, const KvGeometry& geometry, std::uint64_t max_bytes) {
  const auto raw = unwrap(payload, max_bytes);
  if (!raw) return raw.error();
  CardTables tables;
  ByteReader in(*raw);
  while (!in.at_end()) {
    const auto section = in.take_le<std::uint8_t>();
    const auto size = in.take_varint();
    if (!size) return cut("section");
    const auto content = in.take(*size);
    if (!content) return cut("section");
    if (auto parsed = parse_section(*section, *content, geometry, tables); !parsed) return parsed.error();
  }
  return tables;
}

}  // namespace kvferry
