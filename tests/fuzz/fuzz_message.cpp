// Bytes as one message, and as one batch. What decodes and is encoded again decodes to the same
// message (not to the same bytes: fields of newer versions are skipped).
#include "syncline/sync/messages.hpp"

#include <cstdint>
#include <cstdlib>

using namespace syncline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input(reinterpret_cast<const std::byte*>(data), size);
    if (const auto message = wire::decode(input, wire::Limits{})) {
        const auto again = wire::decode(wire::encode(*message), wire::relay_frame_limits());
        if (!again || !(*again == *message)) std::abort();
    }
    if (const auto entries = wire::decode_batch(input, wire::relay_frame_limits())) {
        const Bytes bytes = wire::encode_batch(*entries);
        if (bytes != Bytes(input.begin(), input.end())) std::abort();
    }
    return 0;
}
