// SPDX-License-Identifier: MIT
#include "transport/tcp_connect.h"

#include <optional>
#include <string>

#include "transport/clock.h"

namespace kvferry {
namespace {

// The socket's error, or nothing if the time passed first.
std::optional<SocketError> try_endpoint(asio::io_context& io, tcp::socket& socket,
                                        const tcp::endpoint& endpoint, Time end) {
  std::optional<SocketError> result;
  socket.async_connect(endpoint, [&](const SocketError& error) { result = error; });
  io.restart();
  while (!result && io.run_one_until(to_steady(end)) > 0) {
  }
  if (result) return result;
  SocketError ignored;
  socket.close(ignored);
  io.restart();
  while (!result && io.run_one() > 0) {  // the aborted handler refers to `result`
  }
  return std::nullopt;
}

}  // namespace

Result<tcp::socket> tcp_connect(asio::io_context& io, const HostPort& where, Duration timeout) {
  const Time end = steady_now() + timeout;
  auto endpoints = resolve(where, timeout);
  if (!endpoints) return endpoints.error();

  std::string why = "no address";
  for (const tcp::endpoint& endpoint : *endpoints) {
    tcp::socket socket(io);
    const auto error = try_endpoint(io, socket, endpoint, end);
    if (!error)
      return Error{where.text() + ": no answer within " + std::to_string(to_us(timeout) / 1000) + " ms"};
    if (!*error) return socket;
    why = error->message();
  }
  return Error{where.text() + ": " + why};
}

}  // namespace kvferry
