// What packed changes name more than once, and packs that stand alone (docs/encoding.md, "Packed
// changes").

#include "syncline/document/packed_changes.hpp"

#include "packed_hashes.hpp"

namespace syncline::wire {

namespace {

// What things weigh: about their memory on either side.
constexpr std::size_t author_weight = 64;
constexpr std::size_t seen_weight = 32;  ///< an entry of an author's base
constexpr std::size_t place_weight = 96;

bool are_many(std::uint64_t dots) { return dots >= column_dots_min; }

}  // namespace

std::uint32_t PackedContext::author_of(const ReplicaId& id) const {
    const std::uint32_t known =
        author_ids.find([&] { return hash_of(id); },
                        [&](std::uint32_t number) { return authors[number - 1].id == id; });
    return known == 0 ? static_cast<std::uint32_t>(authors.size()) : known - 1;
}

void PackedContext::add_author(const ReplicaId& id) {
    authors.push_back({id, 1, {}});
    author_ids.add([&](std::uint32_t number) { return hash_of(authors[number - 1].id); });
    weight += author_weight;
}

void PackedContext::add_document(DocumentKey key) {
    weight += place_weight + key.collection.size() + key.id.size();
    documents.push_back(std::move(key));
}

std::uint32_t PackedContext::add_place(std::uint32_t parent, std::uint32_t in, Step step) {
    const auto number = static_cast<std::uint32_t>(places.size());
    if (parent != 0) new_place = number;
    weight += place_weight + step.key.size();
    places.push_back({parent, in, std::move(step)});
    return number;
}

void PackedContext::set_base(std::uint32_t of, const VersionVector& base) {
    VersionVector& kept = authors[of].base;
    if (base.size() > kept.size()) weight += (base.size() - kept.size()) * seen_weight;
    kept = base;
}

void PackedContext::clear() {
    // What a large change needed is not kept for small ones.
    constexpr std::size_t places_kept = 1'024;
    if (places.capacity() > places_kept) {
        *this = PackedContext();
        return;
    }
    authors.clear();
    author_ids.clear();
    documents.clear();
    places.resize(1);
    author = place = new_place = 0;
    stamp = {};
    weight = 0;
}

void ChangePacker::begin() {
    const bool in_columns = layout_ == Layout::columns;
    writer_.out().lay_out(layout_);
    writer_.out().prefix(in_columns ? packed_columns_format : packed_format);
}

Bytes ChangePacker::take() {
    Bytes packed = writer_.out().take();
    writer_.clear();
    changes_ = 0;
    begin();
    return packed;
}

void ChangeUnpacker::open(BytesView bytes, const Limits& limits) {
    reader_.clear();
    reader_.open(bytes, limits);
    const std::uint64_t format = reader_.prefix();
    reader_.require(format == packed_format || format == packed_columns_format,
                    ErrorCode::unknown_format);
    reader_.lay_out(format == packed_columns_format ? Layout::columns : Layout::rows);
}

Result<Change> ChangeUnpacker::next() {
    Change change;
    if (auto good = next(change); !good) return tl::unexpected(good.error());
    return change;
}

Bytes pack(const std::vector<Change>& changes) {
    std::uint64_t dots = 0;
    for (const Change& change : changes) dots += change.span();
    ChangePacker packer(are_many(dots) ? Layout::columns : Layout::rows);
    for (const Change& change : changes) packer.add(change);
    return packer.take();
}

Bytes pack(const Change& change) {
    ChangePacker packer(are_many(change.span()) ? Layout::columns : Layout::rows);
    packer.add(change);
    return packer.take();
}

Result<std::vector<Change>> unpack(BytesView bytes, const Limits& limits) {
    ChangeUnpacker unpacker(bytes, limits);
    std::vector<Change> changes;
    while (!unpacker.at_end()) {
        auto change = unpacker.next();
        if (!change) return tl::unexpected(change.error());
        changes.push_back(std::move(*change));
    }
    return changes;
}

}  // namespace syncline::wire
