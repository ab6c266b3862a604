// The bytes of documents and states: which form it is, and who reads it. Written is one form only.

#include "state_codec.hpp"
#include "syncline/codec/reader.hpp"
#include "syncline/codec/writer.hpp"

#include <algorithm>

namespace syncline::wire {

ReplicaId read_replica(Reader& in) {
    ReplicaId replica;
    const BytesView bytes = in.binary_of(16);
    if (!in.failed()) std::copy(bytes.begin(), bytes.end(), replica.bytes.begin());
    return replica;
}

void write_vector(Writer& out, const VersionVector& vector) {
    out.map(vector.size());
    for (const auto& [replica, counter] : vector) out.binary(replica.view()).u64(counter);
}

VersionVector read_vector(Reader& in) {
    VersionVector vector;
    ReplicaId last;
    for (std::size_t left = in.map(); left > 0 && !in.failed(); --left) {
        const ReplicaId replica = read_replica(in);
        in.require(vector.empty() || last < replica, ErrorCode::not_canonical);
        const std::uint64_t counter = in.u64(counter_max);
        in.require(counter > 0, ErrorCode::not_canonical);
        vector.raise(replica, counter);
        last = replica;
    }
    return vector;
}

Bytes encode_document(const Document& document) {
    if (document.empty()) return {};
    return write_document_state(document.root(), document.early());
}

Result<Document> decode_document(BytesView bytes, const Limits& limits) {
    if (bytes.empty()) return Document();
    if (form_of(bytes) == StateForm::first) return read_first_document(bytes, limits);
    auto read = read_state(StateKind::document, bytes, limits);
    if (!read) return tl::unexpected(read.error());
    Document document(std::move(read->map), std::move(read->early));
    if (document.empty())
        return fail(ErrorCode::not_canonical, "an empty document, which has no bytes");
    return document;
}

bool is_newest_form(BytesView document) {
    return document.empty() || form_of(document) == StateForm::third;
}

Bytes encode_state(const OrMap& map, const CausalContext& context) {
    return write_state_with_context(map, context);
}

Result<std::pair<OrMap, CausalContext>> decode_state(BytesView bytes, const Limits& limits) {
    if (form_of(bytes) == StateForm::first) return read_first_state(bytes, limits);
    auto read = read_state(StateKind::with_context, bytes, limits);
    if (!read) return tl::unexpected(read.error());
    return std::pair(std::move(read->map), std::move(read->context));
}

}  // namespace syncline::wire
