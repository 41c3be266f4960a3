// SPDX-License-Identifier: MIT
//
// QUIC with the programs of the Debian packages ngtcp2-client and ngtcp2-server, which speak HTTP/3 only: the
// handshake and the transport, either end ours.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/transport/process.h"
#include "tests/transport/quic/http3.h"
#include "tests/transport/quic/test_identity.h"
#include "tests/transport/udp_harness.h"
#include "transport/quic_client.h"
#include "transport/quic_server.h"

namespace kvferry::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr char kTheirClient[] = "/usr/bin/gtlsclient";
constexpr char kTheirServer[] = "/usr/sbin/gtlsserver";
constexpr std::size_t kLongBody = 5'000'000;  // under way when something happens

const TestIdentity& ours() {
  static const TestIdentity kIdentity;
  return kIdentity;
}
const TestIdentity& theirs() {
  static const TestIdentity kIdentity;
  return kIdentity;
}

// How the last connection has ended, and what kvferry has said and heard on all of them.
class LastWords {
 public:
  void take(const ConnectionDriver& connection, const event::Closed& closed) {
    const std::lock_guard lock(mutex_);
    why_ = connection.security_failure().empty() ? closed.reason : connection.security_failure();
    const Ledger& ledger = connection.connection().ledger();
    kvferry_bytes_ += ledger.sent.total() + ledger.received.total();
  }
  [[nodiscard]] std::string why() const {
    const std::lock_guard lock(mutex_);
    return why_;
  }
  [[nodiscard]] std::uint64_t kvferry_bytes() const {
    const std::lock_guard lock(mutex_);
    return kvferry_bytes_;
  }

 private:
  mutable std::mutex mutex_;
  std::string why_;
  std::uint64_t kvferry_bytes_ = 0;
};

class Listener final : public ConnectionHandler {
 public:
  explicit Listener(LastWords& words) : words_(words) {}
  void on_event(ConnectionDriver& connection, const Event& event) override {
    if (const auto* closed = std::get_if<event::Closed>(&event)) words_.take(connection, *closed);
  }

 private:
  LastWords& words_;
};

bool comes_true(const std::function<bool()>& done, Duration patience = std::chrono::seconds(20)) {
  const Time end = steady_now() + patience;
  while (!done() && steady_now() < end) std::this_thread::sleep_for(milliseconds(2));
  return done();
}

class Interop : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {kTheirClient, kTheirServer}) {
      if (!fs::exists(program)) GTEST_SKIP() << program << " is not there; scenarios/install brings it";
    }
    folder_ =
        fs::path(testing::TempDir()) /
        ("kvferry_interop_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "into");
    write("key.pem", theirs().key_pem());
    write("certificate.pem", theirs().certificate_pem());
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  [[nodiscard]] static std::string noise(std::size_t size_bytes) {
    Rng rng(size_bytes);
    const Bytes bytes = random_bytes(rng, size_bytes);
    return {bytes.begin(), bytes.end()};
  }

  // Not a byte of a stream, either way.
  void expect_silence() const {
    EXPECT_EQ(log_.heard_bytes(), 0u);
    EXPECT_EQ(words_.kvferry_bytes(), 0u);
  }

  fs::path folder_;
  Http3Log log_;
  LastWords words_;
};

