#pragma once

#include "auth/token.hpp"
#include <syncline/result.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace syncline::relay {

enum class LogFormat { json, text };
enum class Level { debug, info, warning, error };

struct ListenAddress {
    std::string address;  ///< numeric
    std::uint16_t port = 0;
    [[nodiscard]] bool is_loopback() const;
    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

struct KeyFile {
    std::string path;
    std::string algorithm;  ///< empty: told by the content
    std::string id;
    friend bool operator==(const KeyFile&, const KeyFile&) = default;
};

/// What a relay was told to be. Everything in it has been checked for form; whether files exist and
/// the port is free shows at the start.
struct Config {
    std::string data;
    ListenAddress listen{"127.0.0.1", 8787};
    bool insecure = false;
    std::vector<KeyFile> keys;
    auth::Requirements requirements;
    std::vector<std::string> origins;
    std::string tls_certificate;
    std::string tls_key;
    std::uint64_t connections_max = 10'000;
    std::uint64_t connections_per_address_max = 64;
    std::uint64_t clock_bound_s = 60;
    std::string static_files;
    std::string port_file;
    Level log_level = Level::info;
    LogFormat log_format = LogFormat::json;
    /// Nobody is asked for a token.
    [[nodiscard]] bool open_to_all() const { return keys.empty(); }
};

namespace command {
struct Serve {
    Config config;
};
/// Prints a token that `key` signs.
struct Token {
    KeyFile key;
    auth::Grant grant;
    auth::Requirements requirements;
    std::uint64_t ttl_s = 900;
};
/// Copies the data of a relay that is not running.
struct Backup {
    std::string data;
    std::string to;
};
/// Something to print, for --help and --version.
struct Print {
    std::string text;
};
}  // namespace command
using Command = std::variant<command::Serve, command::Token, command::Backup, command::Print>;

/// The prefix of the environment variables: --log-level is SYNCLINE_RELAY_LOG_LEVEL.
inline constexpr std::string_view environment_prefix = "SYNCLINE_RELAY_";

/// Flags beat the environment, which beats the file named by --config. An unknown name in any of
/// them is an error, and so is a combination that would leave the relay open by accident.
/// `invalid_argument` with a sentence that names the option and the value.
[[nodiscard]] Result<Command> parse_command(const std::vector<std::string>& arguments,
                                            const std::map<std::string, std::string>& environment);

/// "syncline-relay 0.1.0 (SQLite …, libwebsockets …)"
[[nodiscard]] std::string version_text();

}  // namespace syncline::relay
