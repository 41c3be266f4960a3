// SPDX-License-Identifier: MIT
//
// Sessions that somebody has recorded and says again. Over plain TCP that is a session like another: who can
// be recorded needs TLS.
#include "tests/transport/harness.h"

namespace kvferry::test {
namespace {

// Carries one connection and keeps what the client says.
class TcpRecorder {
 public:
  explicit TcpRecorder(const HostPort& server)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
        where_(host_port(acceptor_.local_endpoint())),
        server_(server),
        thread_([this] { carry(); }) {}
  ~TcpRecorder() { thread_.join(); }
  TcpRecorder(const TcpRecorder&) = delete;
  TcpRecorder& operator=(const TcpRecorder&) = delete;

  [[nodiscard]] const HostPort& where() const { return where_; }
  // What the client said in each piece that came; after the session.
  [[nodiscard]] std::vector<Bytes> recorded() {
    thread_.join();
    thread_ = std::thread([] {});
    return recorded_;
  }

 private:
  void carry() {
    tcp::socket client = acceptor_.accept(), server(io_);
    server.connect({asio::ip::make_address(server_.host), server_.port});
    std::thread back([&] { pass(server, client, [](ByteView) {}); });
    pass(client, server, [&](ByteView bytes) { recorded_.emplace_back(bytes.begin(), bytes.end()); });
    back.join();
  }
  static void pass(tcp::socket& from, tcp::socket& to, const std::function<void(ByteView)>& keep) {
    Bytes buffer(65536);
    SocketError error;
    while (const std::size_t size = from.read_some(asio::buffer(buffer), error)) {
      keep(ByteView(buffer).first(size));
      asio::write(to, asio::buffer(buffer.data(), size), error);
    }
    to.shutdown(tcp::socket::shutdown_send, error);
  }

  asio::io_context io_;
  tcp::acceptor acceptor_;
  HostPort where_;
  HostPort server_;
  std::vector<Bytes> recorded_;
  std::thread thread_;
};

TEST(Replay, of_a_session_over_tls_gets_no_request_through) {
  const Card card = sample_card(3, 3, 1000);
  std::atomic<int> requests = 0;
  TcpServerOptions options;
  options.tcp = tcp_options(TransportKind::kTls, Role::kServer);
  options.connection.handshake_timeout = milliseconds(300);
  ServerThread server(
      [&](ConnectionDriver& connection, const RequestOptions& request) {
        ++requests;
        return serving(card)(connection, request);
      },
      options);
  TcpRecorder recorder(server.where());
  CardSink sink;
  const FetchReport report = fetch_card(recorder.where(), quick_options(TransportKind::kTls), sink);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  const std::vector<Bytes> recorded = recorder.recorded();
  ASSERT_GE(recorded.size(), 2u);
  for (int times = 0; times < 3; ++times) {
    RawClient replayer(server.where());
    for (const Bytes& piece : recorded) replayer.send({piece.begin(), piece.end()});
    (void)replayer.read_all();
  }
  EXPECT_EQ(requests, 1);
}

}  // namespace
}  // namespace kvferry::test
