#include "app/static_files.hpp"

#include <syncline/codec/sha256.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace syncline::relay {
namespace {

namespace fs = std::filesystem;

constexpr const char* content_security_policy =
    "default-src 'self'; connect-src 'self' ws: wss:; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self'; img-src 'self' data:; worker-src 'self'; frame-ancestors 'none'";

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls `use` with each part of a list with commas, until it returns true; whether it did.
template <typename Use>
bool any_of_list(std::string_view list, Use use) {
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t comma = std::min(list.find(',', at), list.size());
        if (use(trimmed(list.substr(at, comma - at)))) return true;
        at = comma + 1;
    }
    return false;
}

/// Weakly compared, as If-None-Match is (RFC 9110 §13.1.2).
bool names_etag(std::string_view if_none_match, std::string_view etag) {
    return any_of_list(if_none_match, [&](std::string_view one) {
        if (one.rfind("W/", 0) == 0) one.remove_prefix(2);
        return one == etag || one == "*";
    });
}

bool is_hash(std::string_view part) {
    constexpr std::size_t hash_chars_min = 8;
    if (part.size() < hash_chars_min) return false;
    std::size_t digits = 0, hex = 0, upper = 0, lower = 0;
    for (const char c : part) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) == 0) return false;
        digits += std::isdigit(byte) != 0 ? 1 : 0;
        upper += std::isupper(byte) != 0 ? 1 : 0;
        lower += std::islower(byte) != 0 ? 1 : 0;
        hex += std::isxdigit(byte) != 0 && std::isupper(byte) == 0 ? 1 : 0;
    }
    // A word or a date is none; when in doubt a browser asks again, which is never wrong.
    if (digits == 0 || digits == part.size()) return false;
    return hex == part.size() || (upper > 0 && lower > 0) || upper + digits == part.size();
}

Result<std::string> read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string body{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in) return fail(ErrorCode::storage_failed, "cannot read " + path.string());
    return body;
}

bool is_below(const fs::path& path, const fs::path& root) {
    return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

}  // namespace

std::string content_type(std::string_view path) {
    constexpr std::array<std::pair<std::string_view, const char*>, 16> types{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".wasm", "application/wasm"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
    }};
    for (const auto& [extension, type] : types) {
        if (ends_with(path, extension)) return type;
    }
    return "application/octet-stream";
}

bool has_content_hash(std::string_view path) {
    std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
    // Neither the first part, which is the name proper, nor the extension.
    std::size_t at = name.find_first_of(".-");
    while (at != name.npos) {
        const std::size_t next = name.find_first_of(".-", at + 1);
        if (next == name.npos) return false;
        if (is_hash(name.substr(at + 1, next - at - 1))) return true;
        at = next;
    }
    return false;
}

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) {
    return any_of_list(accept_encoding, [&](std::string_view one) {
        const std::size_t semicolon = std::min(one.find(';'), one.size());
        if (trimmed(one.substr(0, semicolon)) != coding) return false;
        const std::string_view weight =
            semicolon == one.size() ? std::string_view() : trimmed(one.substr(semicolon + 1));
        // q=0, q=0.0 …: not acceptable.
        return weight.rfind("q=0", 0) != 0 || weight.find_first_of("123456789") != weight.npos;
    });
}

Result<StaticFiles> StaticFiles::read(const std::string& directory) {
    std::error_code error;
    const fs::path root = fs::canonical(directory, error);
    const auto failed = [&](const std::string& path) {
        return fail(ErrorCode::storage_failed, "cannot read " + path + ": " + error.message());
    };
    if (error) return failed(directory);

    StaticFiles all;
    std::map<std::string, Body> bodies;
    std::size_t bytes = 0;
    fs::recursive_directory_iterator entries(root, error);
    for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
        const fs::path& path = entries->path();
        if (path.filename().string().rfind('.', 0) == 0) {
            if (entries->is_directory(error)) entries.disable_recursion_pending();
            continue;
        }
        if (!entries->is_regular_file(error)) continue;
        if (entries->is_symlink(error) && !is_below(fs::canonical(path, error), root)) {
            return fail(ErrorCode::invalid_argument,
                        path.string() + " is a link that leads out of " + directory);
        }
        auto body = read_file(path);
        if (!body) return tl::unexpected(body.error());
        bytes += body->size();
        if (bytes > bytes_max) {
            return fail(ErrorCode::too_large, "more than " + std::to_string(bytes_max >> 20) +
                                                  " MiB of files below " + directory);
        }
        std::string etag = '"' + to_hex(hash_of(std::as_bytes(std::span(*body))).view()) + '"';
        bodies["/" + path.lexically_relative(root).generic_string()] = {
            std::make_shared<const std::string>(std::move(*body)), std::move(etag)};
    }
    if (error) return failed(directory);

    for (const auto& [path, body] : bodies) {
        const bool variant = (ends_with(path, ".br") || ends_with(path, ".gz")) &&
                             bodies.count(path.substr(0, path.size() - 3)) != 0;
        if (variant) continue;
        const auto variant_at = [&bodies](const std::string& name) {
            const auto found = bodies.find(name);
            return found == bodies.end() ? Body{} : found->second;
        };
        File file{content_type(path), has_content_hash(path), body, variant_at(path + ".gz"),
                  variant_at(path + ".br")};
        constexpr std::string_view index = "/index.html";
        if (ends_with(path, index)) {
            const std::string above = path.substr(0, path.size() - index.size());
            all.files_[above + "/"] = file;
            if (!above.empty()) all.directories_.insert(above);
        }
        all.files_[path] = std::move(file);
    }
    return all;
}

std::optional<net::HttpResponse> StaticFiles::answer(const net::HttpRequest& request) const {
    if (directories_.count(request.path) != 0) {
        // So that what the page names beside itself is looked for inside the directory.
        net::HttpResponse moved{301, "text/plain; charset=utf-8", "moved\n", {}, nullptr};
        moved.headers = {{"location:", std::string(request.path) + "/"}};
        return moved;
    }
    const auto found = files_.find(request.path);
    if (found == files_.end()) return std::nullopt;
    const File& file = found->second;
    const Body* body = &file.plain;
    const char* coding = nullptr;
    if (file.brotli.bytes && accepts_coding(request.accept_encoding, "br")) {
        body = &file.brotli;
        coding = "br";
    } else if (file.gzip.bytes && accepts_coding(request.accept_encoding, "gzip")) {
        body = &file.gzip;
        coding = "gzip";
    }
    net::HttpResponse response{200, file.type, {}, {}, body->bytes};
    response.headers = {
        {"cache-control:", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
        {"etag:", body->etag},
        {"content-security-policy:", content_security_policy},
        {"referrer-policy:", "no-referrer"}};
    if (file.brotli.bytes || file.gzip.bytes)
        response.headers.push_back({"vary:", "accept-encoding"});
    if (names_etag(request.if_none_match, body->etag)) {
        response.status = 304;
        response.file.reset();
    } else if (coding != nullptr) {
        response.headers.push_back({"content-encoding:", coding});
    }
    return response;
}

}  // namespace syncline::relay
