// SPDX-License-Identifier: MIT
//
// What a connection is told when it is made.
#pragma once

#include <cstdint>

#include "protocol/base/time.h"
#include "protocol/wire/hello.h"

namespace kvferry {

enum class Role : std::uint8_t { kClient, kServer };  // the client opened the transport connection
// Over one reliable stream, over datagrams, or over several reliable streams side by side.
enum class Binding : std::uint8_t { kStream, kDatagram, kStreams };
// When a receiver gives a chunk's credit back to the source.
enum class CreditPolicy : std::uint8_t {
  kWhenTaken,     // once the sink has taken it
  kWhenReleased,  // once the application says so: Connection::release()
};
// Who compares a chunk with its digest.
enum class Verification : std::uint8_t {
  kInside,    // the connection, before the sink has it
  kDeferred,  // before the sink has it whoever drives the connection: Connection::poll_check()
  kBySink,    // the sink itself
};
enum class Congestion : std::uint8_t { kModel, kCubic };  // datagram binding only

struct CongestionOptions {
  Congestion controller = Congestion::kModel;
  std::uint32_t initial_window_packets = 10;
  std::uint64_t max_window_bytes = std::uint64_t{32} << 20;
};

// Whether packets are protected by repair packets, datagram binding.
enum class Repair : std::uint8_t {
  kOff,
  kFollowLoss,  // as many as the measured loss asks for, to a peer that reads them
  kByBenefit,   // the same, but for a transfer with a deadline as many as save more than they displace
};

struct ConnectionConfig {
  Role role = Role::kClient;
  Binding binding = Binding::kStream;
  Hello hello;                             // ours: features, limits, model identity, codecs
  std::size_t max_datagram_bytes = 1452;   // UDP payload that is probed for; 256 to 16383
  std::size_t max_data_bytes = 16 * 1024;  // payload of one DATA frame, on streams
  std::uint32_t data_streams = 8;          // that this side sends on, streams binding; 1 to 16
  CongestionOptions congestion;
  Repair repair = Repair::kOff;
  double repair_loss_floor = 0;    // the least loss that repair is measured out for, 0 .. 1
  Bytes token;                     // client: from an earlier connection to this server; may be empty
  Bytes new_token;                 // server: for the client's next connection; may be empty
  bool address_validated = false;  // server: a token has proved the client's first address
  Duration handshake_timeout = std::chrono::seconds(10);
  Duration idle_timeout = std::chrono::seconds(30);  // nothing heard; zero: never
  Duration progress_timeout =
      std::chrono::seconds(10);  // an open transfer that stands still is Stalled; zero: never
  Duration give_up_timeout = std::chrono::seconds(60);   // and then Rejected; zero: never
  Duration verdict_timeout = std::chrono::seconds(600);  // instead, while the receiver applies the card
  CreditPolicy credit = CreditPolicy::kWhenTaken;
  Verification verification = Verification::kInside;  // of a receiver's chunks
  bool grease = true;      // send reserved frame types, keys and features now and then
  std::uint64_t seed = 0;  // of all that is random; a secret outside tests and simulation
};

}  // namespace kvferry
