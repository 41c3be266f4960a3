// SPDX-License-Identifier: GPL-2.0-only
//
// How readers come to a source, on one local address. A listener owns the socket that they come to and finds
// the session that a packet is for; the source owns the sessions.
#pragma once

#include <ns3/address.h>
#include <ns3/socket.h>

#include <functional>
#include <memory>
#include <optional>

#include "sim/model/kv-session.h"

namespace kvferry::sim {

// What a source gives to who knocks.
struct KvAdmission {
  ConnectionConfig config;
  KvSessionHandlers handlers;
};

class KvListener {
 public:
  // Nothing: there is no room for another. Each admission is followed by add(), or has led to nothing.
  using Admit = std::function<std::optional<KvAdmission>()>;
  using Add = std::function<void(std::unique_ptr<KvSession>)>;

  virtual ~KvListener() = default;

 protected:
  KvListener(Admit admit, Add add) : m_admit(std::move(admit)), m_add(std::move(add)) {}

  Admit m_admit;
  Add m_add;
};

}  // namespace kvferry::sim
