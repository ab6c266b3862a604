#include "syncline/sync/space_history.hpp"

#include "syncline/sync/space_replica.hpp"

#include <functional>
#include <map>

namespace syncline {

namespace {

constexpr std::size_t changes_at_once = 256;
constexpr std::size_t trimmed_at_once = 4'096;

/// Calls `use(logged, change)` for each kept change, in order, until it returns false.
Result<> for_each_kept(SpaceStorage& storage,
                       const std::function<Result<bool>(const LoggedChange&, const Change&)>& use) {
    std::uint64_t after = 0;
    while (true) {
        auto some = storage.logged(after, changes_at_once);
        if (!some) return tl::unexpected(some.error());
        for (const LoggedChange& logged : *some) {
            if (after != 0 && logged.sequence != after + 1)
                return fail(ErrorCode::storage_corrupt, "a change of the kept log is missing");
            after = logged.sequence;
            auto change = wire::decode_change(logged.bytes, logged.replica, wire::Limits{});
            if (!change) return fail(ErrorCode::storage_corrupt, "a kept change does not decode");
            auto goes_on = use(logged, *change);
            if (!goes_on) return tl::unexpected(goes_on.error());
            if (!*goes_on) return {};
        }
        if (some->size() < changes_at_once) return {};
    }
}

template <typename Use>
void for_each_section(const Change& change, Use use) {
    Event at{Dot{change.replica, change.first}, change.hlc};
    for (const Section& section : change.sections) {
        use(section, at);
        at.dot.counter += section.span();
    }
}

}  // namespace

Result<bool> SpaceHistory::leads_to(std::uint64_t cursor, const VersionVector& vector) {
    auto range = storage_.logged_range();
    if (!range) return tl::unexpected(range.error());
    if (*range) return (*range)->last == cursor;
    auto at_base = storage_.vector(base_generation);
    if (!at_base) return tl::unexpected(at_base.error());
    return *at_base == vector;
}

Result<> SpaceHistory::begin(std::uint64_t generation, const VersionVector& vector) {
    if (auto dropped = drop(); !dropped) return dropped;
    for (const auto& [replica, counter] : vector) {
        if (auto put = storage_.raise(base_generation, replica, counter); !put) return put;
    }
    Result<> copied;
    auto scanned = storage_.scan(generation, {}, {}, [&](const DocumentKey& key, BytesView state) {
        copied = storage_.put_document(base_generation, key, state);
        return copied.has_value();
    });
    return scanned ? copied : scanned;
}

Result<> SpaceHistory::drop() {
    auto range = storage_.logged_range();
    if (!range) return tl::unexpected(range.error());
    if (*range) {
        if (auto erased = storage_.erase_logged((*range)->last); !erased) return erased;
    }
    return storage_.drop_generation(base_generation);
}

Result<> SpaceHistory::trim(std::uint64_t before_ms) {
    auto vector = storage_.vector(base_generation);
    if (!vector) return tl::unexpected(vector.error());
    VersionVector seen = std::move(*vector);
    std::map<DocumentKey, Document> documents;
    std::uint64_t trimmed = 0;
    std::size_t left = trimmed_at_once;
    auto folded = for_each_kept(
        storage_, [&](const LoggedChange& logged, const Change& change) -> Result<bool> {
            if (logged.taken_ms >= before_ms || left-- == 0) return false;
            Result<> good;
            for_each_section(change, [&](const Section& section, const Event& at) {
                auto found = documents.find(section.document);
                if (found == documents.end()) {
                    auto before = base(section.document);
                    if (!before) {
                        good = tl::unexpected(before.error());
                        return;
                    }
                    found = documents.emplace(section.document, std::move(*before)).first;
                }
                found->second.apply(section.ops, at, &seen);
            });
            if (!good) return tl::unexpected(good.error());
            seen.raise(change.replica, change.last());
            trimmed = logged.sequence;
            return storage_.raise(base_generation, change.replica, change.last()).map([] {
                return true;
            });
        });
    if (!folded || trimmed == 0) return folded;
    for (const auto& [key, document] : documents) {
        const Bytes state = wire::encode_document(document);
        if (auto put = storage_.put_document(base_generation, key, state); !put) return put;
    }
    return storage_.erase_logged(trimmed);
}

Result<Document> SpaceHistory::base(const DocumentKey& key) {
    auto bytes = storage_.document(base_generation, key);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!*bytes) return Document();
    auto document = wire::decode_document(**bytes, wire::state_limits());
    if (!document) return fail(ErrorCode::storage_corrupt, document.error().message);
    return document;
}

