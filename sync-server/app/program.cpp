#include "app/program.hpp"

#include "app/config.hpp"
#include "app/log.hpp"
#include "app/metrics.hpp"
#include "app/relay_process.hpp"
#include "auth/sign.hpp"
#include "net/version.hpp"
#include "storage/sqlite_relay_storage.hpp"

#include <openssl/rand.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace syncline::relay {
namespace {

/// The loop's end, told to the thread that waits for signals.
constexpr int signal_ended = SIGUSR2;

void fill_with_randomness(std::byte* into, std::size_t size) {
    // Salts and epochs must not repeat; without a generator there is nothing to go on with.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(into), static_cast<int>(size)) != 1)
        std::abort();
}

int complain(int code, const std::string& message) {
    std::cerr << "syncline-relay: " << message << '\n';
    return code;
}

/// Keys stay out of core dumps and out of reach of other processes of this user; files are the
/// owner's alone.
void protect_process() {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(077);
}

Result<> make_data_directory(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return {};
    std::filesystem::create_directories(path, error);  // 0700 by the umask
    if (error) {
        return fail(ErrorCode::storage_failed,
                    "--data \"" + path + "\": cannot be made: " + error.message());
    }
    return {};
}

/// Readers see either no file or the whole of it.
Result<> write_port_file(const std::string& path, std::uint16_t port) {
    const std::string text = std::to_string(port) + "\n";
    const std::string draft = path + ".new";
    const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written =
        file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (file >= 0) ::close(file);
    if (!written || std::rename(draft.c_str(), path.c_str()) != 0) {
        return fail(ErrorCode::storage_failed,
                    "--port-file \"" + path + "\": " + std::strerror(errno));
    }
    return {};
}

net::Options net_options(const Config& config) {
    net::Options net;
    net.address = config.listen.address;
    net.port = config.listen.port;
    net.tls_certificate_file = config.tls_certificate;
    net.tls_key_file = config.tls_key;
    net.origins_allowed = config.origins;
    net.connections_max = config.connections_max;
    net.connections_per_address_max = config.connections_per_address_max;
    net.stop_within = std::chrono::milliseconds(2'000);
    return net;
}

int serve(const Config& config) {
    protect_process();
    Log log(config.log_level, config.log_format);

    // Every thread made from here on leaves these to this one.
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, signal_ended}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    const auto give_up = [&](int code, const Error& error) {
        log.error("not_started", {{"code", name_of(error.code)}, {"message", error.message}});
        return code;
    };

    if (auto made = make_data_directory(config.data); !made)
        return give_up(exit_code::storage, made.error());
    SqliteRelayStorage::Options file;
    file.path = (std::filesystem::path(config.data) / "relay.db").string();
    auto storage = SqliteRelayStorage::open(file);
    if (!storage) return give_up(exit_code::storage, storage.error());

    RelayEngine::Options engine_options;
    engine_options.clock_bound_ms = config.clock_bound_s * 1000;
    RelayEngine engine(**storage, fill_with_randomness, engine_options);

    RelayProcess::Options options;
    options.net = net_options(config);
    options.keys = config.keys;
    options.requirements = config.requirements;
    if (!config.static_files.empty()) {
        auto files = StaticFiles::read(config.static_files);
        if (!files) return give_up(exit_code::failed, files.error());
        options.files = std::move(*files);
        options.net.own_pages =
            config.open_to_all() ? net::OwnPages::by_address : net::OwnPages::by_name;
    }
    Metrics metrics;
    RelayProcess relay(std::move(options), engine, metrics, log);
    if (auto listening = relay.listen(); !listening)
        return give_up(exit_code::failed, listening.error());
    if (!config.port_file.empty()) {
        if (auto written = write_port_file(config.port_file, relay.port()); !written)
            return give_up(exit_code::failed, written.error());
    }
    log.info("started", {{"version", SYNCLINE_VERSION},
                         {"sqlite", sqlite::durability_rule()},
                         {"libwebsockets", net::transport_version()},
                         {"data", config.data},
                         {"address", config.listen.address},
                         {"port", int{relay.port()}},
                         {"tls", !config.tls_certificate.empty()},
                         {"tokens", !config.open_to_all()}});
    if (config.open_to_all()) {
        log.warning("open_to_all",
                    {{"message", "no token is asked for: whoever can connect may do everything"}});
    } else if (!config.listen.is_loopback() && config.tls_certificate.empty()) {
        log.warning("plain_text",
                    {{"message", "tokens and data travel unencrypted unless a proxy adds TLS"}});
    }

    const pthread_t waiting = pthread_self();
    Result<> outcome;
    std::thread loop([&] {
        outcome = relay.run();
        pthread_kill(waiting, signal_ended);
    });
    while (true) {
        int signal = 0;
        if (sigwait(&signals, &signal) != 0 || signal == signal_ended) break;
        if (signal == SIGHUP) {
            relay.reload();
        } else {
            log.info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
            relay.stop();
        }
    }
    loop.join();
    if (!outcome) return exit_code::storage;
    log.info("stopped");
    return exit_code::ok;
}

int print_token(const command::Token& token) {
    const auto key = auth::read_secret_file(token.key.path);
    if (!key) {
        return complain(exit_code::failed,
                        "--key \"" + token.key.path + "\": " + key.error().message);
    }
    const std::int64_t now = std::time(nullptr);
    auth::Grant grant = token.grant;
    grant.expires_s = now + static_cast<std::int64_t>(token.ttl_s);
    const std::string claims = auth::claims_of(grant, token.requirements, now);
    std::string_view text = as_text(*key);
    const bool pem = text.find("-----BEGIN") != std::string_view::npos;
    if (!pem) {
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    }
    const auto made = pem ? auth::sign_eddsa(claims, text, token.key.id)
                          : auth::sign_hs256(claims, as_bytes(text), token.key.id);
    if (!made) return complain(exit_code::failed, made.error().message);
    std::cout << *made << '\n';
    return exit_code::ok;
}

int back_up(const command::Backup& backup) {
    umask(077);
    SqliteRelayStorage::Options file;
    file.path = (std::filesystem::path(backup.data) / "relay.db").string();
    std::error_code error;
    if (!std::filesystem::exists(file.path, error))
        return complain(exit_code::storage, "--data \"" + backup.data + "\": no relay.db in it");
    file.quick_check = true;
    auto storage = SqliteRelayStorage::open(file);
    if (!storage) return complain(exit_code::storage, storage.error().message);
    if (auto done = (*storage)->backup_to(backup.to); !done)
        return complain(exit_code::storage, done.error().message);
    return exit_code::ok;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments,
                const std::map<std::string, std::string>& environment) {
    const auto parsed = parse_command(arguments, environment);
    if (!parsed) {
        return complain(exit_code::usage, parsed.error().message +
                                              "\nsyncline-relay --help tells "
                                              "the options.");
    }
    if (const auto* print = std::get_if<command::Print>(&*parsed)) {
        std::cout << print->text;
        return exit_code::ok;
    }
    if (const auto* token = std::get_if<command::Token>(&*parsed)) return print_token(*token);
    if (const auto* backup = std::get_if<command::Backup>(&*parsed)) return back_up(*backup);
    return serve(std::get<command::Serve>(*parsed).config);
}

}  // namespace syncline::relay
