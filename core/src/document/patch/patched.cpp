#include "watch.hpp"

#include <algorithm>

namespace syncline {

namespace {

Value empty_of(Type type) {
    if (type == Type::map) return Value::Map{};
    if (type == Type::text) return "";
    return Value::Array{};
}

/// What a patch does to the value of its own field.
struct Inside {
    Value view;

    Value operator()(const Patch::Put& put) { return put.after; }
    Value operator()(const Patch::Revealed& revealed) { return revealed.value; }
    Value operator()(const Patch::SetInserted& inserted) {
        Value::Array items = array();
        items.insert(std::lower_bound(items.begin(), items.end(), inserted.element),
                     inserted.element);
        return items;
    }
    Value operator()(const Patch::SetErased& erased) {
        Value::Array items = array();
        items.erase(std::remove(items.begin(), items.end(), erased.element), items.end());
        return items;
    }
    Value operator()(const Patch::ListInserted& inserted) {
        Value::Array items = array();
        Value::Array values;
        for (const Patch::Element& element : inserted.elements) values.push_back(element.value);
        const std::size_t index = std::min<std::size_t>(inserted.index, items.size());
        items.insert(items.begin() + static_cast<std::ptrdiff_t>(index), values.begin(),
                     values.end());
        return items;
    }
    Value operator()(const Patch::ListErased& erased) {
        Value::Array items = array();
        const std::size_t from = std::min<std::size_t>(erased.index, items.size());
        const std::size_t to = std::min<std::size_t>(from + erased.count, items.size());
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(from),
                    items.begin() + static_cast<std::ptrdiff_t>(to));
        return items;
    }
    Value operator()(const Patch::ListMoved& moved) {
        Value::Array items = array();
        if (moved.from >= items.size() || moved.to >= items.size()) return items;
        const Value item = items[moved.from];
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(moved.from));
        items.insert(items.begin() + static_cast<std::ptrdiff_t>(moved.to), item);
        return items;
    }
    Value operator()(const Patch::TextChanged& changed) {
        const std::string* text = view.text();
        std::string all;
        for (const Text::Span& span :
             patched({{text == nullptr ? std::string() : *text, {}}}, changed.delta))
            all += span.text;
        return all;
    }
    Value operator()(const Patch::Created&) { return view; }  // where the path leads from
    Value operator()(const Patch::Removed&) { return view; }

    [[nodiscard]] Value::Array array() const {
        return view.array() == nullptr ? Value::Array{} : *view.array();
    }
};

Value patched_at(Value view, const Patch& patch, std::size_t depth, std::size_t element) {
    if (depth == patch.path.size()) return std::visit(Inside{std::move(view)}, patch.what);
    const Step& step = patch.path[depth];
    const bool is_last = depth + 1 == patch.path.size();
    const bool creates = is_last && std::holds_alternative<Patch::Created>(patch.what);
    const bool removes = is_last && std::holds_alternative<Patch::Removed>(patch.what);
    if (step.is_element()) {
        Value::Array items = view.array() == nullptr ? Value::Array{} : *view.array();
        const std::size_t index = element < patch.indices.size() ? patch.indices[element] : 0;
        if (index >= items.size() || removes) return items;
        items[index] =
            creates ? empty_of(step.type) : patched_at(items[index], patch, depth + 1, element + 1);
        return items;
    }
    Value::Map members = view.map() == nullptr ? Value::Map{} : *view.map();
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const auto& member) { return member.key == step.key; });
    Value inside = found == members.end() ? Value() : found->value;
    if (found != members.end()) members.erase(found);
    if (removes) return members;
    members.push_back({step.key, creates
                                     ? empty_of(step.type)
                                     : patched_at(std::move(inside), patch, depth + 1, element)});
    return members;
}

}  // namespace

Value patched(Value view, const std::vector<Patch>& patches) {
    for (const Patch& patch : patches) {
        if (!patch.shown) continue;
        const bool is_document = patch.path.empty();
        if (is_document && (std::holds_alternative<Patch::Created>(patch.what) ||
                            std::holds_alternative<Patch::Removed>(patch.what))) {
            view = Value::Map{};
        } else {
            view = patched_at(std::move(view), patch, 0, 0);
        }
    }
    return view;
}

}  // namespace syncline
