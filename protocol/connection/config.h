// SPDX-License-Identifier: MIT
//
// What a connection is told when it is made.
#pragma once

#include <cstdint>

#include "protocol/base/time.h"
#include "protocol/wire/hello.h"

namespace kvferry {

enum class Role : std::uint8_t { kClient, kServer };  // the client opened the transport connection
enum class Binding : std::uint8_t { kStream, kDatagram };
enum class Congestion : std::uint8_t { kModel, kCubic };  // datagram binding only

struct CongestionOptions {
  Congestion controller = Congestion::kModel;
  std::uint32_t initial_window_packets = 10;
  std::uint64_t max_window_bytes = std::uint64_t{32} << 20;
};

struct ConnectionConfig {
  Role role = Role::kClient;
  Binding binding = Binding::kStream;
  Hello hello;                             // ours: features, limits, model identity, codecs
  std::size_t max_datagram_bytes = 1452;   // UDP payload; 256 to 16383
  std::size_t max_data_bytes = 16 * 1024;  // payload of one DATA frame, stream binding
  CongestionOptions congestion;
  Duration handshake_timeout = std::chrono::seconds(10);
  Duration idle_timeout = std::chrono::seconds(30);  // nothing heard; zero: never
  Duration progress_timeout =
      std::chrono::seconds(10);  // an open transfer that stands still is Stalled; zero: never
  bool grease = true;            // send reserved frame types now and then
  std::uint64_t seed = 0;        // connection id, grease, skipped packet numbers
};

}  // namespace kvferry
