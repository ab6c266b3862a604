#pragma once

#include "net/server.hpp"
#include <syncline/result.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace syncline::relay {

/// An app's files for the browser, read into memory once: nothing that a request says reaches the
/// file system, and the loop never waits for a disk.
///
/// Paths      As in the directory, exactly; a directory is its index.html. No file whose name, or
///            whose directory's, begins with a dot.
/// Variants   `x.br` and `x.gz` beside `x` are not files of their own but `x` compressed, for
///            those who accept that.
/// Caching    Asked for again each time, by ETag; for good, when the name holds a hash of the
///            content (app.3f9a2b7c.js), as bundlers make them.
/// Security   A policy that lets pages load from here only, run no inline script and be framed by
///            nobody.
class StaticFiles {
public:
    static constexpr std::size_t bytes_max = std::size_t{64} << 20;

    /// No files.
    StaticFiles() = default;
    /// Errors: too_large above 64 MiB; invalid_argument for a symbolic link that leads out of the
    /// directory; storage_failed.
    [[nodiscard]] static Result<StaticFiles> read(const std::string& directory);

    [[nodiscard]] bool empty() const { return files_.empty(); }
    /// None when there is nothing under that path.
    [[nodiscard]] std::optional<net::HttpResponse> answer(const net::HttpRequest& request) const;

private:
    struct Body {
        std::shared_ptr<const std::string> bytes;
        std::string etag;
    };
    struct File {
        std::string type;
        bool immutable = false;
        Body plain, gzip, brotli;
    };
    std::map<std::string, File, std::less<>> files_;
    std::set<std::string, std::less<>> directories_;  ///< with an index.html; without the slash
};

/// What the name says a file holds; "application/octet-stream" if it says nothing.
[[nodiscard]] std::string content_type(std::string_view path);
/// Whether a part of the name, between dots or dashes, is a hash of eight or more characters.
[[nodiscard]] bool has_content_hash(std::string_view path);
/// Whether a client that sends this Accept-Encoding takes `coding`.
[[nodiscard]] bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

}  // namespace syncline::relay
