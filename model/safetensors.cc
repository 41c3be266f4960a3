// SPDX-License-Identifier: MIT
#include "model/safetensors.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace kvferry {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit

struct TypeName {
  const char* name;
  at::ScalarType type;
};
constexpr TypeName kTypes[] = {
    {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I32", at::kInt}};

const TypeName* find_type(const std::string& name) {
  for (const auto& entry : kTypes) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

struct TensorEntry {
  at::ScalarType type;
  std::vector<int64_t> shape;
  uint64_t begin, end;
};

Result<TensorEntry> parse_entry(const json& entry, uint64_t data_bytes) {
  const auto unsigned_list = [](const json& list) {
    if (!list.is_array() || list.size() > 8) return false;
    for (const auto& item : list) {
      if (!item.is_number_unsigned()) return false;
    }
    return true;
  };
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string())
    return Error{"dtype is missing"};
  const auto* type = find_type(entry["dtype"]);
  if (type == nullptr)
    return Error{"dtype '" + entry["dtype"].get<std::string>() + "': expected F32, F16, BF16 or I32"};
  if (!entry.contains("shape") || !unsigned_list(entry["shape"]))
    return Error{"shape: expected a list of sizes"};
  if (!entry.contains("data_offsets") || !unsigned_list(entry["data_offsets"]) ||
      entry["data_offsets"].size() != 2) {
    return Error{"data_offsets: expected two offsets"};
  }
  TensorEntry out{type->type, {}, entry["data_offsets"][0], entry["data_offsets"][1]};
  uint64_t bytes = at::elementSize(type->type);
  for (const auto& item : entry["shape"]) {
    const auto size = item.get<uint64_t>();
    if (size == 0 || size > data_bytes || bytes > data_bytes / size)
      return Error{"shape does not fit the file"};
    bytes *= size;
    out.shape.push_back(static_cast<int64_t>(size));
  }
  if (out.begin > out.end || out.end > data_bytes) {
    return Error{"truncated: data ends at byte " + std::to_string(out.end) + " of " +
                 std::to_string(data_bytes)};
  }
  if (out.end - out.begin != bytes) return Error{"data_offsets do not fit the shape"};
  return out;
}

Result<json> read_header(std::ifstream& in, uint64_t file_bytes, uint64_t& data_begin) {
  uint8_t raw[8] = {};
  if (!in.read(reinterpret_cast<char*>(raw), 8)) return Error{"truncated: expected an 8-byte header length"};
  uint64_t header_bytes = 0;
  for (int i = 7; i >= 0; --i) header_bytes = header_bytes << 8 | raw[i];
  if (header_bytes > kMaxHeaderBytes || header_bytes > file_bytes - 8) {
    return Error{"truncated: header of " + std::to_string(header_bytes) + " bytes in a file of " +
                 std::to_string(file_bytes)};
  }
  std::string text(header_bytes, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(header_bytes)))
    return Error{"header cannot be read"};
  json header = json::parse(text, nullptr, false);
  if (!header.is_object()) return Error{"header is not a JSON object"};
  data_begin = 8 + header_bytes;
  return header;
}

Result<TensorMap> read_open(std::ifstream& in, uint64_t file_bytes) {
  uint64_t data_begin = 0;
  auto header = read_header(in, file_bytes, data_begin);
  if (!header) return header.error();
  TensorMap tensors;
  for (const auto& [name, value] : header->items()) {
    if (name == "__metadata__") continue;
    auto entry = parse_entry(value, file_bytes - data_begin);
    if (!entry) return entry.error().in("tensor '" + name + "'");
    auto tensor = at::empty(entry->shape, entry->type);
    in.seekg(static_cast<std::streamoff>(data_begin + entry->begin));
    if (!in.read(static_cast<char*>(tensor.data_ptr()), static_cast<std::streamsize>(tensor.nbytes()))) {
      return Error{"tensor '" + name + "': cannot be read"};
    }
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

}  // namespace

Result<TensorMap> read_safetensors(const std::filesystem::path& file) {
  std::error_code failed;
  const auto file_bytes = std::filesystem::file_size(file, failed);
  std::ifstream in(file, std::ios::binary);
  if (failed || !in) return Error{file.string() + ": cannot be opened"};
  auto tensors = read_open(in, file_bytes);
  if (!tensors) return tensors.error().in(file.string());
  return tensors;
}

std::string write_safetensors(const TensorMap& tensors) {
  json header = {{"__metadata__", {{"format", "pt"}}}};  // transformers insists on it
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const char* type = nullptr;
    for (const auto& entry : kTypes) {
      if (tensor.scalar_type() == entry.type) type = entry.name;
    }
    header[name] = {{"dtype", type},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  auto text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string out;
  out.reserve(8 + text.size() + offset);
  for (int i = 0; i < 8; ++i) out += static_cast<char>(static_cast<uint64_t>(text.size()) >> (8 * i) & 0xff);
  out += text;
  for (const auto& [name, tensor] : tensors) {
    const auto whole = tensor.contiguous();
    out.append(static_cast<const char*>(whole.data_ptr()), whole.nbytes());
  }
  return out;
}

}  // namespace kvferry
