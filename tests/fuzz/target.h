// SPDX-License-Identifier: MIT
//
// A fuzz target is a function of bytes that ends the process when a property does not hold.
// Each file defines one; a program holds one of them (libFuzzer) or all (fuzz_replay).
#pragma once

#include <cstdio>
#include <cstdlib>

#include "protocol/base/bytes.h"

namespace kvferry::fuzz {

using Target = void (*)(ByteView input);

struct NamedTarget {
  const char* name;
  Target run;
  NamedTarget* next;
};

// The targets of this program, linked before main() begins.
inline NamedTarget* first_target = nullptr;

struct Registration {
  NamedTarget entry;
  Registration(const char* name, Target run) : entry{name, run, first_target} { first_target = &entry; }
};

inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

}  // namespace kvferry::fuzz

// FUZZ_TARGET(name) { ... input ... }
#define FUZZ_TARGET(name)                                                    \
  static void run_##name(kvferry::ByteView input);                           \
  static kvferry::fuzz::Registration registration_##name(#name, run_##name); \
  static void run_##name([[maybe_unused]] kvferry::ByteView input)
