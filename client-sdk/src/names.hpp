#pragma once

#include "syncline/client/store.hpp"

#include <optional>

namespace syncline::client {

/// A path as it was called when names() was `then`, as it is called now; none when an element on it
/// is gone for ever. `Names` is a SpaceReplica or its Editor.
template <typename Names>
std::optional<Path> name_now(const Names& names, Path path, std::uint64_t then) {
    for (Step& step : path) {
        if (!step.is_element()) continue;
        const auto now = names.name_now(step.element, then);
        if (!now) return std::nullopt;
        step.element = *now;
    }
    return path;
}

template <typename Names>
std::optional<ElementId> name_now(const Names& names, ElementId id) {
    const auto list = name_now(names, std::move(id.list), id.names);
    const auto element = names.name_now(id.element, id.names);
    if (!list || !element) return std::nullopt;
    return ElementId{std::move(id.document), *list, *element, names.names()};
}

template <typename Names>
std::optional<Cursor> name_now(const Names& names, Cursor cursor) {
    const auto text = name_now(names, std::move(cursor.text), cursor.names);
    const auto element = names.name_now(cursor.anchor.element, cursor.names);
    if (!text || !element) return std::nullopt;
    return Cursor{std::move(cursor.document), *text, {*element, cursor.anchor.side}, names.names()};
}

}  // namespace syncline::client
