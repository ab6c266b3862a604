// Bytes as packed changes, and as the updates of a stream: whatever unpacks packs again to the same
// in both layouts and in a stream, and so do its canonical bytes if it has some (it may name
// documents as no change of a space can).
#include "support.hpp"
#include "syncline/document/change_stream.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

using namespace syncline;
using namespace syncline::fuzz;

namespace {

void check_canonical(const Change& change) {
    const Bytes bytes = wire::encode_change(change);
    const auto back = wire::decode_change(bytes, change.replica, wire::state_limits());
    require(!back || *back == change);
}

void check_packed(const std::vector<Change>& changes, wire::Layout layout) {
    wire::ChangePacker packer(layout);
    for (const Change& change : changes) packer.add(change);
    const auto unpacked = wire::unpack(packer.take(), wire::state_limits());
    require(unpacked && *unpacked == changes);
}

/// An update for each, now and then in columns.
void check_stream(const std::vector<Change>& changes) {
    wire::ChangeStreamWriter out;
    wire::ChangeStreamReader in;
    Change read;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        out.begin(i % 3 == 2 ? wire::column_dots_min : 0);
        out.add(changes[i]);
        const Bytes update = out.end();
        require(in.open(update, wire::state_limits()) && in.next(read) && read == changes[i]);
        require(in.at_end());
    }
}

/// The input as updates of a stream, each behind its length in two bytes.
void read_stream(BytesView input) {
    wire::ChangeStreamReader in;
    Change change;
    while (input.size() >= 2) {
        const auto low = std::to_integer<std::size_t>(input[0]);
        const auto size = std::to_integer<std::size_t>(input[1]) << 8 | low;
        const BytesView update = input.subspan(2, std::min(size, input.size() - 2));
        input = input.subspan(2 + update.size());
        if (!in.open(update, wire::Limits{})) continue;
        while (!in.at_end() && in.next(change)) check_canonical(change);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input(reinterpret_cast<const std::byte*>(data), size);
    std::vector<Change> changes;
    wire::ChangeUnpacker unpacker(input, wire::Limits{});
    while (!unpacker.at_end()) {
        auto change = unpacker.next();
        if (!change) break;
        check_canonical(*change);
        changes.push_back(std::move(*change));
    }
    check_packed(changes, wire::Layout::rows);
    check_packed(changes, wire::Layout::columns);
    check_stream(changes);
    read_stream(input);
    return 0;
}
