// SPDX-License-Identifier: MIT
//
// The wire tool where one side is not who it should be: over TLS and QUIC the client ends with status 1 and a
// line, and not a byte of kvferry has passed, either way.
#include <fstream>

#include "scenarios/security.h"
#include "tests/transport/identities.h"
#include "tests/transport/tool.h"

namespace kvferry::test {
namespace {

// What a side shows, and whom it believes: --peer-key or --ca, and its value.
struct Side {
  Identity identity;
  std::string trust, whom;
};

class BadIdentity : public KvferryTool, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    KvferryTool::SetUp();
    write("authority.pem", authority_.pem());
    write("other_authority.pem", other_authority_.pem());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    fs::permissions(path(name), fs::perms::owner_read | fs::perms::owner_write);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static Side knows(const Identity& own, const Identity& peer) {
    return {own, "--peer-key", key_of(peer).text()};
  }
  [[nodiscard]] Side believes(const Identity& own, const char* authority = "authority.pem") const {
    return {own, "--ca", path(authority)};
  }
  [[nodiscard]] Identity issued(Validity validity = Validity::kNow) const {
    return authority_.issue("localhost", validity);
  }

  [[nodiscard]] Words words(Words begin, const char* name, const Side& side) const {
    write(std::string(name) + ".pem", side.identity.pem);
    begin.insert(begin.end(), {"--transport", GetParam(), "--key", path(std::string(name) + ".pem"),
                               side.trust, side.whom, "--pcap", path(std::string(name) + ".pcap")});
    return begin;
  }
  [[nodiscard]] Words serving(const Side& side) const {
    return words({"serve", file_, "--listen", "127.0.0.1:0", "--metrics-port", "0"}, "server", side);
  }
  // By name, so that an authority can have signed for it.
  static std::string named(const std::string& where) { return "localhost" + where.substr(where.find(':')); }

  // The same client, without a process around it.
  [[nodiscard]] Ledger ledger_of_a_client(const std::string& where, const Side& side) const {
    SecurityOptions typed;
    typed.transport = GetParam();
    typed.key = path("client.pem");
    (side.trust == "--ca" ? typed.authorities : typed.peer_keys.emplace_back()) = side.whom;
    FetchOptions options;
    secure(options, read_security(typed), *HostPort::parse(where));
    CardSink sink;
    const FetchReport report = fetch_card(*HostPort::parse(where), options, sink);
    EXPECT_EQ(report.status, ClientStatus::kInsecure) << report.message;
    return report.ledger;
  }

  // What the client says of it, behind the peer's name.
  std::string refusal(const Side& server_side, const Side& client_side) {
    Process server("kvferry", serving(server_side));
    const std::string metrics = server.line("metrics on ");
    const std::string where = named(server.listening_on());
    const Finished fetched =
        tool(words({"fetch", where, "--document", "sample", "--into", into()}, "client", client_side));
    EXPECT_EQ(fetched.status, 1);
    EXPECT_EQ(fetched.out, "");
    EXPECT_EQ(lines(fetched.err), 1) << fetched.err;
    EXPECT_EQ(files_fetched(), 0u);
    const Ledger ledger = ledger_of_a_client(where, client_side);
    EXPECT_EQ(ledger.received.total(), 0u);
    EXPECT_EQ(ledger.sent.total(), 0u);
    expect_nothing_passed(metrics);
    const std::string begin = "kvferry: " + where + ": ";
    EXPECT_EQ(fetched.err.find(begin), 0u) << fetched.err;
    return fetched.err.substr(std::min(begin.size(), fetched.err.size()));
  }
  // Two connections have ended, and the server has counted no byte; of TLS the captures have none either.
  void expect_nothing_passed(const std::string& metrics) const {
    const Time end = steady_now() + std::chrono::seconds(10);
    std::string page;
    while (page.find("kvferry_connections_ended_total{how=\"insecure\"} 2\n") == std::string::npos &&
           steady_now() < end) {
      std::this_thread::sleep_for(milliseconds(5));
      RawClient client(*HostPort::parse(metrics));
      client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      page = client.read_all();
    }
    EXPECT_NE(page.find("kvferry_connections_ended_total{how=\"insecure\"} 2\n"), std::string::npos) << page;
    EXPECT_EQ(page.find("kvferry_bytes_total{"), std::string::npos) << page;
    if (GetParam() != std::string("tls")) return;
    EXPECT_EQ(plain_bytes("server.pcap"), 0u);
    EXPECT_EQ(plain_bytes("client.pcap"), 0u);
  }
  // TCP payload in a capture of IPv4.
  [[nodiscard]] std::size_t plain_bytes(const std::string& name) const {
    const std::string file = read_file(path(name));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data());
    std::size_t total = 0, packets = 0;
    for (std::size_t at = 24; at < file.size(); ++packets) {
      const auto size = load_le<std::uint32_t>(bytes + at + 8);
      total += size - 40;
      at += 16 + size;
    }
    EXPECT_GE(packets, 3u) << "the handshake of a connection";
    return total;
  }

