// SPDX-License-Identifier: MIT
//
// which (8 bits) | the body of a message of that type: what decodes encodes to the same bytes.
#include <algorithm>

#include "protocol/wire/messages.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

template <typename Message>
static void require_same(ByteView body) {
  auto message = decode_map<Message>(body, Message::kName);
  if (!message) return;
  fuzz::require(std::ranges::equal(encode_map(*std::move(message)), body), "encoded again, the same bytes");
}

template <typename... Messages>
static void require_same_of(std::size_t which, ByteView body) {
  constexpr void (*kAll[])(ByteView) = {require_same<Messages>...};
  kAll[which % sizeof...(Messages)](body);
}

FUZZ_TARGET(message) {
  if (input.empty()) return;
  // At the same places as in make_corpus.
  require_same_of<HelloMessage, RequestMessage, OfferMessage, AcceptMessage, ManifestMessage, PageMessage,
                  ConfirmMessage, RejectMessage, StopMessage, EndMessage, CancelMessage, RefuseMessage,
                  ResendMessage, PingMessage, PongMessage, ErrorMessage, GoodbyeMessage, HaveMessage,
                  CreditMessage, SkipMessage, LevelMessage, PreferMessage, ProgressMessage>(input[0],
                                                                                            input.subspan(1));
}
