// SPDX-License-Identifier: MIT
//
// The KV cache of one document, owned, in FP16 on the CPU: what a model hands to the
// codec and gets back from it. It is ragged: every layer has its own kept positions.
// K is held after RoPE, rotated by the positions kept here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "codec/kv_view.h"
#include "protocol/base/result.h"

namespace kvferry {

struct KvGeometry {
  std::uint32_t layers = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;

  // Values of one row of K (or of V) in one layer.
  [[nodiscard]] std::size_t channels() const { return std::size_t{kv_heads} * head_dim; }
  friend bool operator==(const KvGeometry&, const KvGeometry&) = default;
};

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}
  [[nodiscard]] T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), kAlignment));
  }
  void deallocate(T* pointer, std::size_t) { ::operator delete(pointer, kAlignment); }
  template <typename U>
  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator<U>&) {
    return true;
  }
};

// FP16 bits, starting on a cache line.
using HalfBuffer = std::vector<std::uint16_t, CacheLineAllocator<std::uint16_t>>;

class KvCache {
 public:
  KvCache() = default;

  // Zeroed storage for the given positions, one ascending list per layer, all in [0,
  // token_count); a list is empty where the layer was not sent, but not all are. token_count
  // is the length of the document before selection. Errors name the layer and the place in
  // its list.
  [[nodiscard]] static Result<KvCache> create(KvGeometry geometry,
                                              std::vector<std::vector<std::int32_t>> positions,
                                              std::uint32_t token_count);

  // The same with every position 0 .. token_count - 1 kept in every layer.
  [[nodiscard]] static Result<KvCache> create_full(KvGeometry geometry, std::uint32_t token_count);

  [[nodiscard]] const KvGeometry& geometry() const { return geometry_; }
  [[nodiscard]] std::uint32_t token_count() const { return token_count_; }
  // Where the first token after the document stands, whatever was selected.
  [[nodiscard]] std::int32_t next_position() const { return static_cast<std::int32_t>(token_count_); }

  [[nodiscard]] std::span<const std::int32_t> positions(std::size_t layer) const {
    return layers_[layer].positions;
  }
  [[nodiscard]] std::size_t rows(std::size_t layer) const { return layers_[layer].positions.size(); }

  // Layout [row][head][dim], contiguous, 64-byte aligned; rows(layer) * channels() values.
  [[nodiscard]] std::span<std::uint16_t> key_data(std::size_t layer) { return layers_[layer].key; }
  [[nodiscard]] std::span<std::uint16_t> value_data(std::size_t layer) { return layers_[layer].value; }
  [[nodiscard]] std::span<const std::uint16_t> key_data(std::size_t layer) const {
    return layers_[layer].key;
  }
  [[nodiscard]] std::span<const std::uint16_t> value_data(std::size_t layer) const {
    return layers_[layer].value;
  }
  [[nodiscard]] KvView key(std::size_t layer) const { return view(layer, layers_[layer].key); }
  [[nodiscard]] KvView value(std::size_t layer) const { return view(layer, layers_[layer].value); }

  // Bytes of K and V held, after selection.
  [[nodiscard]] std::uint64_t bytes_fp16() const;
  // Bytes of K and V had all token_count positions been kept in every layer.
  [[nodiscard]] std::uint64_t full_bytes_fp16() const;

  friend bool operator==(const KvCache&, const KvCache&) = default;

 private:
  struct Layer {
    std::vector<std::int32_t> positions;
    HalfBuffer key;
    HalfBuffer value;
    friend bool operator==(const Layer&, const Layer&) = default;
  };

  [[nodiscard]] KvView view(std::size_t layer, const HalfBuffer& data) const;

  KvGeometry geometry_;
  std::uint32_t token_count_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace kvferry
