// SPDX-License-Identifier: MIT
//
// Operations on two connections over a stream: session_pair.h.
#include "tests/fuzz/session_pair.h"

FUZZ_TARGET(session_stream) { kvferry::fuzz::run_session_pair(kvferry::Binding::kStream, input); }
