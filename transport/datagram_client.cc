// SPDX-License-Identifier: MIT
#include "transport/datagram_client.h"

namespace kvferry {

void DatagramClient::run() {
  connection().start();
  socket_.receive(
      [this](const UdpTrain& train, const udp::endpoint&) {
        const Time now = steady_now();
        train.each([&](ByteView datagram) { connection().take(now, datagram, 0); });
        connection().settle();
      },
      [this](const SocketError& error) { connection().handle_error(error); });
  while (!connection().is_over()) {
    if (io_.run_one() == 0) io_.restart();
  }
}

}  // namespace kvferry