class TheirClient : public Interop {
 protected:
  // A server of ours, with another protocol than kvferry's or without.
  void listen(const std::optional<OtherProtocolChoice>& other) {
    options_.quic.credentials = credentials(ours(), theirs().pinned());
    options_.quic.other = other;
    server_ = QuicServer::listen(options_, [this] { return std::make_unique<Listener>(words_); }).value();
    thread_ = std::thread([this] { server_->run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
  }
  void TearDown() override {
    stop();
    Interop::TearDown();
  }
  [[nodiscard]] Words asking(const Words& more = {}) const {
    const HostPort where = relay_ ? relay_->where() : server_->local();
    const std::string port = std::to_string(where.port);
    Words words{"--download=" + path("into"), "--no-quic-dump", "--no-http-dump"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {where.host, port, "https://localhost:" + port + "/body"});
    return words;
  }
  [[nodiscard]] Words with_key(Words more = {}) const {
    more.insert(more.end(), {"--key=" + path("key.pem"), "--cert=" + path("certificate.pem")});
    return asking(more);
  }
  // A request and a reply, then the server stops; what the client has printed.
  std::string expect_reply(const Words& words, std::size_t size_bytes) {
    const std::string body = noise(size_bytes);
    listen(http3_server(log_, body));
    if (move_after_ != 0) relay_.emplace(server_->local(), move_after_);
    Process client(kTheirClient, with_key(words));
    EXPECT_TRUE(comes_true([&] { return log_.request_has_ended(); }));
    EXPECT_TRUE(comes_true([&] { return read_file(path("into/body")).size() == size_bytes; }));
    stop();
    const Finished finished = client.wait();
    EXPECT_TRUE(read_file(path("into/body")) == body);
    EXPECT_TRUE(log_.has_settings());
    EXPECT_FALSE(log_.frames(kHttp3Headers).empty());
    EXPECT_EQ(words_.why(), "the server is stopping");
    return finished.err;
  }

  QuicServerOptions options_;
  std::size_t move_after_ = 0;  // datagrams; between the two stands a relay that changes its port then
  std::optional<UdpRelay> relay_;
  std::unique_ptr<QuicServer> server_;
  std::thread thread_;
};

TEST_F(TheirClient, gets_a_reply) {
  const std::string said = expect_reply({}, 100'000);
  EXPECT_NE(said.find("QUIC handshake has been confirmed"), std::string::npos) << said;
}

TEST_F(TheirClient, gets_a_reply_over_paths_that_lose) {
  expect_reply({"-t", "0.05", "-r", "0.05"}, 500'000);
}

TEST_F(TheirClient, proves_its_address_first) {
  options_.max_half_open = 0;
  EXPECT_NE(expect_reply({}, 1'000).find("type=Retry"), std::string::npos);
}

TEST_F(TheirClient, has_no_connection_id) { expect_reply({"--scid="}, 100'000); }

TEST_F(TheirClient, prefers_another_group) {
  expect_reply({"--groups=-GROUP-ALL:+GROUP-SECP384R1:+GROUP-SECP256R1"}, 1'000);
}

// One cipher only.
Words offering(const std::string& cipher) {
  return {"--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+" + cipher};
}

TEST_F(TheirClient, knows_aes_128) { expect_reply(offering("AES-128-GCM"), 1'000); }

TEST_F(TheirClient, knows_aes_256) { expect_reply(offering("AES-256-GCM"), 1'000); }

TEST_F(TheirClient, knows_chacha20) { expect_reply(offering("CHACHA20-POLY1305"), 1'000); }

TEST_F(TheirClient, asks_for_another_version) {
  const std::string said = expect_reply({"--version=v2draft"}, 1'000);
  EXPECT_NE(said.find("the negotiated version is 0x709a50c4"), std::string::npos);
}

TEST_F(TheirClient, keeps_nothing_to_come_back_early_with) {
  expect_reply({"--session-file=" + path("session")}, 1'000);
  EXPECT_FALSE(fs::exists(path("session")));
}

// It cannot read its own file of tokens again: that they are taken is tested elsewhere.
TEST_F(TheirClient, is_given_a_token) {
  expect_reply({"--token-file=" + path("token")}, 1'000);
  EXPECT_TRUE(read_file(path("token")).starts_with("-----BEGIN QUIC TOKEN-----"));
}

TEST_F(TheirClient, is_seen_to_leave) {
  listen(http3_server(log_, "reply"));
  Process client(kTheirClient, with_key());
  EXPECT_TRUE(comes_true([&] { return read_file(path("into/body")) == "reply"; }));
  (void)client.interrupt();
  EXPECT_TRUE(comes_true([&] { return !words_.why().empty(); }));
  EXPECT_EQ(words_.why(), "the peer ends QUIC with code 0");
}

TEST_F(TheirClient, renews_keys) {
  const std::string said = expect_reply({"--key-update=5ms"}, kLongBody);
  std::istringstream lines(said);
  bool renewed = false;
  for (std::string line; std::getline(lines, line);)
    renewed = renewed || (line.find("pkt rx") != line.npos && line.ends_with("type=1RTT k=1"));
  EXPECT_TRUE(renewed);
}

TEST_F(TheirClient, moves) {
  const std::string said = expect_reply({"--change-local-addr=5ms"}, kLongBody);
  EXPECT_NE(said.find("Changing local address"), std::string::npos);
}

TEST_F(TheirClient, moves_without_knowing) {
  move_after_ = 100;
  expect_reply({}, kLongBody);
  EXPECT_GT(relay_->recorded().size(), 200u);
}

TEST_F(TheirClient, without_a_certificate_hears_nothing) {
  listen(http3_server(log_, "secret"));
  const Finished finished = run_program_file(kTheirClient, asking());
  EXPECT_TRUE(comes_true([&] { return !words_.why().empty(); }));
  EXPECT_EQ(words_.why(), "TLS: Certificate is required");
  expect_silence();
}

TEST_F(TheirClient, with_another_key_hears_nothing) {
  const TestIdentity stranger;
  write("key.pem", stranger.key_pem());
  write("certificate.pem", stranger.certificate_pem());
  listen(http3_server(log_, "secret"));
  const Finished finished = run_program_file(kTheirClient, with_key());
  EXPECT_TRUE(comes_true([&] { return !words_.why().empty(); }));
  EXPECT_EQ(words_.why(), "the peer's key " + stranger.key().text() + " is not among the trusted ones");
  expect_silence();
}

TEST_F(TheirClient, that_speaks_no_kvferry_hears_nothing) {
  listen(std::nullopt);
  const Finished finished = run_program_file(kTheirClient, with_key());
  EXPECT_TRUE(comes_true([&] { return !words_.why().empty(); }));
  EXPECT_EQ(words_.why(), "TLS: No supported application protocol could be negotiated");
  expect_silence();
}

class TheirServer : public Interop {
 protected:
  [[nodiscard]] static bool is_taken(std::uint16_t port) {
    asio::io_context io;
    udp::socket socket(io, udp::v4());
    SocketError error;
    socket.bind({asio::ip::address_v4::loopback(), port}, error);
    return static_cast<bool>(error);
  }
  void serve(const Words& more, const std::string& body) {
    body_ = body;
    write("into/body", body);
    // A port that was free a moment ago.
    port_ = RawUdp(HostPort{"127.0.0.1", 9}).port();
    Words words{"-d", path("into"), "--early-response", "--no-quic-dump", "--no-http-dump"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"127.0.0.1", std::to_string(port_), path("key.pem"), path("certificate.pem")});
    server_.emplace(kTheirServer, words);
    ASSERT_TRUE(comes_true([&] { return is_taken(port_); }));
  }
  // Until all is here, or the connection has ended.
  void ask(const PeerTrust& trust, const std::optional<OtherProtocolChoice>& other,
           std::size_t move_after = 0) {
    asio::io_context io;
    std::optional<UdpRelay> relay;
    const HostPort server{"127.0.0.1", port_};
    if (move_after != 0) relay.emplace(server, move_after);
    QuicConfig config;
    config.credentials = credentials(ours(), trust);
    config.other = other;
    Listener listener(words_);
    auto client =
        QuicClient::open(io, udp_endpoint(relay ? relay->where() : server), config, listener).value();
    std::thread watch([&] {
      (void)comes_true(
          [&] { return log_.frames(kHttp3Data).size() == body_.size() || !words_.why().empty(); });
      client->connection().post([](Connection& c, Time now) { c.close(now, ErrorCode::kNone, "enough"); });
    });
    client->run();
    watch.join();
  }
  void expect_body(const Words& more, std::size_t size_bytes, std::size_t move_after = 0) {
    serve(more, noise(size_bytes));
    ask(theirs().pinned(), http3_client(log_, "/body"), move_after);
    EXPECT_EQ(words_.why(), "enough");
    EXPECT_TRUE(log_.frames(kHttp3Data) == body_);
    EXPECT_NE(log_.frames(kHttp3Headers).find(kHttp3Ok), std::string::npos);
    EXPECT_TRUE(log_.has_settings());
  }
  // What the server has printed.
  std::string said() { return server_->interrupt().err; }

  std::uint16_t port_ = 0;
  std::string body_;
  std::optional<Process> server_;
};

TEST_F(TheirServer, gives_a_file) {
  expect_body({}, 100'000);
  EXPECT_NE(said().find(
                "CONNECTION_CLOSE(0x1d) error_code=(unknown)(0x0) frame_type=0 reason_len=6 reason=[enough]"),
            std::string::npos);
}

TEST_F(TheirServer, gives_a_file_over_paths_that_lose) { expect_body({"-t", "0.05", "-r", "0.05"}, 500'000); }

TEST_F(TheirServer, asks_for_our_certificate) { expect_body({"--verify-client"}, 1'000); }

TEST_F(TheirServer, wants_our_address_proved) {
  expect_body({"-V"}, 1'000);
  EXPECT_NE(said().find("Sending Retry packet"), std::string::npos);
}

TEST_F(TheirServer, prefers_another_group) { expect_body({"--groups=-GROUP-ALL:+GROUP-SECP256R1"}, 1'000); }

TEST_F(TheirServer, sees_us_move) {
  expect_body({}, kLongBody, 20);  // trains are acknowledged as one: few datagrams leave here
  EXPECT_NE(said().find("path has been validated"), std::string::npos);
}

TEST_F(TheirServer, with_another_key_hears_nothing) {
  serve({}, "secret");
  ask(TestIdentity().pinned(), http3_client(log_, "/body"));
  EXPECT_EQ(words_.why(), "the peer's key " + theirs().key().text() + " is not among the trusted ones");
  expect_silence();
}

TEST_F(TheirServer, that_speaks_no_kvferry_hears_nothing) {
  serve({}, "secret");
  ask(theirs().pinned(), std::nullopt);
  EXPECT_EQ(words_.why(),
            "the peer refuses the handshake: No supported application protocol could be negotiated");
  expect_silence();
}

}  // namespace
}  // namespace kvferry::test
