// An app's files for the browser: what they are served as, and what is never served; and whose
// pages may open the WebSocket.

#include "app/static_files.hpp"

#include "net_client.hpp"
#include "relay_program.hpp"
#include "support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace net_test;
using relay_test::Program;
using syncline::ErrorCode;
using syncline::relay::accepts_coding;
using syncline::relay::content_type;
using syncline::relay::has_content_hash;
using syncline::relay::StaticFiles;
using syncline::test::TemporaryDirectory;

namespace {

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

struct Pages {
    Pages() { std::filesystem::create_directory(directory()); }
    [[nodiscard]] std::string directory() const { return temporary.path() + "/pages"; }
    void put(const std::string& path, const std::string& content) const {
        const std::filesystem::path file = directory() + "/" + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << content;
    }
    TemporaryDirectory temporary;
};

/// What `path` is answered with: the status, and the body (of a file, too).
std::string answer(const StaticFiles& files, std::string_view path,
                   std::string_view accept_encoding = "", std::string_view if_none_match = "") {
    const auto response = files.answer({path, if_none_match, accept_encoding});
    if (!response) return "none";
    return std::to_string(response->status) + " " +
           (response->file ? *response->file : response->body);
}

std::string header_of(const StaticFiles& files, std::string_view path, const std::string& name,
                      std::string_view accept_encoding = "") {
    const auto response = files.answer({path, "", accept_encoding});
    REQUIRE(response);
    for (const auto& [one, value] : response->headers) {
        if (one == name + ":") return value;
    }
    return "";
}

}  // namespace

TEST_CASE("a file's type follows from its name", "[static]") {
    CHECK(content_type("/a.html") == "text/html; charset=utf-8");
    CHECK(content_type("/a.mjs") == "text/javascript; charset=utf-8");
    CHECK(content_type("/a.wasm") == "application/wasm");
    CHECK(content_type("/a.js.map") == "application/json");
    CHECK(content_type("/a.webmanifest") == "application/manifest+json");
    CHECK(content_type("/font.woff2") == "font/woff2");
    CHECK(content_type("/LICENSE") == "application/octet-stream");
}

TEST_CASE("a hash in a name is told from a word, a date and a version", "[static]") {
    for (const char* hashed : {"/assets/index-B7kq3xYz.js", "/main.3f2a1b9c.css", "/a-3F2A1B9C.js",
                               "/chunk.0a1b2c3d4e5f6789.js.map", "/x-y.deadbee1.mjs"}) {
        CAPTURE(hashed);
        CHECK(has_content_hash(hashed));
    }
    for (const char* plain :
         {"/index.html", "/controller.js", "/app-controller.js", "/notes-20240131.txt", "/",
          "/3f2a1b9c.js", "/a.3f2a1b9.js", "/jquery-3.7.1.min.js", "/dir-3f2a1b9c.x/plain.js",
          "/x-JavaScript.js", "/syncline-version12.js", "/deadbeef-3f2a1b9c"}) {
        CAPTURE(plain);
        CHECK_FALSE(has_content_hash(plain));
    }
}

TEST_CASE("what a client accepts is read with its weights", "[static]") {
    CHECK(accepts_coding("gzip, deflate, br", "br"));
    CHECK(accepts_coding("br;q=0.5,gzip", "br"));
    CHECK(accepts_coding("br ; q=0.001", "br"));
    for (const char* none : {"", "gzip", "br;q=0", "br; q=0.000", "brotli", "x-br", ",,"}) {
        CAPTURE(none);
        CHECK_FALSE(accepts_coding(none, "br"));
    }
}

TEST_CASE("files are found under their paths, and nothing else is", "[static]") {
    Pages pages;
    pages.put("index.html", "home");
    pages.put("app/index.html", "app");
    pages.put("app/main.js", "script");
    pages.put("empty.txt", "");
    pages.put(".env", "secret");
    pages.put(".git/config", "secret");
    pages.put("with space.txt", "space");
    std::filesystem::create_symlink("main.js", pages.directory() + "/app/link.js");
    std::filesystem::create_directory_symlink("/etc", pages.directory() + "/etc");
    const auto files = StaticFiles::read(pages.directory()).value();
    CHECK(answer(files, "/") == "200 home");
    CHECK(answer(files, "/index.html") == "200 home");
    CHECK(answer(files, "/app/") == "200 app");
    CHECK(answer(files, "/app") == "301 moved\n");
    CHECK(header_of(files, "/app", "location") == "/app/");
    CHECK(answer(files, "/app/main.js") == "200 script");
    CHECK(answer(files, "/app/link.js") == "200 script");
    CHECK(answer(files, "/empty.txt") == "200 ");
    CHECK(answer(files, "/with space.txt") == "200 space");
    for (const char* path : {"", "index.html", "//", "/app/../index.html", "/.env", "/.git/config",
                             "/etc/passwd", "/%2e%2e/key", "/app/main.js/", "/nothing"}) {
        CAPTURE(path);
        CHECK(answer(files, path) == "none");
    }
    CHECK_FALSE(StaticFiles().answer({"/", "", ""}));
}

