#include "common.hpp"

#include <fstream>
#include <iostream>
#include <sstream>

namespace syncline::tool {

int report(const Error& error) {
    std::cerr << "syncline: " << error.message << " (" << name_of(error.code) << ")\n";
    switch (error.code) {
        case ErrorCode::not_found: return exit_not_found;
        case ErrorCode::unauthorized:
        case ErrorCode::token_expired:
        case ErrorCode::forbidden:
        case ErrorCode::version_unsupported:
        case ErrorCode::unknown_format: return exit_refused;
        case ErrorCode::not_a_relay:
        case ErrorCode::connection_lost:
        case ErrorCode::draining:
        case ErrorCode::timed_out: return exit_unreachable;
        case ErrorCode::storage_failed:
        case ErrorCode::storage_full:
        case ErrorCode::storage_locked:
        case ErrorCode::storage_corrupt:
        case ErrorCode::storage_not_ours:
        case ErrorCode::storage_newer:
        case ErrorCode::storage_readonly: return exit_storage;
        case ErrorCode::invalid_argument:
        case ErrorCode::malformed:
        case ErrorCode::truncated:
        case ErrorCode::trailing_bytes:
        case ErrorCode::too_large:
        case ErrorCode::too_deep:
        case ErrorCode::out_of_range:
        case ErrorCode::invalid_utf8:
        case ErrorCode::schema_violation:
        case ErrorCode::schema_incompatible: return exit_bad_input;
        default: return exit_failed;
    }
}

Result<Opened> open(const Context& context) {
    auto store = Store::open(context.store);
    if (!store) return tl::unexpected(store.error());
    auto space = store->space(context.space);
    if (!space) return tl::unexpected(space.error());
    return Opened{std::move(*store), std::move(*space)};
}

Result<std::string> read_all(const std::string& file) {
    std::ostringstream text;
    if (file == "-") {
        text << std::cin.rdbuf();
        return text.str();
    }
    std::ifstream in(file, std::ios::binary);
    if (in) text << in.rdbuf();
    if (!in || in.bad()) return fail(ErrorCode::not_found, "cannot read " + file);
    return text.str();
}

Result<DocumentKey> parse_document(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == std::string::npos) {
        return fail(ErrorCode::invalid_argument, "'" + text + "' is not COLLECTION/ID");
    }
    DocumentKey key{text.substr(0, slash), text.substr(slash + 1)};
    if (!is_document_name(key.collection) || !is_document_name(key.id)) {
        return fail(ErrorCode::invalid_argument,
                    "'" + text + "': a collection and an id have 1 to 128 bytes each");
    }
    return key;
}

Result<std::vector<std::string>> parse_field(const std::string& text) {
    std::vector<std::string> steps;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t slash = std::min(text.find('/', at), text.size());
        steps.push_back(text.substr(at, slash - at));
        at = slash + 1;
        if (steps.back().empty()) {
            return fail(ErrorCode::invalid_argument, "'" + text + "' has an empty step");
        }
    }
    return steps;
}

MapEditor descend(MapEditor map, const std::vector<std::string>& field) {
    // MapEditor is not assignable (it refers to its transaction), so the walk is a recursion.
    if (field.size() <= 1) return map;
    return descend(map.map(field.front()), {field.begin() + 1, field.end()});
}

const Value* find(const Value& view, const std::vector<std::string>& field) {
    const Value* at = &view;
    for (const std::string& key : field) {
        at = at->find(key);
        if (at == nullptr) return nullptr;
    }
    return at;
}

const Node* find(const OrMap& root, const std::vector<std::string>& field) {
    const OrMap* map = &root;
    const Node* node = nullptr;
    for (const std::string& key : field) {
        const std::vector<Type> alive = map == nullptr ? std::vector<Type>{} : types(*map, key);
        if (alive.empty()) return nullptr;
        node = map->find(FieldKey{key, alive.front()});
        map = node->as<OrMap>();
    }
    return node;
}

}  // namespace syncline::tool
