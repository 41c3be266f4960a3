// SPDX-License-Identifier: MIT
#include "transport/datagram_server.h"

#include <exception>

namespace kvferry {

void DatagramPeer::on_event(ConnectionDriver& driver, const Event& event) {
  if (failed_) return;
  try {
    handler_->on_event(driver, event);
  } catch (const std::exception& error) {
    failed_ = true;
    if (on_failure_) on_failure_(driver.peer(), error.what());
    driver.drop();
  }
}

void DatagramPeer::send(PathId path, ByteView datagram) {
  if (const auto to = paths_.send_to(path)) socket_.send(*to, datagram);
}

DatagramServer::DatagramServer(const DatagramServerOptions& options, MakeHandler make_handler,
                               OnFailure on_failure)
    : options_(options),
      make_handler_(std::move(make_handler)),
      on_failure_(std::move(on_failure)),
      socket_(io_),
      grace_(io_) {
  socket_.capture_into(options_.capture);
}

Result<void> DatagramServer::bind() {
  auto endpoints = resolve(options_.listen, std::chrono::seconds(5));
  if (!endpoints) return endpoints.error();
  if (endpoints->empty()) return Error{options_.listen.text() + ": no address"};
  const auto& endpoint = endpoints->front();
  if (const SocketError error = socket_.bind({endpoint.address(), endpoint.port()}))
    return Error{"cannot listen on " + options_.listen.text() + ": " + error.message()};
  return {};
}

HostPort DatagramServer::local() const { return host_port(socket_.local()); }

void DatagramServer::run() {
  socket_.receive([this](const UdpTrain& train, const udp::endpoint& from) { on_train(train, from); });
  while (!stopping_ || !peers_.empty()) {
    if (io_.run_one() == 0) io_.restart();
  }
  socket_.close();
}

void DatagramServer::stop() {
  asio::post(io_, [this] { close_all(); });
}

void DatagramServer::on_train(const UdpTrain& train, const udp::endpoint& from) {
  Time now{};
  DatagramPeer* last = nullptr;
  train.each([&](ByteView datagram) {
    DatagramPeer* const peer = find(datagram, from);
    if (peer != last) {
      settle(last);
      now = steady_now();  // a connection that was opened just now knows no earlier time
    }
    last = peer;
    if (peer) peer->take(now, datagram, from);
  });
  settle(last);
}

void DatagramServer::settle(DatagramPeer* peer) {
  if (!peer) return;
  peer->connection().settle();
  on_settled(*peer);
}

void DatagramServer::answer(const udp::endpoint& to, ByteView datagram) {
  socket_.send(to, datagram);
  socket_.flush();
}

DatagramPeer& DatagramServer::add(std::unique_ptr<DatagramPeer> peer) {
  const std::uint64_t number = peer->number();
  return *peers_.emplace(number, std::move(peer)).first->second;
}

std::function<void()> DatagramServer::reaping(std::uint64_t number) {
  return [this, number] { asio::post(io_, [this, number] { reap(number); }); };
}

void DatagramServer::reap(std::uint64_t number) {
  const auto found = peers_.find(number);
  if (found == peers_.end()) return;
  const bool served = forget(*found->second);
  peers_.erase(found);
  if (served && ++served_ == options_.connections_to_serve) close_all();
}

void DatagramServer::close_all() {
  if (stopping_) return;
  stopping_ = true;
  for (const auto& [number, peer] : peers_) {
    if (!peer->connection().is_open()) {
      peer->connection().drop();
      continue;
    }
    peer->connection().post(
        [](Connection& c, Time now) { c.close(now, ErrorCode::kNone, "the server is stopping"); });
  }
  grace_.expires_after(options_.stop_grace);
  grace_.async_wait([this](const SocketError&) {
    for (const auto& [number, peer] : peers_) peer->connection().drop();
  });
}

}  // namespace kvferry
