// SPDX-License-Identifier: MIT
#include "tests/protocol/counted_heap.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

using kvferry::test::open_heap_account;

void* counted_malloc(std::size_t size_bytes) noexcept {
  void* at = std::malloc(size_bytes > 0 ? size_bytes : 1);
  if (at != nullptr && open_heap_account != nullptr)
    open_heap_account->book(static_cast<std::int64_t>(malloc_usable_size(at)));
  return at;
}

void* counted_new(std::size_t size_bytes) {
  void* at = counted_malloc(size_bytes);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}

void counted_delete(void* at) {
  if (at != nullptr && open_heap_account != nullptr)
    open_heap_account->book(-static_cast<std::int64_t>(malloc_usable_size(at)));
  std::free(at);
}

}  // namespace

void* operator new(std::size_t size_bytes) { return counted_new(size_bytes); }
void* operator new[](std::size_t size_bytes) { return counted_new(size_bytes); }
void* operator new(std::size_t size_bytes, const std::nothrow_t&) noexcept {
  return counted_malloc(size_bytes);
}
void* operator new[](std::size_t size_bytes, const std::nothrow_t&) noexcept {
  return counted_malloc(size_bytes);
}
void operator delete(void* at) noexcept { counted_delete(at); }
void operator delete[](void* at) noexcept { counted_delete(at); }
void operator delete(void* at, std::size_t) noexcept { counted_delete(at); }
void operator delete[](void* at, std::size_t) noexcept { counted_delete(at); }