TEST_CASE("a link that leads out of the directory is refused, as is a directory that is none",
          "[static]") {
    Pages pages;
    std::ofstream(pages.temporary.path() + "/key") << "secret";
    std::filesystem::create_symlink("../key", pages.directory() + "/key.txt");
    CHECK(StaticFiles::read(pages.directory()).error().code == ErrorCode::invalid_argument);
    CHECK(StaticFiles::read(pages.directory() + "/no").error().code == ErrorCode::storage_failed);
}

TEST_CASE("compressed siblings are served to who takes them", "[static]") {
    Pages pages;
    pages.put("a.js", "plain");
    pages.put("a.js.br", "brotli");
    pages.put("a.js.gz", "gzip");
    pages.put("b.js", "plain");
    pages.put("alone.gz", "archive");
    const auto files = StaticFiles::read(pages.directory()).value();
    CHECK(answer(files, "/a.js") == "200 plain");
    CHECK(answer(files, "/a.js", "gzip, br") == "200 brotli");
    CHECK(answer(files, "/a.js", "gzip, br;q=0") == "200 gzip");
    CHECK(header_of(files, "/a.js", "content-encoding", "br") == "br");
    CHECK(header_of(files, "/a.js", "content-encoding").empty());
    CHECK(header_of(files, "/a.js", "vary") == "accept-encoding");
    CHECK(header_of(files, "/b.js", "vary").empty());
    CHECK(files.answer({"/a.js", "", "br"})->content_type == "text/javascript; charset=utf-8");
    CHECK(header_of(files, "/a.js", "etag") != header_of(files, "/a.js", "etag", "br"));
    CHECK(answer(files, "/a.js.br") == "none");
    CHECK(answer(files, "/alone.gz") == "200 archive");
}

TEST_CASE("a browser that has the file is told so", "[static]") {
    Pages pages;
    pages.put("index.html", "home");
    pages.put("app.3f2a1b9c.js", "script");
    const auto files = StaticFiles::read(pages.directory()).value();
    const std::string etag = header_of(files, "/", "etag");
    CHECK(etag.size() == 34);
    for (const std::string& match : {etag, "W/" + etag, "\"x\", " + etag, std::string("*")}) {
        CAPTURE(match);
        CHECK(answer(files, "/", "", match) == "304 ");
    }
    CHECK(answer(files, "/", "", "\"x\"") == "200 home");
    CHECK(header_of(files, "/", "cache-control") == "no-cache");
    CHECK(header_of(files, "/app.3f2a1b9c.js", "cache-control") ==
          "public, max-age=31536000, immutable");
}

