#include "app/config.hpp"
#include "app/log.hpp"
#include "support/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

using namespace syncline;
using namespace syncline::relay;

namespace {

using Environment = std::map<std::string, std::string>;

std::vector<std::string> words(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> out;
    for (std::string word; in >> word;) out.push_back(word);
    return out;
}

Config served(const std::string& line, const Environment& environment = {}) {
    const auto command = parse_command(words(line), environment);
    INFO(line);
    INFO((command ? "" : command.error().message));
    REQUIRE(command);
    const auto* serve = std::get_if<command::Serve>(&*command);
    REQUIRE(serve != nullptr);
    return serve->config;
}

}  // namespace

TEST_CASE("flags, environment and file set the same things, in this order", "[relay][config]") {
    const test::TemporaryDirectory directory;
    const std::string file = directory.path() + "/relay.toml";
    std::ofstream(file) << "# a relay\ndata = \"/from/file\"\nlisten = \"127.0.0.1:1\"\n"
                           "clock-bound = 7\norigin = [\"https://a.example\", "
                           "\"https://b.example\"]\ninsecure = true\n";
    const Environment environment{{"SYNCLINE_RELAY_CONFIG", file},
                                  {"SYNCLINE_RELAY_LISTEN", "127.0.0.1:2"},
                                  {"SYNCLINE_RELAY_CLOCK_BOUND", "8"},
                                  {"SYNCLINE_TEST_SCALE", "1"},
                                  {"PATH", "/bin"}};
    const Config config = served("--clock-bound 9", environment);
    CHECK(config.data == "/from/file");
    CHECK(config.listen == ListenAddress{"127.0.0.1", 2});
    CHECK(config.clock_bound_s == 9);
    CHECK(config.origins == std::vector<std::string>{"https://a.example", "https://b.example"});
    CHECK(config.insecure);

    const Config other = served("--data /d --clock-bound=9",
                                {{"SYNCLINE_RELAY_CLOCK_BOUND", "8"},
                                 {"SYNCLINE_RELAY_INSECURE", "true"},
                                 {"SYNCLINE_RELAY_ORIGIN", "https://a.example,https://b.example"}});
    CHECK(other.clock_bound_s == 9);
    CHECK(other.insecure);
    CHECK(other.origins.size() == 2);
}

TEST_CASE("every option arrives", "[relay][config]") {
    const Config config = served(
        "--data /d --listen [::]:99 --key k1 --key k2 --key-id a --key-id b --key-alg HS256 "
        "--key-alg EdDSA --issuer i --audience u --origin https://a.example --tls-cert c --tls-key "
        "k "
        "--max-connections 5 --max-connections-per-address 6 --clock-bound 7 --static /s "
        "--port-file /p --log-level debug --log-format text");
    CHECK(config.data == "/d");
    CHECK(config.listen == ListenAddress{"::", 99});
    CHECK(config.keys == std::vector<KeyFile>{{"k1", "HS256", "a"}, {"k2", "EdDSA", "b"}});
    CHECK((config.requirements.issuer == "i" && config.requirements.audience == "u"));
    CHECK((config.tls_certificate == "c" && config.tls_key == "k"));
    CHECK((config.connections_max == 5 && config.connections_per_address_max == 6));
    CHECK(config.clock_bound_s == 7);
    CHECK((config.static_files == "/s" && config.port_file == "/p"));
    CHECK((config.log_level == Level::debug && config.log_format == LogFormat::text));
    const Config usual = served("--data /d");
    CHECK(usual.listen == ListenAddress{"127.0.0.1", 8787});
    CHECK(usual.open_to_all());
    CHECK(served("--data /d --listen localhost:0").listen == ListenAddress{"127.0.0.1", 0});
    CHECK(served("--data /d --listen [::1]:0").listen.is_loopback());
    CHECK(served("--data /d --listen 127.1.2.3:0").listen.is_loopback());
    CHECK(!served("--data /d --listen 0.0.0.0:0 --insecure").listen.is_loopback());
    CHECK(!served("--data /d --listen 0.0.0.0:0 --key k").open_to_all());
}

