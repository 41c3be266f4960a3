// SPDX-License-Identifier: MIT
//
// Whole conversations on the stream binding. The other side is written by hand,
// the side under test answers while the script is made.
#include "protocol/card/card.h"
#include "tests/conformance/make/conversation_maker.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

Bytes hello() { return frame(HelloMessage{}); }

Card the_card() { return sample_card(1, 3, 40); }

RequestMessage request() {
  RequestMessage message;
  message.options.document = "notes";
  return message;
}

ConfirmMessage confirm(std::uint64_t chunks) { return {0, chunks, the_card().digest(), {}}; }

ChunkRanges chunk(std::uint32_t index) {
  ChunkRanges one;
  one.add(index);
  return one;
}

Bytes data(std::uint32_t index, std::uint64_t offset, ByteView bytes) {
  Bytes body;
  put_data_place(body, {0, index, offset});
  append(body, bytes);
  return frame(static_cast<std::uint64_t>(FrameType::kData), body);
}

Bytes manifest_frames() {
  EncodedManifest encoded = encode_manifest(the_card().manifest);
  Bytes out = frame(ManifestMessage{0, encoded.root, {}, {}});
  append(out, frame(PageMessage{0, 0, encoded.pages[0], {}}));
  return out;
}

void add_openings(Collection& c) {
  server("greeting", "both greet", c).in(0, hello()).ends("accept");
  server("no-greeting", "nothing is said for ten seconds", c).timer().ends("closed 9");
  server("kept-alive", "a quiet connection is asked for a sign of life, and dies without one", c)
      .in(0, hello())
      .timer()
      .timer()
      .timer()
      .ends("closed 8");
  HelloMessage later;
  later.hello.versions = {2, 3};
  server("other-versions", "no version in common", c).in(0, frame(later)).ends("closed 6");
  HelloMessage more;
  more.hello.versions = {1, 2};
  server("more-versions", "one of two versions in common", c).in(0, frame(more)).ends("accept");
  HelloMessage poor;
  poor.hello.limits.initial_credit_bytes = poor.hello.limits.max_chunk_bytes - 1;
  server("poor-credit", "credit for less than one chunk", c).in(0, frame(poor)).ends("closed 1");
  server("ping", "a ping is answered", c).in(0, hello()).in(5, frame(PingMessage{77, {}})).ends("accept");
  server("goodbye", "an orderly end", c).in(0, hello()).in(5, frame(GoodbyeMessage{})).ends("closed 0");
  server("cut", "the stream ends without a word", c).in(0, hello()).end(5).ends("closed 10");
}

void add_requests(Collection& c) {
  server("transfer", "a card is asked for, sent and confirmed", c)
      .in(0, joined(hello(), frame(request())))
      .in(20, frame(confirm(3)))
      .in(20, frame(GoodbyeMessage{}))
      .ends("closed 0");
  RequestMessage held = request();
  held.options.card = the_card().digest();
  held.options.held = chunk(0);
  held.partial = ChunkPrefixes({{1, Slice(Bytes(4))}});
  server("resume", "chunk 0 is held, and four bytes of chunk 1", c)
      .in(0, joined(hello(), frame(held)))
      .ends("accept");
  RequestMessage first = request();
  first.options.manifest_first = true;
  server("manifest-first", "no data before HAVE, and then not what is here", c)
      .in(0, joined(hello(), frame(first)))
      .in(10, frame(HaveMessage{0, chunk(1), {}}))
      .ends("accept");
  RequestMessage poor = request();
  poor.options.byte_budget = the_card().manifest.chunks[0].size_bytes;
  server("budget", "the byte budget is for one chunk", c).in(0, joined(hello(), frame(poor))).ends("accept");
  RequestMessage late = request();
  late.deadline_us = 0;
  server("too-late", "a deadline of now: everything is skipped", c)
      .in(0, joined(hello(), frame(late)))
      .ends("accept");
  RequestMessage proud = request();
  proud.options.min_quality = 0.5;
  server("quality", "a quality that was never measured", c)
      .in(0, joined(hello(), frame(proud)))
      .ends("accept");
  RequestMessage other = request();
  other.options.card = sha256(as_bytes("another"));
  server("other-card", "a card that is not here", c).in(0, joined(hello(), frame(other))).ends("accept");
  server("stop", "the receiver has enough", c)
      .in(0, joined(hello(), frame(request())))
      .in(9, frame(StopMessage{0, 1, {}}))
      .in(20, frame(confirm(3)))
      .ends("accept");
  server("resend", "a chunk again", c)
      .in(0, joined(hello(), frame(request())))
      .in(9, frame(ResendMessage{0, chunk(2), {}}))
      .ends("accept");
  server("two-transfers", "two at once, frame by frame", c)
      .in(0, joined(joined(hello(), frame(request())), frame([] {
                      RequestMessage second = request();
                      second.transfer = 2;
                      return second;
                    }())))
      .ends("accept");
}