TEST_CASE("a large file comes whole, in turn with others, and stops with a peer that stops",
          "[static][net]") {
    const auto large = std::make_shared<const std::string>(pattern(5'000'000));
    Options options;
    options.stalled = std::chrono::seconds(1);
    Host host(options);
    host.file = large;
    REQUIRE(host.start());
    auto browser = host.client();
    for (int i = 0; i < 2; ++i) {  // on one connection
        const auto head = browser.request("/file");
        CHECK(contains(head, "content-length: 5000000\r\n"));
        CHECK(browser.read_body(head) == *large);
    }
    const auto head = browser.request("/file", "", "HEAD");
    CHECK(contains(head, "HTTP/1.1 200 OK"));
    CHECK(contains(head, "content-length: 5000000\r\n"));
    CHECK(contains(browser.request("/healthz"), " 200 "));  // no body was left in between

    // Somebody who reads nothing holds up nobody, and is hung up on.
    auto slow = host.client(4'096);
    slow.raw("GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n");
    auto alice = host.client();
    REQUIRE(alice.open());
    alice.message("hello");
    CHECK(alice.frame()->payload == "hello");
    CHECK(host.eventually([&] { return large.use_count() == 3; }));  // test, host, slow
    CHECK(host.eventually([&] { return large.use_count() == 2; }));
}

TEST_CASE("the relay serves an app, with headers that keep it to itself", "[static][process]") {
    Pages pages;
    pages.put("index.html", "<p>hello");
    pages.put("app.wasm", std::string("\0asm", 4));
    pages.put("app.wasm.gz", "squeezed");
    std::ofstream(pages.temporary.path() + "/key.txt") << "secret";
    const std::string& directory = pages.temporary.path();
    Program relay(directory, Program::usual(directory, {"--static", pages.directory()}));
    const auto port = relay.port();
    REQUIRE(port != 0);
    Client browser(port);
    const auto head = browser.request("/?from=mail");
    CHECK(contains(head, "HTTP/1.1 200 OK"));
    for (const char* line :
         {"content-type: text/html; charset=utf-8\r\n", "x-content-type-options: nosniff\r\n",
          "cache-control: no-cache\r\n", "referrer-policy: no-referrer\r\n",
          "content-security-policy: default-src 'self'; connect-src 'self' ws: wss:; script-src "
          "'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; worker-src 'self'; "
          "frame-ancestors 'none'\r\n"}) {
        CAPTURE(line);
        CHECK(contains(head, line));
    }
    CHECK(browser.read_body(head) == "<p>hello");
    const std::size_t at = head.find("etag: ") + 6;
    const std::string etag = head.substr(at, head.find('\r', at) - at);
    const auto again = browser.request("/", "If-None-Match: " + etag + "\r\n");
    CHECK(contains(again, "HTTP/1.1 304 "));
    CHECK_FALSE(contains(again, "content-length"));
    const auto wasm = browser.request("/app.wasm", "Accept-Encoding: gzip, deflate\r\n");
    CHECK(contains(wasm, "content-type: application/wasm\r\n"));
    CHECK(contains(wasm, "content-encoding: gzip\r\n"));
    CHECK(browser.read_body(wasm) == "squeezed");
    CHECK(contains(browser.request("/app.wasm", "", "HEAD"), "content-length: 4\r\n"));
    CHECK(contains(browser.request("/healthz"), "cache-control: no-store\r\n"));
    for (const char* path : {"/../key.txt", "/%2e%2e/key.txt", "/..%2fkey.txt", "/%2e%2e%2fkey.txt",
                             "/x/../../key.txt", "//key.txt", "/..\\key.txt"}) {
        CAPTURE(path);
        Client mallory(port);
        CHECK_FALSE(contains(mallory.request(path), " 200 "));
    }
}

// ---- Whose pages may connect

namespace {

using syncline::relay::net::origin_may_connect;
using syncline::relay::net::OriginRules;
using syncline::relay::net::OwnPages;

const std::vector<std::string> nobody;
const std::vector<std::string> listed{"https://app.example"};

}  // namespace

TEST_CASE("on loopback the pages of this machine may connect, and no others", "[origin]") {
    const OriginRules rules{nobody, OwnPages::none, true, false};
    for (const char* origin : {"http://localhost:5173", "http://127.0.0.1:8787", "http://[::1]:1",
                               "https://localhost", "http://127.8.8.8"}) {
        CAPTURE(origin);
        CHECK(origin_may_connect(origin, "127.0.0.1:8787", rules));
    }
    for (const char* origin :
         {"null", "", "https://evil", "http://localhost.evil", "http://127.0.0.1.evil",
          "http://127.evil:8787", "http://localhost:", "http://localhost:x", "file://localhost",
          "http://evil@localhost", "http://", "http://[::1", "http://10.0.0.1"}) {
        CAPTURE(origin);
        CHECK_FALSE(origin_may_connect(origin, "127.0.0.1:8787", rules));
    }
    // A list is meant: with one it holds, here too.
    CHECK_FALSE(origin_may_connect("http://localhost:1", "localhost:2",
                                   {listed, OwnPages::none, true, false}));
}

TEST_CASE("the relay's own pages may connect", "[origin]") {
    const OriginRules named{nobody, OwnPages::by_name, false, false};
    CHECK(origin_may_connect("https://relay.example", "relay.example", named));  // behind a proxy
    CHECK(origin_may_connect("http://relay.example:8787", "relay.example:8787", named));
    CHECK(origin_may_connect("http://10.0.0.7:8787", "10.0.0.7:8787", named));
    CHECK_FALSE(origin_may_connect("http://relay.example", "relay.example:8787", named));
    CHECK_FALSE(origin_may_connect("http://evil:8787", "relay.example:8787", named));
    CHECK_FALSE(origin_may_connect("http://localhost:1", "localhost:2", named));
    const OriginRules with_list{listed, OwnPages::by_name, false, false};
    CHECK(origin_may_connect("https://app.example", "relay.example", with_list));
    CHECK(origin_may_connect("https://relay.example", "relay.example", with_list));

    SECTION("over TLS only pages that came over TLS") {
        const OriginRules tls{nobody, OwnPages::by_name, false, true};
        CHECK(origin_may_connect("https://relay.example", "relay.example", tls));
        CHECK_FALSE(origin_may_connect("http://relay.example", "relay.example", tls));
    }
    SECTION("where no token is asked for, a name could be anybody's") {
        const OriginRules open{nobody, OwnPages::by_address, false, false};
        CHECK(origin_may_connect("http://10.0.0.7:8787", "10.0.0.7:8787", open));
        CHECK(origin_may_connect("http://[fe80::1]:8787", "[fe80::1]:8787", open));
        CHECK(origin_may_connect("http://localhost:8787", "localhost:8787", open));
        CHECK_FALSE(origin_may_connect("http://rebound.evil:8787", "rebound.evil:8787", open));
    }
    SECTION("unless it has none") {
        const OriginRules none{nobody, OwnPages::none, false, false};
        CHECK_FALSE(origin_may_connect("http://10.0.0.7:8787", "10.0.0.7:8787", none));
    }
}
