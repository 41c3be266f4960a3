// SPDX-License-Identifier: MIT
//
// The wire tool with keys.
#include <nlohmann/json.hpp>

#include "tests/protocol/progressive_table.h"
#include "tests/transport/tool.h"
#include "tests/transport/udp_harness.h"

namespace kvferry::test {
namespace {

TEST_F(SecureTool, FetchesFromAServerWhoseKeyItKnows) {
  for (const std::string transport : {"tls", "quic"}) {
    Process server("kvferry", serving(client_key_, transport));
    const Finished fetched = fetch(server.listening_on(), server_key_, transport);
    EXPECT_EQ(fetched.status, 0) << fetched.err;
    const fs::path file = fs::path(into()) / (card_.digest().hex() + ".card");
    EXPECT_EQ(read_file(file.string()), read_file(file_));
    EXPECT_EQ(server.interrupt().err.find("warning"), std::string::npos);
    fs::remove(file);
  }
}

TEST_F(SecureTool, DropsRefinementsThatAreLostAndFetchesThemAnotherTime) {
  card_ = progressive_card(1);
  ASSERT_TRUE(write_card_file(file_, card_));
  Process server("kvferry", serving(client_key_, "quic"));
  const std::string where = server.listening_on();
  UdpRelay relay(HostPort::parse(where).value(), 0, 20);
  const auto fetched_from = [&](const std::string& address, const Words& more) {
    Words words{"fetch", address, "--document",       "sample",     "--into",    into(),  "--transport",
                "quic",  "--key", path("client.pem"), "--peer-key", server_key_, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return tool(words);
  };
  const Finished part = fetched_from(relay.where().text(), {"--droppable", "1"});
  ASSERT_EQ(part.status, 0) << part.err;
  const auto said = nlohmann::json::parse(part.out);
  EXPECT_GT(said["dropped"], 0);
  EXPECT_EQ(said["dropped"].get<std::size_t>() + said["chunks"].get<std::size_t>(), card_.chunks.size());
  const fs::path whole = fs::path(into()) / (card_.digest().hex() + ".card");
  EXPECT_EQ(said["file"], whole.string() + ".part");
  EXPECT_FALSE(fs::exists(whole));
  const Finished rest = fetched_from(where, {});
  ASSERT_EQ(rest.status, 0) << rest.err;
  EXPECT_EQ(nlohmann::json::parse(rest.out)["dropped"], 0);
  EXPECT_EQ(nlohmann::json::parse(rest.out)["chunks"], said["dropped"]);
  EXPECT_EQ(read_file(whole.string()), read_file(file_));
}

TEST_F(SecureTool, DropsNothingOverOtherTransports) {
  const Finished wrong = tool({"fetch", "127.0.0.1:1", "--document", "sample", "--key", path("client.pem"),
                               "--peer-key", server_key_, "--droppable", "1"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find("--droppable: only QUIC can drop refinements, expected --transport quic"),
            std::string::npos)
      << wrong.err;
}

TEST_F(SecureTool, LeavesNothingOverQuicToo) {
  Process server("kvferry", serving(client_key_, "quic"));
  const std::string where = server.listening_on();
  const std::string stranger = make_key("stranger.pem");
  const Finished wary = fetch(where, stranger, "quic");
  EXPECT_EQ(wary.status, 1);
  EXPECT_EQ(wary.err,
            "kvferry: " + where + ": the peer's key " + server_key_ + " is not among the trusted ones\n");
  EXPECT_EQ(files_fetched(), 0u);
}

TEST_F(SecureTool, LeavesNothingWhereOneSideDoesNotBelieveTheOther) {
  Process server("kvferry", serving(client_key_));
  const std::string where = server.listening_on();
  const std::string stranger = make_key("stranger.pem");
  EXPECT_EQ(fetch(where, stranger).err,
            "kvferry: " + where + ": the peer's key is not one of those that are believed\n");
  Process wary("kvferry", serving(stranger));
  const std::string wary_where = wary.listening_on();
  const Finished refused = fetch(wary_where, server_key_);
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.err, "kvferry: " + wary_where + ": the peer does not believe our certificate\n");
  EXPECT_EQ(files_fetched(), 0u);
}

TEST_F(SecureTool, MeetsAPlainPeerWithOneLine) {
  Process plain("kvferry", serve_words(file_, "tcp"));
  const std::string where = plain.listening_on();
  EXPECT_EQ(fetch(where, server_key_).err, "kvferry: " + where + ": the other side does not speak TLS\n");
  Process server("kvferry", serving(client_key_));
  const Finished fetched = tool(fetch_words(server.listening_on(), "sample", "tcp"));
  EXPECT_EQ(fetched.status, 1);
  EXPECT_EQ(lines(fetched.err), 1) << fetched.err;
}

TEST_F(SecureTool, KeepsAKeyThatIsThere) {
  const std::string before = read_file(path("server.pem"));
  const Finished again = tool({"keygen", path("server.pem")});
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.err,
            "kvferry: " + path("server.pem") + ": there is a key already; --show prints its public key\n");
  EXPECT_EQ(read_file(path("server.pem")), before);
  EXPECT_EQ(tool({"keygen", path("server.pem"), "--show"}).out, server_key_ + "\n");
}

}  // namespace
}  // namespace kvferry::test
