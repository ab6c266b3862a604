#pragma once

#include <string>

namespace syncline::relay::net {

/// The version of the libwebsockets linked, e.g. "4.1.6".
[[nodiscard]] std::string transport_version();

}  // namespace syncline::relay::net