  const Authority authority_{"authority"};
  const Authority other_authority_{"other"};
};
INSTANTIATE_TEST_SUITE_P(Transports, BadIdentity, testing::Values("tls", "quic"));

TEST_P(BadIdentity, passes_where_there_is_none) {
  Process server("kvferry", serving(believes(issued())));
  const std::string where = named(server.listening_on());
  const Finished fetched =
      tool(words({"fetch", where, "--document", "sample", "--into", into()}, "client", believes(issued())));
  EXPECT_EQ(fetched.status, 0) << fetched.err;
  if (GetParam() != std::string("tls")) return;
  EXPECT_GT(plain_bytes("server.pcap"), card_.manifest.payload_bytes());
  EXPECT_GT(plain_bytes("client.pcap"), card_.manifest.payload_bytes());
}

TEST_P(BadIdentity, of_a_server_with_another_key_is_refused) {
  const Identity stranger = make_identity();
  EXPECT_NE(refusal(knows(bob(), alice()), knows(alice(), stranger)), "");
}

TEST_P(BadIdentity, of_a_client_with_another_key_is_refused) {
  const Identity stranger = make_identity();
  EXPECT_NE(refusal(knows(bob(), alice()), knows(stranger, bob())), "");
}

TEST_P(BadIdentity, of_a_client_without_a_key_does_not_get_as_far_as_the_network) {
  Process server("kvferry", serving(knows(bob(), alice())));
  (void)server.line("metrics on ");
  const std::string where = server.listening_on();
  const Finished fetched = tool({"fetch", where, "--document", "sample", "--into", into(), "--transport",
                                 GetParam(), "--key", path("none.pem"), "--peer-key", key_of(bob()).text()});
  EXPECT_EQ(fetched.status, 1);
  EXPECT_EQ(fetched.err, "kvferry: " + path("none.pem") +
                             ": no key here: make one with `kvferry keygen`, or name it by --key\n");
  EXPECT_EQ(fs::file_size(path("server.pcap")), 24u) << "no packet";
}

TEST_P(BadIdentity, out_of_its_dates_is_refused) {
  for (const Validity wrong : {Validity::kPast, Validity::kFuture}) {
    EXPECT_NE(refusal(believes(issued(wrong)), believes(issued())), "") << "the server's";
    EXPECT_NE(refusal(believes(issued()), believes(issued(wrong))), "") << "the client's";
  }
}

TEST_P(BadIdentity, of_another_authority_is_refused) {
  const Identity foreign = other_authority_.issue("localhost", Validity::kNow);
  EXPECT_NE(refusal(believes(foreign), believes(issued())), "") << "the server's";
  EXPECT_NE(refusal(believes(issued()), believes(foreign)), "") << "the client's";
}

TEST_P(BadIdentity, that_it_signed_itself_is_refused_where_an_authority_is_asked_for) {
  EXPECT_NE(refusal(believes(bob()), believes(issued())), "") << "the server's";
  EXPECT_NE(refusal(believes(issued()), believes(alice())), "") << "the client's";
}

TEST_P(BadIdentity, of_a_server_with_another_name_is_refused) {
  const Identity elsewhere = authority_.issue("elsewhere.example", Validity::kNow);
  EXPECT_NE(refusal(believes(elsewhere), believes(issued())), "");
}

}  // namespace
}  // namespace kvferry::test
