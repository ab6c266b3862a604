#include "net/http.hpp"

#include <libwebsockets.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline::relay::net {
namespace {

/// A request header's value. Absent and empty are the same; a value too long for the buffer is
/// `refused`.
struct Header {
    std::string value;
    bool refused = false;
};

Header header(lws* wsi, lws_token_indexes token) {
    std::array<char, 512> buffer{};
    const int length = lws_hdr_copy(wsi, buffer.data(), static_cast<int>(buffer.size()), token);
    if (length < 0) return {"", true};
    return {std::string(buffer.data(), static_cast<std::size_t>(length)), false};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

bool respond(lws* wsi, const HttpResponse& response, Part part) {
    std::array<unsigned char, LWS_PRE + 2048> head{};
    unsigned char* const start = head.data() + LWS_PRE;
    unsigned char* const end = head.data() + head.size() - 1;
    unsigned char* at = start;
    const auto add = [&](const char* name, std::string_view value) {
        return lws_add_http_header_by_name(wsi, reinterpret_cast<const unsigned char*>(name),
                                           reinterpret_cast<const unsigned char*>(value.data()),
                                           static_cast<int>(value.size()), &at, end) == 0;
    };
    const std::size_t size = response.file ? response.file->size() : response.body.size();
    // "Not modified" has no body, and so no type and no length.
    const bool started =
        response.status == 304
            ? lws_add_http_header_status(wsi, response.status, &at, end) == 0
            : lws_add_http_common_headers(wsi, response.status, response.content_type.c_str(), size,
                                          &at, end) == 0;
    if (!started || !add("x-content-type-options:", "nosniff")) return false;
    bool may_be_kept = false;
    for (const auto& [name, value] : response.headers) {
        if (!add(name.c_str(), value)) return false;
        may_be_kept = may_be_kept || name == "cache-control:";
    }
    if (!may_be_kept && !add("cache-control:", "no-store")) return false;
    if (response.status == 405 && !add("allow:", "GET, HEAD")) return false;
    if (response.status == 426 &&
        !(add("upgrade:", "websocket") && add("sec-websocket-version:", "13"))) {
        return false;
    }
    if (lws_finalize_write_http_header(wsi, start, &at, end) != 0) return false;
    if (part == Part::head || response.file || response.status == 304) return true;
    std::vector<unsigned char> body(LWS_PRE + response.body.size());
    std::copy(response.body.begin(), response.body.end(), body.begin() + LWS_PRE);
    return lws_write(wsi, body.data() + LWS_PRE, response.body.size(), LWS_WRITE_HTTP_FINAL) >= 0;
}

HttpResponse plain(unsigned status, std::string text) {
    return {status, "text/plain; charset=utf-8", std::move(text) + "\n"};
}

// libwebsockets 4.1 comes here even after it answered an unknown Upgrade itself, and then its own
// pointer to the header's value may point to freed memory, which it would go on to read. Hence the
// header is fetched anew, and everything but "websocket" ends here.
int confirm_upgrade(lws* wsi, const Options& options, bool loopback) {
    const auto refuse = [&](unsigned status, const char* text) {
        respond(wsi, plain(status, text));
        return -1;
    };
    if (!equal_ignoring_case(header(wsi, WSI_TOKEN_UPGRADE).value, "websocket")) return -1;
    if (header(wsi, WSI_TOKEN_GET_URI).value != options.path) return refuse(404, "not found");
    if (header(wsi, WSI_TOKEN_VERSION).value != "13")
        return refuse(426, "WebSocket version 13 only");
    if (header(wsi, WSI_TOKEN_KEY).value.size() != 24) return refuse(400, "bad Sec-WebSocket-Key");

    const Header origin = header(wsi, WSI_TOKEN_ORIGIN);
    if (origin.refused) return refuse(403, "origin refused");
    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0) {
        const OriginRules rules{options.origins_allowed, options.own_pages, loopback,
                                !options.tls_certificate_file.empty()};
        const std::string host = header(wsi, WSI_TOKEN_HOST).value;
        if (!origin_may_connect(origin.value, host, rules)) return refuse(403, "origin refused");
    }
    return 0;
}

bool refused_request(lws* wsi) {
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) == 0 &&
        lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) == 0) {
        respond(wsi, plain(405, "GET and HEAD only"));
        return true;
    }
    const Header length = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    if ((!length.value.empty() && length.value != "0") || length.refused ||
        lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        respond(wsi, plain(413, "no request bodies"));
        return true;
    }
    return false;
}

RequestHeaders headers_of(lws* wsi) {
    return {header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH).value,
            header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING).value,
            lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0};
}

std::string origin_of(lws* wsi) { return header(wsi, WSI_TOKEN_ORIGIN).value; }

}  // namespace syncline::relay::net
