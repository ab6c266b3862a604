// Bytes as a change: what decodes must encode to the same bytes, and whatever it does to a document
// leaves one that can be stored, read back and shown.
#include "syncline/document/change.hpp"
#include "syncline/document/json.hpp"

#include <cstdint>
#include <cstdlib>

using namespace syncline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input(reinterpret_cast<const std::byte*>(data), size);
    ReplicaId author;
    author.bytes.fill(std::byte{0xA0});
    const auto change = wire::decode_change(input, author, wire::Limits{});
    if (!change) return 0;
    if (wire::encode_change(*change) != Bytes(input.begin(), input.end())) std::abort();
    if (!wire::chain(Hash{}, author, input, wire::Limits{})) std::abort();

    VersionVector seen;
    seen.raise(author, change->first - 1);
    for (const bool in_a_cut_log : {false, true}) {
        Document document;
        for_each_op(*change, [&](const Section&, const FieldOp& op, const Event& at) {
            document.apply(op, at, in_a_cut_log ? &seen : nullptr);
        });
        const Bytes state = wire::encode_document(document);
        const auto back = wire::decode_document(state, wire::state_limits());
        if (!back || !(*back == document)) std::abort();
        const Value shown = view(document.root());
        const auto read = parse_json(to_json(shown), 64);
        if (!read || !(*read == shown)) std::abort();
        for (const FieldOp& op : document.root().clear({}, author)) {
            document.apply(op, {{author, change->last() + 1}, change->hlc}, nullptr);
        }
        if (document.exists()) std::abort();
    }
    return 0;
}
