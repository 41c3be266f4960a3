// SPDX-License-Identifier: MIT
//
// Operations on two connections over datagrams: session_pair.h.
#include "tests/fuzz/session_pair.h"

FUZZ_TARGET(session_datagram) { kvferry::fuzz::run_session_pair(kvferry::Binding::kDatagram, input); }
