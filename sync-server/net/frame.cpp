#include "net/frame.hpp"

#include <cstdint>

namespace syncline::relay::net {
namespace {

constexpr std::byte final_binary{0x82};
constexpr std::size_t length_16 = 126;  // the length bytes that announce two and eight more
constexpr std::size_t length_64 = 127;

std::size_t header_bytes_for(std::size_t payload_bytes) {
    if (payload_bytes < length_16) return 2;
    return payload_bytes <= 0xffff ? 4 : 10;
}

}  // namespace

Frame make_frame(BytesView payload) {
    const std::size_t header_bytes = header_bytes_for(payload.size());
    auto frame = std::make_shared<Bytes>();
    frame->reserve(header_bytes + payload.size());
    frame->push_back(final_binary);
    if (header_bytes == 2) {
        frame->push_back(static_cast<std::byte>(payload.size()));
    } else {
        frame->push_back(static_cast<std::byte>(header_bytes == 4 ? length_16 : length_64));
        for (std::size_t left = header_bytes - 2; left > 0; --left) {
            const auto shift = static_cast<unsigned>(8 * (left - 1));
            frame->push_back(static_cast<std::byte>(std::uint64_t{payload.size()} >> shift));
        }
    }
    frame->insert(frame->end(), payload.begin(), payload.end());
    return frame;
}

BytesView payload_of(const Frame& frame) {
    const auto length = std::to_integer<std::size_t>((*frame)[1]);
    const std::size_t header_bytes = length < length_16 ? 2 : length == length_16 ? 4 : 10;
    return BytesView(*frame).subspan(header_bytes);
}

}  // namespace syncline::relay::net
