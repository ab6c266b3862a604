// Bytes as a document's state, and as a state with its context, in the form that is written or
// those before: what decodes must encode to the same bytes, or to others that decode to the same,
// and the lattice must hold even for states that nobody made.
#include "syncline/document/document.hpp"

#include <cstdint>
#include <cstdlib>

using namespace syncline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input(reinterpret_cast<const std::byte*>(data), size);
    const Bytes bytes(input.begin(), input.end());
    const auto document = wire::decode_document(input, wire::state_limits());
    if (document) {
        const Bytes written = wire::encode_document(*document);
        if (wire::is_newest_form(bytes) && written != bytes) std::abort();
        (void)view(document->root());
        const auto again = wire::decode_document(written, wire::state_limits());
        if (!again || !(*again == *document)) std::abort();
    }
    const auto state = wire::decode_state(input, wire::state_limits());
    if (state) {
        const auto& [map, context] = *state;
        const Bytes written = wire::encode_state(map, context);
        // What is written begins with 3 to 130.
        const auto first = std::to_integer<unsigned>(bytes.front());
        if (first >= 3 && first <= 130 && written != bytes) std::abort();
        const auto again = wire::decode_state(written, wire::state_limits());
        if (!again || !(*again == *state)) std::abort();
        OrMap same = map;
        same.join(map, context, context);
        if (!(same == map)) std::abort();
        OrMap from_nothing;
        from_nothing.join(map, {}, context);
        if (!(from_nothing == map)) std::abort();
        OrMap to_nothing = map;
        to_nothing.join({}, context, {});
        if (!(to_nothing == map)) std::abort();
    }
    return 0;
}