TEST_CASE("what makes no sense is named", "[relay][config]") {
    struct Bad {
        const char* line;
        const char* names;  // all of these words
    };
    const auto bad = GENERATE(values<Bad>({
        {"", "--data"},
        {"--data", "--data"},
        {"--data /d --listen 8787", "--listen \"8787\""},
        {"--data /d --listen relay.example:1", "--listen \"relay.example:1\""},
        {"--data /d --listen ::1:1", "--listen \"::1:1\""},
        {"--data /d --listen 127.0.0.1:65536", "--listen \"127.0.0.1:65536\""},
        {"--data /d --listen 127.0.0.1:", "--listen"},
        {"--data /d --listen 0.0.0.0:1", "--listen \"0.0.0.0\" --key --insecure 127.0.0.1"},
        {"--data /d --listen [::]:1", "--listen \"::\" --key"},
        {"--data /d --insecure --key k", "--insecure --key"},
        {"--data /d --issuer i", "--issuer --key"},
        {"--data /d --tls-cert c", "--tls-cert --tls-key"},
        {"--data /d --max-connections 0", "--max-connections \"0\""},
        {"--data /d --max-connections many", "--max-connections \"many\""},
        {"--data /d --max-connections -1", "--max-connections"},
        {"--data /d --clock-bound 1e3", "--clock-bound \"1e3\""},
        {"--data /d --clock-bound 99999999999999999999", "--clock-bound"},
        {"--data /d --log-level loud", "--log-level \"loud\""},
        {"--data /d --log-format xml", "--log-format \"xml\""},
        {"--data /d --key k --key-alg none", "--key-alg \"none\""},
        {"--data /d --key k --key-id a --key-id b", "--key-id"},
        {"--data /d --key k --key l --key-alg HS256", "--key-alg"},
        {"--data /d --origin app.example", "--origin \"app.example\""},
        {"--data /d --dta /d", "--dta"},
        {"--data /d stray", "stray"},
        {"--data /d --data /e", "--data"},
        {"--data /d --config /nowhere/relay.toml", "/nowhere/relay.toml"},
        {"token --key k --subject s", "--space"},
        {"token --subject s --space a=rw", "--key"},
        {"token --key k --subject s --space a=x", "--space \"a=x\""},
        {"token --key k --subject s --space a", "--space \"a\""},
        {"token --key k --subject s --space a=rw --ttl 0", "--ttl \"0\""},
        {"backup --data /d", "--to"},
    }));
    CAPTURE(bad.line);
    const auto command = parse_command(words(bad.line), {});
    REQUIRE(!command);
    CHECK(command.error().code == ErrorCode::invalid_argument);
    for (const std::string& name : words(bad.names)) {
        CAPTURE(name, command.error().message);
        CHECK(command.error().message.find(name) != std::string::npos);
    }
}

TEST_CASE("unknown names in environment and file are errors", "[relay][config]") {
    const auto by_environment = parse_command(words("--data /d"), {{"SYNCLINE_RELAY_LISTNE", "x"}});
    REQUIRE(!by_environment);
    CHECK(by_environment.error().message.find("SYNCLINE_RELAY_LISTNE") != std::string::npos);
    const auto bad_value = parse_command(words("--data /d"), {{"SYNCLINE_RELAY_LISTEN", "x"}});
    REQUIRE(!bad_value);
    CHECK(bad_value.error().message.find("--listen \"x\"") != std::string::npos);

    const test::TemporaryDirectory directory;
    const std::string file = directory.path() + "/relay.toml";
    std::ofstream(file) << "data = \"/d\"\nlistne = \"x\"\n";
    const auto by_file = parse_command(words("--config " + file), {});
    REQUIRE(!by_file);
    CHECK(by_file.error().message.find("listne") != std::string::npos);
}

TEST_CASE("help, version, token and backup are commands", "[relay][config]") {
    const auto printed = [](const std::string& line) {
        const auto command = parse_command(words(line), {});
        REQUIRE(command);
        const auto* print = std::get_if<command::Print>(&*command);
        REQUIRE(print != nullptr);
        return print->text;
    };
    CHECK(printed("--help").find("--listen") != std::string::npos);
    CHECK(printed("--version").find("SQLite") != std::string::npos);
    CHECK(printed("token --help").find("--ttl") != std::string::npos);
    const auto token = parse_command(
        words("token --key k --subject s --space a=rw --space *=r --space b=none --ttl 5"), {});
    REQUIRE(token);
    const auto& made = std::get<command::Token>(*token);
    CHECK(made.grant.subject == "s");
    CHECK(made.grant.access_to("a") == auth::Access::read_write);
    CHECK(made.grant.access_to("b") == auth::Access::none);
    CHECK(made.grant.access_to("c") == auth::Access::read);
    CHECK(made.ttl_s == 5);
    const auto backup = parse_command(words("backup --data /d --to /f"), {});
    REQUIRE(backup);
    CHECK(std::get<command::Backup>(*backup).to == "/f");
}

TEST_CASE("a log line is one JSON object, whatever comes from outside", "[relay][config]") {
    const std::string line =
        Log::line(Level::warning, LogFormat::json, "refused",
                  {{"origin", std::string("a\"\n\x1b\xff\\b")}, {"count", 3}, {"good", false}},
                  1'700'000'000'042);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find('\x1b') == std::string::npos);
    const auto object = nlohmann::json::parse(line);
    CHECK(object["time"] == "2023-11-14T22:13:20.042Z");
    CHECK(object["level"] == "warning");
    CHECK(object["event"] == "refused");
    CHECK(object["count"] == 3);
    CHECK(object["good"] == false);
    CHECK(Log::line(Level::info, LogFormat::text, "started", {{"port", 1}, {"data", "a b"}}, 0) ==
          "1970-01-01T00:00:00.000Z info started port=1 data=\"a b\"");
}
