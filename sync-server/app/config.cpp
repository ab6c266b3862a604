#include "app/config.hpp"

#include "net/version.hpp"
#include <syncline/sqlite/database.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <optional>
#include <sstream>

namespace syncline::relay {
namespace {

constexpr std::uint64_t clock_bound_s_max = std::uint64_t{24} * 3600;
constexpr std::uint64_t connections_max_max = 1'000'000;
constexpr std::uint64_t ttl_s_max = std::uint64_t{366} * 24 * 3600;

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t least,
                                    std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (value < least || value > most) return std::nullopt;
    return value;
}

std::optional<ListenAddress> listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = number(text.substr(colon + 1), 0, 65'535);
    if (!port) return std::nullopt;
    std::string host(text.substr(0, colon));
    if (host == "localhost") host = "127.0.0.1";
    in_addr v4{};
    in6_addr v6{};
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const bool good = bracketed ? inet_pton(AF_INET6, host.c_str(), &v6) == 1
                                : inet_pton(AF_INET, host.c_str(), &v4) == 1;
    if (!good) return std::nullopt;
    return ListenAddress{std::move(host), static_cast<std::uint16_t>(*port)};
}

/// One option by its name. CLI11 reports what a setter throws as it is.
void refuse(const std::string& option, const std::string& value, const std::string& why) {
    throw CLI::ValidationError(option + " \"" + value + "\"", why);
}

template <typename Use>
CLI::Option* text_option(CLI::App& app, const std::string& name, const std::string& help,
                         const std::string& type, Use use) {
    return app
        .add_option_function<std::string>(
            name, [name, use](const std::string& value) { use(name, value); }, help)
        ->type_name(type)
        ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
}

void number_option(CLI::App& app, const std::string& name, const std::string& help,
                   const std::string& type, std::uint64_t least, std::uint64_t most,
                   std::uint64_t& into) {
    text_option(app, name, help, type,
                [least, most, &into](const std::string& option, const std::string& value) {
                    const auto parsed = number(value, least, most);
                    if (!parsed) {
                        refuse(option, value,
                               "a number from " + std::to_string(least) + " to " +
                                   std::to_string(most) + " is wanted");
                    }
                    into = *parsed;
                })
        ->default_str(std::to_string(into));
}

CLI::Option* path_option(CLI::App& app, const std::string& name, const std::string& help,
                         const std::string& type, std::string& into) {
    return text_option(app, name, help, type,
                       [&into](const std::string& option, const std::string& value) {
                           if (value.empty()) refuse(option, value, "a path is wanted");
                           into = value;
                       });
}

struct KeyOptions {
    std::vector<std::string> files;
    std::vector<std::string> algorithms;
    std::vector<std::string> ids;
};

void add_key_options(CLI::App& app, KeyOptions& into, const std::string& what) {
    app.add_option("--key", into.files, what)->type_name("FILE")->allow_extra_args(false);
    app.add_option("--key-alg", into.algorithms,
                   "HS256, EdDSA, ES256 or RS256, one for each --key; told by its content without")
        ->type_name("ALG")
        ->allow_extra_args(false);
    app.add_option("--key-id", into.ids,
                   "The `kid` of the tokens it signs, one for each --key; without, of tokens that "
                   "have none")
        ->type_name("ID")
        ->allow_extra_args(false);
}

Result<std::vector<KeyFile>> keys_from(const KeyOptions& options) {
    const auto fits = [&](const std::vector<std::string>& list) {
        return list.empty() || list.size() == options.files.size();
    };
    if (!fits(options.algorithms) || !fits(options.ids)) {
        return fail(ErrorCode::invalid_argument,
                    std::string(fits(options.ids) ? "--key-alg" : "--key-id") +
                        " is wanted once for each --key (" + std::to_string(options.files.size()) +
                        "), or not at all");
    }
    std::vector<KeyFile> keys;
    for (std::size_t i = 0; i < options.files.size(); ++i) {
        KeyFile key{options.files[i], "", ""};
        if (key.path.empty())
            return fail(ErrorCode::invalid_argument, "--key \"\": a path is wanted");
        if (!options.algorithms.empty()) key.algorithm = options.algorithms[i];
        if (!options.ids.empty()) key.id = options.ids[i];
        if (!key.algorithm.empty() && !auth::algorithm_from(key.algorithm)) {
            return fail(
                ErrorCode::invalid_argument,
                "--key-alg \"" + key.algorithm + "\": HS256, EdDSA, ES256 or RS256 is wanted");
        }
        keys.push_back(std::move(key));
    }
    return keys;
}

void add_serve_options(CLI::App& app, Config& config, KeyOptions& keys) {
    path_option(app, "--data", "The directory of the relay's file; made when missing", "DIR",
                config.data);
    text_option(app, "--listen",
                "Where to listen: an IPv4 address, an IPv6 address in brackets, or localhost; port "
                "0 takes a free one",
                "ADDR:PORT",
                [&config](const std::string& option, const std::string& value) {
                    const auto parsed = listen_address(value);
                    if (!parsed) {
                        refuse(option, value,
                               "an address and a port are wanted, like 127.0.0.1:8787 or "
                               "[::1]:8787");
                    }
                    config.listen = *parsed;
                })
        ->default_str("127.0.0.1:8787");
    app.add_flag("--insecure", config.insecure,
                 "Let everybody who can connect read and write everything");
    add_key_options(
        app, keys,
        "A file with an HS256 secret or a PEM public key that checks tokens; repeatable");
    text_option(app, "--issuer", "What a token's `iss` has to be", "TEXT",
                [&config](const auto&, const auto& value) { config.requirements.issuer = value; });
    text_option(
        app, "--audience", "What a token's `aud` has to be or contain", "TEXT",
        [&config](const auto&, const auto& value) { config.requirements.audience = value; });
    app.add_option("--origin", config.origins,
                   "A web origin that may connect, like https://app.example; repeatable. Without, "
                   "any origin on loopback and none elsewhere")
        ->type_name("ORIGIN")
        ->allow_extra_args(false);
    path_option(app, "--tls-cert", "Certificate chain in PEM; turns TLS on", "FILE",
                config.tls_certificate);
    path_option(app, "--tls-key", "Its private key in PEM", "FILE", config.tls_key);
    number_option(app, "--max-connections", "Sockets at a time, HTTP included", "N", 1,
                  connections_max_max, config.connections_max);
    number_option(app, "--max-connections-per-address",
                  "The same for one IP address; loopback is exempt", "N", 1, connections_max_max,
                  config.connections_per_address_max);
    number_option(app, "--clock-bound",
                  "How far ahead of the relay's clock a device's stamp may lie", "SECONDS", 1,
                  clock_bound_s_max, config.clock_bound_s);
    path_option(app, "--static", "Serve the files below this directory, too; read once at start",
                "DIR", config.static_files);
    path_option(app, "--port-file", "Write the port that was taken to this file", "FILE",
                config.port_file);
    text_option(app, "--log-level", "debug, info, warning or error", "LEVEL",
                [&config](const std::string& option, const std::string& value) {
                    const std::map<std::string, Level> levels{{"debug", Level::debug},
                                                              {"info", Level::info},
                                                              {"warning", Level::warning},
                                                              {"error", Level::error}};
                    const auto found = levels.find(value);
                    if (found == levels.end())
                        refuse(option, value, "debug, info, warning or error is wanted");
                    config.log_level = found->second;
                })
        ->default_str("info");
    text_option(app, "--log-format", "json (an object a line) or text", "FORMAT",
                [&config](const std::string& option, const std::string& value) {
                    if (value != "json" && value != "text")
                        refuse(option, value, "json or text is wanted");
                    config.log_format = value == "json" ? LogFormat::json : LogFormat::text;
                })
        ->default_str("json");
}

/// Checks what no single option can see.
Result<> check(const Config& config) {
    if (config.data.empty()) {
        return fail(ErrorCode::invalid_argument,
                    "--data DIR is wanted: the directory where the relay keeps its file");
    }
    if (config.insecure && !config.keys.empty()) {
        return fail(
            ErrorCode::invalid_argument,
            "--insecure asks nobody for a token and --key asks everybody: give one of them");
    }
    if (config.keys.empty() &&
        !(config.requirements.issuer.empty() && config.requirements.audience.empty())) {
        return fail(ErrorCode::invalid_argument,
                    "--issuer and --audience are about tokens, which need a --key");
    }
    if (config.tls_certificate.empty() != config.tls_key.empty()) {
        return fail(ErrorCode::invalid_argument, "--tls-cert and --tls-key go together");
    }
    if (config.keys.empty() && !config.insecure && !config.listen.is_loopback()) {
        return fail(ErrorCode::invalid_argument,
                    "--listen \"" + config.listen.address +
                        "\": without a key anybody who reaches this address could read and write "
                        "everything, so the relay does not listen there. Give --key FILE to ask "
                        "for tokens, listen on 127.0.0.1, or say --insecure if that is meant");
    }
    for (const std::string& origin : config.origins) {
        if (origin.rfind("http://", 0) != 0 && origin.rfind("https://", 0) != 0) {
            return fail(ErrorCode::invalid_argument,
                        "--origin \"" + origin +
                            "\": a scheme and a host are wanted, like https://app.example");
        }
    }
    return {};
}

/// The environment as flags, for those that the command line leaves out.
Result<std::vector<std::string>> flags_of(const std::map<std::string, std::string>& environment,
                                          const CLI::App& app,
                                          const std::vector<std::string>& given) {
    std::vector<std::string> flags;
    for (const auto& [variable, value] : environment) {
        if (variable.rfind(environment_prefix, 0) != 0) continue;
        std::string name = "--" + variable.substr(environment_prefix.size());
        std::transform(name.begin(), name.end(), name.begin(), [](char c) {
            return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        const CLI::Option* option = app.get_option_no_throw(name);
        if (option == nullptr || name == "--help" || name == "--version") {
            return fail(ErrorCode::invalid_argument,
                        "environment: " + variable + " is no option of this relay");
        }
        const std::string prefix = name + "=";
        const bool on_command_line =
            std::any_of(given.begin(), given.end(), [&](const std::string& argument) {
                return argument == name || argument.rfind(prefix, 0) == 0;
            });
        if (on_command_line) continue;
        const bool list =
            name == "--key" || name == "--key-alg" || name == "--key-id" || name == "--origin";
        std::istringstream parts(value);
        for (std::string part; list && std::getline(parts, part, ',');)
            flags.push_back(prefix + part);
        if (!list) flags.push_back(prefix + value);
    }
    return flags;
}

Result<auth::Access> access_from(std::string_view text) {
    if (text == "rw") return auth::Access::read_write;
    if (text == "r") return auth::Access::read;
    if (text == "none") return auth::Access::none;
    return fail(ErrorCode::invalid_argument, "rw, r or none is wanted");
}

/// Runs CLI11, whose errors are exceptions.
std::optional<Result<Command>> parse(CLI::App& app, std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
        app.parse(arguments);
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        return Command{command::Print{app.help()}};
    } catch (const CLI::CallForVersion&) {
        return Command{command::Print{version_text() + "\n"}};
    } catch (const CLI::Error& error) {
        return fail(ErrorCode::invalid_argument, error.what());
    }
}

Result<Command> parse_serve(const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& environment) {
    Config config;
    KeyOptions keys;
    CLI::App app("Keeps the logs of spaces and passes changes between devices.", "syncline-relay");
    app.footer(
        "Each option can also stand in the file named by --config (TOML or INI, without the\n"
        "dashes) and in the environment (--log-level is SYNCLINE_RELAY_LOG_LEVEL). Flags beat the\n"
        "environment, which beats the file.\n\n"
        "Other commands:\n"
        "  syncline-relay token --help     print a token\n"
        "  syncline-relay backup --help    copy the data of a relay that is not running");
    app.set_version_flag(
        "--version", [] { return version_text(); }, "Print the versions and exit");
    app.set_config("--config", "", "Read options from this file")->type_name("FILE");
    app.allow_config_extras(CLI::config_extras_mode::error);
    add_serve_options(app, config, keys);
    auto flags = flags_of(environment, app, arguments);
    if (!flags) return tl::unexpected(flags.error());
    flags->insert(flags->end(), arguments.begin(), arguments.end());
    if (auto ended = parse(app, std::move(*flags))) return std::move(*ended);
    auto read = keys_from(keys);
    if (!read) return tl::unexpected(read.error());
    config.keys = std::move(*read);
    if (auto good = check(config); !good) return tl::unexpected(good.error());
    return Command{command::Serve{std::move(config)}};
}

Result<Command> parse_token(const std::vector<std::string>& arguments) {
    command::Token token;
    KeyOptions keys;
    std::vector<std::string> spaces;
    CLI::App app("Prints a token that a relay with this key takes.", "syncline-relay token");
    add_key_options(app, keys, "A file with an HS256 secret or an Ed25519 private key in PEM");
    text_option(app, "--subject", "Whom it is for; owns the replica ids first used with it", "TEXT",
                [&](const auto&, const auto& value) { token.grant.subject = value; })
        ->required();
    text_option(app, "--tenant", "Which tenant's spaces it is for", "NAME",
                [&](const std::string& option, const std::string& value) {
                    if (!auth::is_name(value)) refuse(option, value, "a name is wanted");
                    token.grant.tenant = value;
                });
    app.add_option("--space", spaces, "A right, like team=rw, team=r, or *=r; repeatable")
        ->type_name("NAME=RIGHT")
        ->allow_extra_args(false)
        ->required();
    text_option(app, "--issuer", "Its `iss`", "TEXT",
                [&](const auto&, const auto& value) { token.requirements.issuer = value; });
    text_option(app, "--audience", "Its `aud`", "TEXT",
                [&](const auto&, const auto& value) { token.requirements.audience = value; });
    number_option(app, "--ttl", "How long it is good", "SECONDS", 1, ttl_s_max, token.ttl_s);
    if (auto ended = parse(app, arguments)) return std::move(*ended);
    auto read = keys_from(keys);
    if (!read) return tl::unexpected(read.error());
    if (read->size() != 1) return fail(ErrorCode::invalid_argument, "one --key is wanted");
    token.key = read->front();
    for (const std::string& space : spaces) {
        const auto equals = space.rfind('=');
        const std::string name = space.substr(0, equals);
        const auto access =
            access_from(equals == std::string::npos ? std::string_view()
                                                    : std::string_view(space).substr(equals + 1));
        if (!access || (name != "*" && !auth::is_name(name))) {
            return fail(ErrorCode::invalid_argument,
                        "--space \"" + space +
                            "\": a name and rw, r or none are wanted, like "
                            "team=rw");
        }
        token.grant.spaces[name] = *access;
    }
    return Command{std::move(token)};
}

Result<Command> parse_backup(const std::vector<std::string>& arguments) {
    command::Backup backup;
    CLI::App app("Writes a consistent copy of the data of a relay that is not running.",
                 "syncline-relay backup");
    path_option(app, "--data", "The relay's directory", "DIR", backup.data)->required();
    path_option(app, "--to", "The file to write; must not exist", "FILE", backup.to)->required();
    if (auto ended = parse(app, arguments)) return std::move(*ended);
    return Command{std::move(backup)};
}

}  // namespace

bool ListenAddress::is_loopback() const {
    in_addr v4{};
    if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    return address == "::1";
}

Result<Command> parse_command(const std::vector<std::string>& arguments,
                              const std::map<std::string, std::string>& environment) {
    const std::string first = arguments.empty() ? "" : arguments.front();
    const auto rest = [&] {
        return std::vector<std::string>(arguments.begin() + 1, arguments.end());
    };
    if (first == "token") return parse_token(rest());
    if (first == "backup") return parse_backup(rest());
    return parse_serve(arguments, environment);
}

std::string version_text() {
    return std::string("syncline-relay ") + SYNCLINE_VERSION + " (SQLite " +
           sqlite::sqlite_version() + ", libwebsockets " + net::transport_version() + ")";
}

}  // namespace syncline::relay
