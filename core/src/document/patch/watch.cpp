#include "watch.hpp"

#include <algorithm>

namespace syncline::patching {

bool is_container(Type type) {
    switch (type) {
        case Type::map:
        case Type::list:
        case Type::text:
        case Type::or_set:
        case Type::rw_set:
        case Type::g_set: return true;
        default: return false;
    }
}

std::optional<Type> first_type(const OrMap& map, const std::string& key) {
    const std::vector<Type> all = types(map, key);
    return all.empty() ? std::nullopt : std::optional(all.front());
}

bool contains(const Node* node, const Value& element) {
    if (node == nullptr) return false;
    if (const auto* set = node->as<OrSet>()) return set->contains(element);
    if (const auto* set = node->as<GSet>()) return set->contains(element);
    if (const auto* set = node->as<RwSet>()) return set->contains(element);
    return false;
}

std::vector<Value> conflicts_of(const Node& node) {
    std::vector<Value> values;
    if (const auto* reg = node.as<LwwRegister>()) {
        for (const auto& entry : reg->conflicts()) values.push_back(entry.value);
    }
    return values;
}

std::uint32_t utf16_of(std::string_view utf8) {
    return code_points(utf8) +
           static_cast<std::uint32_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) {
               return static_cast<unsigned char>(byte) >= 0xF0;
           }));
}
std::string_view part_of(const TextPayload& payload, std::uint32_t from, std::uint32_t length) {
    const std::size_t begin = payload.offset(from);
    return std::string_view(payload.utf8()).substr(begin, payload.offset(from + length) - begin);
}

}  // namespace syncline::patching
