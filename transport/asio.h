// SPDX-License-Identifier: MIT
//
// The one way to include Boost.Asio. Asio 1.74 compiles as C++20 only when
// <utility> comes before it.
#pragma once

// The thread sanitizer does not know fences. Asio's mutexes order everything here: a context has one thread.
#ifdef __SANITIZE_THREAD__
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#endif

#include <utility>
// clang-format off
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
// clang-format on

namespace kvferry {

namespace asio = boost::asio;
using boost::asio::ip::tcp;
using boost::asio::ip::udp;
using SocketError = boost::system::error_code;

}  // namespace kvferry
