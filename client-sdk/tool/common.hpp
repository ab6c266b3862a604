#pragma once

#include "commands.hpp"
#include "syncline/client/store.hpp"
#include "syncline/document/json.hpp"

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

/// The map that the last step of `field` is in.
MapEditor descend(MapEditor map, const std::vector<std::string>& field);
/// The value under `field` of what a reader sees of a document, or null.
const Value* find(const Value& view, const std::vector<std::string>& field);
/// The node under `field`: at each step what a reader sees, the first live type.
const Node* find(const OrMap& root, const std::vector<std::string>& field);

}  // namespace syncline::tool
