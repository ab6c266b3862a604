#include "net/frame.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace syncline;
using namespace syncline::relay::net;

TEST_CASE("a frame carries the shortest header for its payload, RFC 6455 section 5.2", "[net]") {
    const auto header_of = [](std::size_t payload_bytes) {
        const std::string payload(payload_bytes, 'x');
        const Frame frame = make_frame(as_bytes(payload));
        CHECK(as_text(payload_of(frame)) == payload);
        std::string header;
        for (std::size_t i = 0; i < frame->size() - payload_bytes; ++i) {
            constexpr auto digits = "0123456789abcdef";
            const auto byte = std::to_integer<unsigned>((*frame)[i]);
            header += {digits[byte >> 4], digits[byte & 15]};
        }
        return header;
    };
    CHECK(header_of(0) == "8200");
    CHECK(header_of(125) == "827d");
    CHECK(header_of(126) == "827e007e");
    CHECK(header_of(65535) == "827effff");
    CHECK(header_of(65536) == "827f0000000000010000");
}
