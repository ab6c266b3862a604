#include "common.hpp"

#include <charconv>
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

std::optional<std::uint32_t> index_of(const std::string& step) {
    std::uint32_t index = 0;
    const char* end = step.data() + step.size();
    const auto [at, error] = std::from_chars(step.data(), end, index);
    if (error != std::errc() || at != end) return std::nullopt;
    return index;
}

namespace {

using Steps = std::vector<std::string>;

// Editors are not assignable (they refer to their transaction), so the walks are recursions.
Result<> follow(MapEditor map, const Steps& field, std::size_t at, const AtField& then);

Result<> follow(ListEditor list, const Steps& field, std::size_t at, const AtField& then) {
    const auto index = index_of(field[at]);
    if (!index)
        return fail(ErrorCode::invalid_argument, "'" + field[at] + "' is no index of a list");
    if (at + 1 == field.size()) return then.element(list, *index);
    if (*index >= list.size()) {
        return fail(ErrorCode::out_of_range,
                    "index " + field[at] + " in a list of " + std::to_string(list.size()));
    }
    const bool into_list = list.list(*index).exists() && index_of(field[at + 1]);
    return into_list ? follow(list.list(*index), field, at + 1, then)
                     : follow(list.map(*index), field, at + 1, then);
}

Result<> follow(MapEditor map, const Steps& field, std::size_t at, const AtField& then) {
    const std::string& key = field[at];
    if (at + 1 == field.size()) return then.key(map, key);
    // A view shows a map before a list.
    const bool into_list = index_of(field[at + 1]) && map.list(key).exists() &&
                           map.map(key).written() == Value(Value::Map{});
    return into_list ? follow(map.list(key), field, at + 1, then)
                     : follow(map.map(key), field, at + 1, then);
}

/// What is shown under a step of a container: of a list's element, or of a map's key.
const Node* shown_in(const OrMap& map, const std::string& key) {
    const std::vector<Type> alive = types(map, key);
    return alive.empty() ? nullptr : map.find(FieldKey{key, alive.front()});
}

}  // namespace

Result<> follow(MapEditor map, const Steps& field, const AtField& then) {
    return follow(std::move(map), field, 0, then);
}

const Value* find(const Value& view, const Steps& field) {
    const Value* at = &view;
    for (const std::string& step : field) {
        if (const Value::Array* items = at->array()) {
            const auto index = index_of(step);
            at = index && *index < items->size() ? &(*items)[*index] : nullptr;
        } else {
            at = at->find(step);
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

const LwwRegister* find_register(const OrMap& root, const Steps& field) {
    const OrMap* inside = &root;  // with a key of it, or the contents of an element
    const Node* node = nullptr;
    std::string key;
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (i > 0) node = shown_in(*inside, key);
        const List* list = node == nullptr ? nullptr : node->as<List>();
        if (list != nullptr) {
            const auto index = index_of(field[i]);
            const auto id = index ? list->id(*index) : std::nullopt;
            inside = id ? list->contents(*id) : nullptr;
            key.clear();
        } else {
            if (i > 0) inside = node == nullptr ? nullptr : node->as<OrMap>();
            key = field[i];
        }
        if (inside == nullptr) return nullptr;
    }
    const Node* found = inside->find(FieldKey{key, Type::lww_register});
    return found == nullptr ? nullptr : found->as<LwwRegister>();
}

}  // namespace syncline::tool
