#include "auth/token.hpp"

#include "auth/base64url.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace syncline::relay::auth {
namespace {

using nlohmann::json;

constexpr std::size_t name_bytes_max = 128;
constexpr int depth_max = 4;  // claims, spaces, and some of the issuer's own
constexpr std::int64_t time_max_s = std::int64_t{1} << 53;

tl::unexpected<Error> unauthorized(const char* why) { return fail(ErrorCode::unauthorized, why); }

/// A JSON object without duplicate names, or nothing.
std::optional<json> parse_object(std::string_view text) {
    std::vector<std::set<std::string>> names;
    bool good = true;
    const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
        if (depth > depth_max) good = false;
        if (event == json::parse_event_t::object_start) names.emplace_back();
        if (event == json::parse_event_t::object_end) names.pop_back();
        if (event == json::parse_event_t::key &&
            !names.back().insert(parsed.get<std::string>()).second) {
            good = false;
        }
        return good;
    };
    auto value = json::parse(text, watch, false);
    if (!good || !value.is_object()) return std::nullopt;
    return value;
}

std::optional<json> parse_part(std::string_view part) {
    const auto bytes = from_base64url(part);
    if (!bytes) return std::nullopt;
    return parse_object(as_text(*bytes));
}

/// The string under `name`; empty when absent, nothing when it is something else.
std::optional<std::string> text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) return "";
    if (!found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

bool is_time(const json& value) {
    if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= std::uint64_t{time_max_s};
    return value.is_number_integer() && value.get<std::int64_t>() >= 0;
}

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

bool is_jwt_type(std::string_view type) {
    constexpr std::string_view upper = "JWT";
    constexpr std::string_view lower = "jwt";
    return type == upper || type == lower;
}

bool names_audience(const json& claims, const std::string& wanted) {
    const auto found = claims.find("aud");
    if (found == claims.end()) return wanted.empty();
    if (found->is_string()) return wanted.empty() || found->get_ref<const std::string&>() == wanted;
    if (!found->is_array()) return false;
    bool named = wanted.empty();
    for (const auto& one : *found) {
        if (!one.is_string()) return false;
        named = named || one.get_ref<const std::string&>() == wanted;
    }
    return named;
}

std::optional<std::map<std::string, Access>> spaces_of(const json& claims) {
    std::map<std::string, Access> spaces;
    const auto found = claims.find("spaces");
    if (found == claims.end()) return spaces;
    if (!found->is_object()) return std::nullopt;
    for (const auto& [name, right] : found->items()) {
        if (name != "*" && !is_name(name)) return std::nullopt;
        if (right == "rw") {
            spaces[name] = Access::read_write;
        } else if (right == "r") {
            spaces[name] = Access::read;
        } else if (right == "none") {
            spaces[name] = Access::none;
        } else {
            return std::nullopt;
        }
    }
    return spaces;
}

}  // namespace

bool is_name(std::string_view name) {
    if (name.empty() || name.size() > name_bytes_max) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == ':' || c == '-';
    });
}

Access Grant::access_to(std::string_view space) const {
    auto found = spaces.end();
    if (is_name(space)) {
        found = spaces.find(std::string(space));
        if (found == spaces.end()) found = spaces.find("*");
    }
    return found == spaces.end() ? Access::none : found->second;
}

Result<Verifier> Verifier::from_keys(std::vector<Key> keys, Requirements requirements) {
    if (keys.empty()) return fail(ErrorCode::invalid_argument, "no key to check tokens with");
    if (requirements.leeway_s < 0)
        return fail(ErrorCode::invalid_argument, "the leeway is negative");
    Verifier verifier;
    verifier.requirements_ = std::move(requirements);
    for (auto& key : keys) {
        std::string id = key.id();
        if (!verifier.keys_.emplace(id, std::move(key)).second) {
            return fail(ErrorCode::invalid_argument,
                        id.empty() ? "two keys without an id" : "two keys with the id " + id);
        }
    }
    return verifier;
}

Result<Grant> Verifier::verify(std::string_view token, std::int64_t now_s) const {
    if (token.size() > token_bytes_max) return unauthorized("the token is too long");
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
        return unauthorized("a token has three parts");
    }

    const auto header = parse_part(token.substr(0, first));
    if (!header) return unauthorized("the token's header is malformed");
    if (header->contains("crit")) return unauthorized("the token's header has critical extensions");
    if (header->contains("typ")) {
        const auto type = text_of(*header, "typ");
        if (!type || !is_jwt_type(*type)) return unauthorized("the token is of another type");
    }
    const auto id = text_of(*header, "kid");
    if (!id || (header->contains("kid") && id->empty()))
        return unauthorized("the token's kid is malformed");
    const auto found = keys_.find(*id);
    if (found == keys_.end()) return unauthorized("the token's key is not known");
    const Key& key = found->second;
    if (text_of(*header, "alg") != name_of(key.algorithm())) {
        return unauthorized("the token's algorithm is not its key's");
    }

    const auto signature = from_base64url(token.substr(second + 1));
    if (!signature || !key.verifies(token.substr(0, second), *signature)) {
        return unauthorized("the token's signature is wrong");
    }

    const auto claims = parse_part(token.substr(first + 1, second - first - 1));
    if (!claims) return unauthorized("the token's claims are malformed");
    for (const char* time : {"exp", "nbf", "iat"}) {
        if (claims->contains(time) && !is_time((*claims)[time]))
            return unauthorized("a time is malformed");
    }
    if (!claims->contains("exp")) return unauthorized("the token does not expire");

    Grant grant;
    grant.expires_s = (*claims)["exp"].get<std::int64_t>();
    const auto subject = text_of(*claims, "sub");
    if (!subject || subject->empty() || subject->size() > name_bytes_max ||
        has_control_characters(*subject)) {
        return unauthorized("the token's sub is missing or malformed");
    }
    grant.subject = *subject;
    const auto tenant = text_of(*claims, "tenant");
    if (!tenant || (!tenant->empty() && !is_name(*tenant)))
        return unauthorized("the token's tenant is malformed");
    grant.tenant = *tenant;
    auto spaces = spaces_of(*claims);
    if (!spaces) return unauthorized("the token's spaces are malformed");
    grant.spaces = std::move(*spaces);

    const auto issuer = text_of(*claims, "iss");
    if (!issuer || (!requirements_.issuer.empty() && *issuer != requirements_.issuer)) {
        return unauthorized("the token is from another issuer");
    }
    if (!names_audience(*claims, requirements_.audience))
        return unauthorized("the token is for another audience");

    const std::int64_t leeway = requirements_.leeway_s;
    for (const char* time : {"nbf", "iat"}) {
        if (claims->contains(time) && (*claims)[time].get<std::int64_t>() - leeway > now_s) {
            return unauthorized("the token is not valid yet");
        }
    }
    if (now_s - leeway >= grant.expires_s)
        return fail(ErrorCode::token_expired, "the token has expired");
    if (std::none_of(grant.spaces.begin(), grant.spaces.end(),
                     [](const auto& one) { return one.second != Access::none; })) {
        return fail(ErrorCode::forbidden, "the token grants no space");
    }
    return grant;
}

}  // namespace syncline::relay::auth
