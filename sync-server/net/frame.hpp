#pragma once

#include <syncline/bytes.hpp>

#include <cstddef>
#include <memory>

namespace syncline::relay::net {

/// One complete binary WebSocket message as a server sends it (RFC 6455 §5.2): header and payload
/// in one buffer, final, unmasked. Built once by `make_frame` and shared by every connection it
/// goes to; nobody changes it afterwards, and the last holder frees it.
using Frame = std::shared_ptr<const Bytes>;

/// Frames `payload`. One allocation and one copy, however many subscribers there are.
[[nodiscard]] Frame make_frame(BytesView payload);

/// The payload inside a frame made by `make_frame`.
[[nodiscard]] BytesView payload_of(const Frame& frame);

}  // namespace syncline::relay::net
