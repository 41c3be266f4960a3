// SPDX-License-Identifier: MIT
//
// What every program's main shares: errors are caught once, printed as one line
// "program: message" on stderr, and become exit statuses: 0 success, 1 failure,
// 2 wrong usage, 3 not done by the deadline.
#pragma once

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "protocol/base/result.h"

namespace kvferry {

inline constexpr const char* kProgramVersion = KVFERRY_VERSION;

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitTooLate = 3;

// What the user asked for could not be done.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  explicit Failure(const Error& error) : std::runtime_error(error.message) {}
};

// What the user asked for was not done by the deadline that came with it.
class TooLate : public Failure {
 public:
  using Failure::Failure;
};

// What the user asked for makes no sense.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The value, or its error as a Failure: for programs, where an error ends the run.
template <typename T>
T value_or_fail(Result<T> result) {
  if (!result) throw Failure(result.error());
  return std::move(result).value();
}
// The same for what the user typed.
template <typename T>
T value_or_usage(Result<T> result) {
  if (!result) throw UsageError(result.error().message);
  return std::move(result).value();
}
inline void check_or_fail(const Result<void>& result) {
  if (!result) throw Failure(result.error());
}
inline void check_or_usage(const Result<void>& result) {
  if (!result) throw UsageError(result.error().message);
}

// Runs the body of main and returns the exit status. A file that may not grow is an error like any other, not
// the end of the process.
inline int run_program(const std::string& name, const std::function<int()>& body) {
  std::signal(SIGXFSZ, SIG_IGN);
  // The first line: libraries add where they were called from.
  const auto complain = [&](const char* what) {
    std::fprintf(stderr, "%s: %.*s\n", name.c_str(), static_cast<int>(std::strcspn(what, "\n")), what);
  };
  try {
    const int status = body();
    if (std::fflush(stdout) == 0) return status;
    complain("standard output: could not be written");
  } catch (const UsageError& error) {
    complain(error.what());
    return kExitUsage;
  } catch (const TooLate& error) {
    complain(error.what());
    return kExitTooLate;
  } catch (const std::exception& error) {
    complain(error.what());
  }
  return kExitFailure;
}

}  // namespace kvferry