Result<std::vector<HistoryEntry>> SpaceHistory::entries(const DocumentKey& key, const Path& path) {
    std::vector<HistoryEntry> entries;
    auto done = for_each_kept(
        storage_, [&](const LoggedChange& logged, const Change& change) -> Result<bool> {
            if (auto entry = history_entry(change, key, path)) {
                entry->sequence = logged.sequence;
                entries.push_back(std::move(*entry));
            }
            return true;
        });
    if (!done) return tl::unexpected(done.error());
    return entries;
}

Result<Document> SpaceHistory::as_of(const DocumentKey& key, std::uint64_t sequence,
                                     std::uint64_t cursor) {
    auto range = storage_.logged_range();
    if (!range) return tl::unexpected(range.error());
    const std::uint64_t base_at = *range ? (*range)->first - 1 : cursor;
    if (sequence < base_at || sequence > cursor) {
        return fail(ErrorCode::not_found, "the kept history reaches from " +
                                              std::to_string(base_at) + " to " +
                                              std::to_string(cursor));
    }
    auto vector = storage_.vector(base_generation);
    if (!vector) return tl::unexpected(vector.error());
    VersionVector seen = std::move(*vector);
    auto document = base(key);
    if (!document) return document;
    auto done = for_each_kept(
        storage_, [&](const LoggedChange& logged, const Change& change) -> Result<bool> {
            if (logged.sequence > sequence) return false;
            for_each_section(change, [&](const Section& section, const Event& at) {
                if (section.document == key) document->apply(section.ops, at, &seen);
            });
            seen.raise(change.replica, change.last());
            return true;
        });
    if (!done) return tl::unexpected(done.error());
    return document;
}

// ---- The space's side of it

/// What is stored follows the setting: also after a version that did not know of it, or a crash
/// between the two.
Result<> SpaceReplica::bring_history_in_line() {
    const bool wanted = options_.history_ms > 0;
    auto leads = history_.leads_to(state_.cursor, vector_);
    if (!leads) return tl::unexpected(leads.error());
    if (wanted && *leads) return {};
    if (!wanted) {
        auto base = storage_.vector(0);
        auto range = storage_.logged_range();
        if (!base) return tl::unexpected(base.error());
        if (!range) return tl::unexpected(range.error());
        if (base->empty() && !*range) return {};
    }
    return in_transaction(
        [&] { return wanted ? history_.begin(state_.generation, vector_) : history_.drop(); });
}

Result<> SpaceReplica::keep_history(std::uint64_t ms) {
    options_.history_ms = ms;
    return bring_history_in_line();
}

Result<std::vector<HistoryEntry>> SpaceReplica::history(const DocumentKey& key, const Path& path) {
    if (options_.history_ms == 0)
        return fail(ErrorCode::not_found, "no history is kept in this store");
    auto entries = history_.entries(key, path);
    if (!entries) return entries;
    for (const auto& [first, last] : pending_) {
        auto change = own_change(first);
        if (!change) return tl::unexpected(change.error());
        if (auto entry = history_entry(**change, key, path)) entries->push_back(std::move(*entry));
    }
    return entries;
}

Result<Document> SpaceReplica::as_of(const DocumentKey& key, std::uint64_t sequence) {
    if (options_.history_ms == 0)
        return fail(ErrorCode::not_found, "no history is kept in this store");
    return history_.as_of(key, sequence, state_.cursor);
}

}  // namespace syncline
