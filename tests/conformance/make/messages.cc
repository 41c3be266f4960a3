// SPDX-License-Identifier: MIT
//
// Messages.
#include "tests/conformance/make/makers.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {

namespace {

template <typename Message>
void add_message(Collection& c, const std::string& name, const std::string& what, Message message) {
  c.accept(name, std::string("message ") + Message::kName, what, encode_map(std::move(message)));
}

RequestMessage sample_request() {
  RequestMessage request;
  request.transfer = 2;
  request.options.document = "handbook";
  request.options.preset = "int4";
  request.options.question_tokens = {1, 300, 70000};
  request.options.card = sha256(as_bytes("card"));
  request.options.held.add(0);
  request.options.held.add(1);
  request.options.held.add(9);
  request.options.byte_budget = 1 << 20;
  request.options.min_quality = 0.5;
  request.deadline_us = 1'500'000;
  return request;
}

ChunkRanges some_chunks() {
  ChunkRanges chunks;
  chunks.add(0);
  chunks.add(9);
  return chunks;
}

}  // namespace

void add_messages(Collection& c) {
  HelloMessage hello;
  hello.hello.agent = "kvferry/0.1";
  hello.hello.codecs = {0, 1};
  add_message(c, "hello", "a greeting without a model", hello);
  hello.hello.model = sample_model();
  add_message(c, "hello-model", "a greeting with a model identity", hello);
  add_message(c, "request", "every option at once", sample_request());
  RequestMessage resume;
  resume.options.card = sha256(as_bytes("card"));
  resume.options.held.add(0);
  resume.partial = ChunkPrefixes({{1, Slice(Bytes(5))}, {4, Slice(Bytes(70000))}});
  resume.options.bases = DigestList({sha256(as_bytes("base")), sha256(as_bytes("other"))});
  resume.options.manifest_first = true;
  resume.options.urgency = 0;
  add_message(c, "request-resume", "partial chunks, bases, manifest first, urgent", resume);
  RequestMessage droppable;
  droppable.options.document = "notes";
  droppable.options.droppable_from = 4;
  add_message(c, "request-droppable", "refinements of level 4 and above may be dropped", droppable);
  RequestMessage following;
  following.options.document = "notes";
  following.options.bases = DigestList({sha256(as_bytes("card"))});
  following.options.after = sha256(as_bytes("card"));
  add_message(c, "request-after", "the next card of a document that is followed", following);
  add_message(c, "request-bare", "no option at all", RequestMessage{});
  add_message(c, "offer", "a card is offered",
              OfferMessage{1, {sha256(as_bytes("card")), "notes", 5000, 20000, {}}, {}});
  OfferMessage delta{1, {sha256(as_bytes("card")), "notes", 50, 20000, sha256(as_bytes("base"))}, {}};
  add_message(c, "offer-delta", "a delta is offered", delta);
  add_message(c, "accept", "an offer is accepted, nothing held", AcceptMessage{});
  add_message(c, "accept-partial", "one chunk held, one begun, the manifest first",
              AcceptMessage{1, some_chunks(), ChunkPrefixes({{3, Slice(Bytes(64))}}), true, {}, {}});
  add_message(c, "accept-droppable", "every refinement may be dropped",
              AcceptMessage{1, {}, {}, false, 0, {}});
  add_message(c, "have", "two chunks are here", HaveMessage{2, some_chunks(), {}});
  add_message(c, "have-nothing", "nothing is here: begin", HaveMessage{2, {}, {}});
  add_message(c, "resend", "two chunks again", ResendMessage{2, some_chunks(), {}});
  add_message(c, "prefer", "two chunks first", PreferMessage{2, some_chunks(), {}});
  add_message(c, "credit", "64 MiB in all", CreditMessage{2, 64u << 20, {}});
  add_message(c, "level", "nothing above level 1", LevelMessage{2, 1, {}});
  add_message(c, "skip", "two chunks would come too late",
              SkipMessage{2, some_chunks(), SkipReason::kDeadline, {}});
  add_message(c, "skip-lost", "two chunks were lost", SkipMessage{2, some_chunks(), SkipReason::kLost, {}});
  add_message(c, "reject", "a chunk is damaged",
              RejectMessage{2, "chunk 1: its digest differs", TransferError::kDamaged, {}});
  add_message(c, "cancel", "the source gives up", CancelMessage{2, "closing", TransferError::kOther, {}});
  add_message(c, "progress", "64 KiB in 100 ms", ProgressMessage{65536, 100'000, {}});
  add_message(c, "pong", "the answer to a ping", PongMessage{7, {}});
  add_message(c, "error", "a fault", ErrorMessage{4, "a second HELLO", {}});
  add_message(c, "stop", "enough after 5 chunks", StopMessage{2, 5, {}});
  add_message(c, "end", "the source has stopped after 7", EndMessage{2, 7, {}});
  add_message(c, "confirm", "40 chunks verified and applied",
              ConfirmMessage{2, 40, sha256(as_bytes("card")), {}});
  add_message(c, "refuse", "a refusal with its reason",
              RefuseMessage{2, "no such document", TransferError::kNotHere, {}});
  add_message(c, "goodbye", "an orderly end", GoodbyeMessage{});
  const char* ping = "message PING";
  c.accept("ping-unknown-key", ping, "a key of a later version is kept", {0x82, 0x00, 0x07, 0x01, 0xc0});
  c.reject("ping-no-key", ping, "the required key is missing", "key 0 (nonce): missing", {0x80});
  c.reject("ping-long-integer", ping, "7 in two bytes", "longer form than needed", {0x81, 0x00, 0xcc, 0x07});
  c.reject("ping-key-twice", ping, "the same key twice", "map keys not ascending",
           {0x82, 0x00, 0x07, 0x00, 0x07});
  c.reject("ping-trailing", ping, "a byte after the map", "trailing bytes", {0x81, 0x00, 0x07, 0x00});
  c.reject("ping-text", ping, "text where a number is expected", "expected an unsigned integer",
           {0x81, 0x00, 0xa1, 0x37});
  c.reject("ping-array", ping, "an array instead of a map", "expected a map", {0x91, 0x07});
  c.reject("ping-deep", ping, "nested seven deep", "nested too deeply",
           {0x82, 0x00, 0x07, 0x01, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x00});
  c.reject("ping-extension", ping, "an extension type", "not allowed",
           {0x82, 0x00, 0x07, 0x01, 0xd4, 0x01, 0x00});
  c.reject("refuse-control-character", "message REFUSE", "a line end in a reason", "control character",
           {0x82, 0x00, 0x02, 0x01, 0xa2, 0x61, 0x0a});
  c.reject("request-held-not-ranges", "message REQUEST", "a held set with a number missing", "truncated",
           {0x85, 0x00, 0x00, 0x01, 0xa0, 0x02, 0xa0, 0x03, 0x90, 0x04, 0xc4, 0x01, 0x05});
  c.reject("request-manifest-first-false", "message REQUEST", "a flag that is there and false",
           "expected it absent",
           joined({0x86, 0x00, 0x00, 0x01, 0xa0, 0x02, 0xa0, 0x03, 0x90, 0x04, 0xc4, 0x00}, {0x0b, 0xc2}));
  c.reject("request-urgency-8", "message REQUEST", "an urgency above 7", "above the limit",
           joined({0x86, 0x00, 0x00, 0x01, 0xa0, 0x02, 0xa0, 0x03, 0x90, 0x04, 0xc4, 0x00}, {0x0c, 0x08}));
  c.reject("request-droppable-256", "message REQUEST", "a level above 255", "above the limit",
           joined({0x86, 0x00, 0x00, 0x01, 0xa0, 0x02, 0xa0, 0x03, 0x90, 0x04, 0xc4, 0x00},
                  {0x0d, 0xcd, 0x01, 0x00}));
  c.reject("skip-reason-5", "message SKIP", "a reason that there is not", "above the limit",
           {0x83, 0x00, 0x02, 0x01, 0xc4, 0x02, 0x00, 0x01, 0x02, 0x05});
  c.reject("accept-touching-ranges", "message ACCEPT", "two ranges that are one", "touching",
           {0x82, 0x00, 0x01, 0x01, 0xc4, 0x04, 0x00, 0x01, 0x00, 0x01});
}

}  // namespace kvferry::test
