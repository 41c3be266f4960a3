// SPDX-License-Identifier: MIT
//
// The wire tool and a peer that is not what it should be: one line, its exit status, nothing on the disk, by
// the timeout that it was given.
#include "protocol/datagram/retry_packet.h"
#include "protocol/wire/messages.h"
#include "tests/transport/other_program.h"
#include "tests/transport/tool.h"

namespace kvferry::test {
namespace {

const std::array<std::string, 4> kTransports{"tcp", "tls", "udp", "quic"};
constexpr Duration kBound = std::chrono::seconds(6);  // of a timeout of half a second, on a busy machine

class WrongPeer : public SecureTool {
 protected:
  [[nodiscard]] Words own(const std::string& key, const std::string& peer,
                          const std::string& transport) const {
    if (transport == "tcp" || transport == "udp") return {"--transport", transport, "--insecure"};
    return {"--transport", transport, "--key", path(key), "--peer-key", peer};
  }
  [[nodiscard]] Words serving(const std::string& transport) const {
    return joined({"serve", file_, "--listen", "127.0.0.1:0"}, own("server.pem", client_key_, transport));
  }
  // With half a second of patience.
  [[nodiscard]] Finished fetch(const std::string& where, const std::string& transport) const {
    return tool(joined({"fetch", where, "--document", "sample", "--into", into(), "--timeout", "0.5"},
                       own("client.pem", server_key_, transport)));
  }
  // The line without the program and the peer.
  std::string complaint(const std::string& where, const std::string& transport) const {
    const Time begun = steady_now();
    const Finished fetched = fetch(where, transport);
    EXPECT_LT(steady_now() - begun, kBound);
    EXPECT_EQ(fetched.status, 1);
    EXPECT_EQ(fetched.out, "");
    EXPECT_EQ(lines(fetched.err), 1) << fetched.err;
    EXPECT_EQ(files_fetched(), 0u);
    const std::string begin = "kvferry: " + where;
    EXPECT_EQ(fetched.err.find(begin), 0u) << fetched.err;
    return fetched.err.substr(std::min(begin.size(), fetched.err.size()));
  }
  static Words joined(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(WrongPeer, of_another_transport_is_told_in_a_line) {
  for (const std::string& server_speaks : kTransports) {
    Process server("kvferry", serving(server_speaks));
    const std::string where = server.listening_on();
    for (const std::string& client_speaks : kTransports) {
      SCOPED_TRACE(client_speaks + " to " + server_speaks);
      if (client_speaks == server_speaks) continue;
      EXPECT_NE(complaint(where, client_speaks), "");
    }
    EXPECT_EQ(fetch(where, server_speaks).status, 0) << server_speaks << " is as well as before";
    fs::remove(fs::path(into()) / (card_.digest().hex() + ".card"));
    EXPECT_EQ(server.interrupt().status, 0);
  }
}

TEST_F(WrongPeer, that_does_not_listen_is_told_in_a_line) {
  for (const std::string& transport : kTransports) {
    EXPECT_EQ(complaint("127.0.0.1:1", transport), ": Connection refused\n") << transport;
    // RFC 5737: nobody has this address.
    EXPECT_NE(complaint("192.0.2.1:4917", transport), "") << transport;
  }
}

TEST_F(WrongPeer, that_is_silent_is_told_in_a_line) {
  const OtherProgram silent([](Over, ByteView) { return Bytes(); });
  const std::string where = silent.where().text();
  const std::string no_greeting = ": no kvferry greeting from this peer: ";
  EXPECT_EQ(complaint(where, "tcp"), no_greeting + "no HELLO within the handshake timeout\n");
  EXPECT_EQ(complaint(where, "tls"), no_greeting + "no HELLO within the handshake timeout\n");
  EXPECT_EQ(complaint(where, "udp"), no_greeting + "no HELLO within the handshake timeout\n");
  EXPECT_EQ(complaint(where, "quic"), no_greeting + "no handshake within the timeout\n");
}

TEST_F(WrongPeer, that_speaks_http_is_told_in_a_line) {
  const OtherProgram http([](Over, ByteView) {
    const ByteView text =
        as_bytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return Bytes(text.begin(), text.end());
  });
  for (const std::string& transport : kTransports) EXPECT_NE(complaint(http.where().text(), transport), "");
}

TEST_F(WrongPeer, that_sends_garbage_is_told_in_a_line) {
  Rng rng(3);
  const OtherProgram garbage(
      [&rng](Over over, ByteView) { return random_bytes(rng, over == Over::kTcp ? 20000 : 1200); });
  for (const std::string& transport : kTransports)
    EXPECT_NE(complaint(garbage.where().text(), transport), "");
}

TEST_F(WrongPeer, that_says_everything_back_is_told_in_a_line) {
  const OtherProgram echo([](Over, ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); });
  for (const std::string& transport : kTransports) EXPECT_NE(complaint(echo.where().text(), transport), "");
}

TEST_F(WrongPeer, of_another_version_is_told_in_a_line) {
  const OtherProgram later([](Over over, ByteView bytes) {
    if (over == Over::kUdp) return seal_versions({load_le<std::uint64_t>(bytes.data() + 1), {0xAF}});
    HelloMessage hello;
    hello.hello.versions = {99};
    Bytes frame;
    const Bytes body = encode_map(hello);
    put_stream_frame_head(frame, static_cast<std::uint64_t>(FrameType::kHello), body);
    append(frame, body);
    return frame;
  });
  EXPECT_EQ(complaint(later.where().text(), "tcp"),
            ": no kvferry greeting from this peer: the peer does not speak version 1\n");
  EXPECT_EQ(complaint(later.where().text(), "udp"),
            " closed the connection: the peer speaks no packets of version 1\n");
}

}  // namespace
}  // namespace kvferry::test
