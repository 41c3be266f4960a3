// SPDX-License-Identifier: MIT
//
// Asio's own code, compiled once (BOOST_ASIO_SEPARATE_COMPILATION).
#include "transport/asio.h"
// Second, because of <utility>.
#include <boost/asio/impl/src.hpp>
