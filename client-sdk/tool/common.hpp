#pragma once

#include "commands.hpp"
#include "syncline/client/store.hpp"
#include "syncline/document/json.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace syncline::tool {

/// Tells stderr what went wrong and returns the exit code for it.
int report(const Error& error);

/// A store that is open, and the space that the command is about.
struct Opened {
    Store store;
    Space space;
};
Result<Opened> open(const Context& context);

/// A file's text; "-" is standard input.
Result<std::string> read_all(const std::string& file);

/// "tasks/t1" → (tasks, t1). The id may hold further slashes.
Result<DocumentKey> parse_document(const std::string& text);
/// "address/city" → [address, city].
Result<std::vector<std::string>> parse_field(const std::string& text);

/// A step that is a number, for an element of a list.
std::optional<std::uint32_t> index_of(const std::string& step);
/// What to do where a field leads: to a key of a map, or to an element of a list.
struct AtField {
    std::function<Result<>(MapEditor&, const std::string& key)> key;
    std::function<Result<>(ListEditor&, std::uint32_t index)> element;
};
/// Goes from `map` along `field`: a number is an element where a list is shown, else a key.
Result<> follow(MapEditor map, const std::vector<std::string>& field, const AtField& then);
/// The value under `field` of what a reader sees of a document, or null.
const Value* find(const Value& view, const std::vector<std::string>& field);
/// The register under `field`, also when a view shows a field of another type for it, or null.
const LwwRegister* find_register(const OrMap& root, const std::vector<std::string>& field);

}  // namespace syncline::tool
