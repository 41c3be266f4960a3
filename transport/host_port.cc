// SPDX-License-Identifier: MIT
#include "transport/host_port.h"

#include <netdb.h>

#include <charconv>
#include <cstring>
#include <future>
#include <memory>
#include <thread>

namespace kvferry {
namespace {

struct AddressInfoDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

using Endpoints = Result<std::vector<tcp::endpoint>>;

Endpoints look_up(const HostPort& where) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  if (failed != 0) return Error{where.text() + ": " + gai_strerror(failed)};
  const std::unique_ptr<addrinfo, AddressInfoDeleter> list(found);

  std::vector<tcp::endpoint> endpoints;
  for (const addrinfo* at = list.get(); at != nullptr; at = at->ai_next) {
    tcp::endpoint endpoint;
    if (at->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
    endpoint.resize(at->ai_addrlen);
    endpoints.push_back(endpoint);
  }
  return endpoints;
}

}  // namespace

Result<HostPort> HostPort::parse(std::string_view text) {
  const auto wrong = [&](const char* why) {
    return Error{"'" + std::string(text) + "': " + why + ", expected HOST:PORT"};
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("an IPv6 address needs square brackets");
  }
  if (host.empty()) return wrong("no host");

  HostPort result{std::string(host), 0};
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (failed != std::errc{} || end != port.data() + port.size()) return wrong("the port is not 0..65535");
  return result;
}

std::string HostPort::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<std::vector<tcp::endpoint>> resolve(const HostPort& where, std::chrono::nanoseconds timeout) {
  SocketError not_numeric;
  const auto address = asio::ip::make_address(where.host, not_numeric);
  if (!not_numeric) return std::vector<tcp::endpoint>{{address, where.port}};

  auto answer = std::make_shared<std::promise<Endpoints>>();
  auto future = answer->get_future();
  std::thread([where, answer] { answer->set_value(look_up(where)); }).detach();
  if (future.wait_for(timeout) != std::future_status::ready) {
    return Error{where.text() + ": the name was not resolved in time"};
  }
  return future.get();
}

Bytes host_bytes(const udp::endpoint& endpoint) {
  Bytes bytes;
  const asio::ip::address address = endpoint.address();
  if (address.is_v4()) {
    append(bytes, address.to_v4().to_bytes());
  } else {
    append(bytes, address.to_v6().to_bytes());
  }
  return bytes;
}

}  // namespace kvferry