void add_faults(Collection& c) {
  Bytes begun = joined(hello(), frame(request()));
  server("confirm-of-another-card", "CONFIRM names another digest", c)
      .in(0, begun)
      .in(9, frame(ConfirmMessage{0, 3, sha256(as_bytes("another")), {}}))
      .ends("closed 4");
  server("never-was", "CANCEL of a transfer that never was", c)
      .in(0, hello())
      .in(1, frame(CancelMessage{0, "", TransferError::kOther, {}}))
      .ends("closed 4");
  server("ended", "a frame of a transfer that has ended is ignored", c)
      .in(0, begun)
      .in(1, frame(CancelMessage{0, "", TransferError::kOther, {}}))
      .in(2, frame(StopMessage{0, 1, {}}))
      .ends("accept");
  server("number-again", "a transfer number is used twice", c)
      .in(0, joined(begun, frame(request())))
      .ends("closed 4");
  server("credit-shrinks", "CREDIT that is less than before", c)
      .in(0, begun)
      .in(1, frame(CreditMessage{0, 1, {}}))
      .ends("closed 1");
  server("wrong-state", "PAGE to a source", c)
      .in(0, begun)
      .in(1, frame(PageMessage{0, 0, {1}, {}}))
      .ends("closed 4");
  RequestMessage held = request();
  held.options.held = chunk(0);
  server("held-of-what", "held chunks without a card", c)
      .in(0, joined(hello(), frame(held)))
      .ends("closed 1");
}

void add_receptions(Collection& c) {
  Card card = the_card();
  auto whole = [&](std::uint32_t i) { return data(i, 0, card.chunks[i].view()); };
  Bytes begun = joined(hello(), manifest_frames());
  client("fetch", "a card arrives, is confirmed, and goodbye", c)
      .in(10, begun)
      .in(12, joined(joined(whole(0), whole(1)), whole(2)))
      .ends("closed 0");
  Bytes damaged(card.chunks[1].view().begin(), card.chunks[1].view().end());
  damaged[0] ^= 1;
  client("fetch-damaged", "a chunk with another digest is asked for again", c)
      .in(10, begun)
      .in(12, joined(joined(whole(0), data(1, 0, damaged)), whole(2)))
      .in(20, whole(1))
      .ends("closed 0");
  client("fetch-damaged-thrice", "a chunk with another digest, three times", c)
      .in(10, joined(begun, data(1, 0, damaged)))
      .in(20, data(1, 0, damaged))
      .in(30, data(1, 0, damaged))
      .ends("accept");
  client("fetch-skipped", "a chunk is skipped: the card is confirmed without it", c)
      .in(10, joined(begun, whole(0)))
      .in(12, joined(frame(SkipMessage{0, chunk(1), SkipReason::kChoice, {}}), whole(2)))
      .ends("closed 0");
  client("fetch-disorder", "the end of a chunk before its beginning", c)
      .in(10, joined(begun, data(0, 1, card.chunks[0].view().subspan(1))))
      .ends("closed 1");
  client("fetch-two-chunks-at-once", "a chunk begins before the last is whole", c)
      .in(10, joined(joined(begun, data(0, 0, card.chunks[0].view().first(1))), whole(1)))
      .ends("closed 1");
  client("fetch-beyond", "data beyond its chunk", c)
      .in(10, joined(begun, data(0, card.chunks[0].size(), Bytes{1})))
      .ends("closed 1");
  client("fetch-refused", "no such document", c)
      .in(10, joined(hello(), frame(RefuseMessage{0, "no such document", TransferError::kNotHere, {}})))
      .ends("accept");
  EncodedManifest encoded = encode_manifest(card.manifest);
  client("fetch-wrong-page", "a page that the root does not name", c)
      .in(10, joined(hello(), joined(frame(ManifestMessage{0, encoded.root, {}, {}}),
                                     frame(PageMessage{0, 0, with_flip(encoded.pages[0], 3), {}}))))
      .ends("accept");
  card.manifest.base = sha256(as_bytes("base"));
  EncodedManifest delta = encode_manifest(card.manifest);
  client("fetch-delta", "a delta of a card that is not here", c)
      .in(10, joined(hello(), joined(frame(ManifestMessage{0, delta.root, {}, {}}),
                                     frame(PageMessage{0, 0, delta.pages[0], {}}))))
      .ends("accept");
}

}  // namespace

void add_conversations(Collection& c) {
  add_openings(c);
  add_requests(c);
  add_faults(c);
  add_receptions(c);
  add_datagram_conversations(c);
}

}  // namespace kvferry::test
