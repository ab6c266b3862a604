// Bytes as packed changes: whatever unpacks packs again to the same, and so do its canonical bytes
// if it has some (it may name documents as no change of a space can).
#include "syncline/document/packed_changes.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

using namespace syncline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input(reinterpret_cast<const std::byte*>(data), size);
    std::vector<Change> changes;
    wire::ChangePacker packer;
    wire::ChangeUnpacker unpacker(input, wire::Limits{});
    while (!unpacker.at_end()) {
        auto change = unpacker.next();
        if (!change) break;
        const Bytes bytes = wire::encode_change(*change);
        const auto back = wire::decode_change(bytes, change->replica, wire::state_limits());
        if (back && !(*back == *change)) std::abort();
        packer.add(*change);
        changes.push_back(std::move(*change));
    }
    const Bytes packed = packer.take();
    wire::ChangeUnpacker again(packed, wire::state_limits());
    for (const Change& change : changes) {
        const auto unpacked = again.next();
        if (!unpacked || !(*unpacked == change)) std::abort();
    }
    return again.at_end() ? 0 : 1;
}
