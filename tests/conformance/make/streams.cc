// SPDX-License-Identifier: MIT
//
// The beginnings of streams, as a server takes them, and datagrams beside streams.
#include "tests/conformance/make/makers.h"

namespace kvferry::test {

void add_streams(Collection& c) {
  Bytes hello = frame(HelloMessage{});
  Bytes ping = frame(PingMessage{7, {}});
  c.accept("stream-hello", "stream", "a greeting", hello);
  c.accept("stream-ping", "stream", "a greeting and a ping", joined(hello, ping));
  c.accept("stream-unknown-type", "stream", "an unknown type without the critical bit is skipped",
           joined(hello, frame(0x40, {1, 2, 3})));
  c.accept("stream-reserved-type", "stream", "a reserved type is skipped",
           joined(hello, frame(reserved_type(0), {9})));
  c.accept("stream-cut", "stream", "half a frame: more may come", without_last(joined(hello, ping)));
  c.reject("stream-critical-type", "stream", "an unknown type with the critical bit", "frame type 65",
           joined(hello, frame(0x41, {1, 2, 3})));
  c.reject("stream-no-hello", "stream", "a ping before the greeting", "a message before HELLO", ping);
  c.reject("stream-two-hellos", "stream", "a second greeting", "a second HELLO", joined(hello, hello));
  c.reject("stream-bad-checksum", "stream", "a flipped bit in the body", "CRC32C differs",
           with_flip(hello, hello.size() - 1));
  c.reject("stream-bad-head", "stream", "a flipped bit in the checksum", "CRC32C differs",
           with_flip(hello, 3));
  c.reject("stream-huge-length", "stream", "a length of 2^62 - 1", "limit",
           {0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0});
  c.reject("stream-long-type", "stream", "the type in two bytes", "shortest form",
           {0x40, 0x01, 0x00, 0, 0, 0, 0});
  c.reject("stream-other-protocol", "stream", "a line of HTTP", "",
           Bytes{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1', '.', '1', '\r', '\n'});
  Bytes place;
  put_data_place(place, {0, 0, 0});
  c.reject("stream-data-unasked", "stream", "data for a transfer that never was", "never was",
           joined(hello, frame(static_cast<std::uint64_t>(FrameType::kData), joined(place, {1, 2}))));
  put_data_place(place = {}, {2, 70, 20'000});
  c.accept("datagram", "datagram", "three bytes of chunk 70", joined(place, {1, 2, 3}));
  c.reject("datagram-place-only", "datagram", "a place and no bytes", "no bytes", place);
  c.reject("datagram-cut", "datagram", "two numbers of three", "no place", {0x02, 0x40});
  c.reject("datagram-long-varint", "datagram", "chunk 5 in two bytes", "no place",
           {0x00, 0x40, 0x05, 0x00, 0x01});
}

}  // namespace kvferry::test
