// Commands about the relay and how the space stands with it.

#include "common.hpp"

#include <condition_variable>
#include <csignal>
#include <fstream>
#include <iostream>
#include <mutex>

namespace syncline::tool {

namespace {

volatile std::sig_atomic_t stop_asked = 0;

Result<std::string> read_token(const std::string& file) {
    std::ifstream in(file);
    std::string token;
    if (!(in >> token)) return fail(ErrorCode::invalid_argument, "no token in " + file);
    return token;
}

/// Errors that waiting does not mend.
bool is_final(const SyncStatus& status, const SyncOptions& options) {
    if (!status.last_error) return false;
    switch (status.last_error->code) {
        case ErrorCode::not_a_relay:
        case ErrorCode::unauthorized:
        case ErrorCode::forbidden:
        case ErrorCode::version_unsupported: return true;
        case ErrorCode::token_expired: return options.token_file.empty();  // a file may be renewed
        default: return status.last_error_is_final;
    }
}

Value error_value(const std::optional<Error>& error) {
    if (!error) return {};
    return Value(Value::Map{{"code", Value(name_of(error->code))}, {"message", error->message}});
}

void print_changes(const Space& space, const SpaceChanges& changes, std::mutex& output) {
    for (const DocumentChange& change : changes.documents) {
        const auto value = space.get(change.document);
        if (!value) continue;
        Value::Map line{{"collection", Value(change.document.collection)},
                        {"id", Value(change.document.id)},
                        {"value", *value ? **value : Value()}};
        const std::lock_guard guard(output);
        std::cout << to_json(Value(std::move(line))) << std::endl;
    }
}

void print_presence(const std::vector<Presence>& everybody) {
    Value::Array list;
    for (const Presence& one : everybody) {
        list.emplace_back(Value::Map{{"own", Value(one.own)},
                                     {"replica", Value(to_string(one.replica))},
                                     {"session", Value(one.session)},
                                     {"subject", Value(one.subject)},
                                     {"value", one.value}});
    }
    std::cout << to_json(Value(std::move(list))) << std::endl;
}

Result<> check_token(const SyncOptions& options) {
    if (!options.token.empty() && !options.token_file.empty()) {
        return fail(ErrorCode::invalid_argument, "--token or --token-file, not both");
    }
    if (options.token_file.empty()) return {};
    auto token = read_token(options.token_file);
    if (!token) return tl::unexpected(token.error());
    return {};
}

/// Before the store is open: whoever sees its lock may ask to stop.
void stop_when_asked() {
    std::signal(SIGINT, [](int) { stop_asked = 1; });
    std::signal(SIGTERM, [](int) { stop_asked = 1; });
}

Result<> connect(Store& store, const SyncOptions& options) {
    ConnectOptions connect;
    connect.url = options.url;
    connect.ca_file = options.ca_file;
    connect.backoff_max = std::chrono::milliseconds(5'000);
    connect.token = [&options] {
        return options.token_file.empty() ? options.token
                                          : read_token(options.token_file).value_or(std::string());
    };
    return store.connect(std::move(connect));
}

void wait_idle(std::chrono::milliseconds time) {
    std::mutex idle;
    std::unique_lock lock(idle);
    std::condition_variable never;
    never.wait_for(lock, time);
}

constexpr std::chrono::milliseconds step{100};

}  // namespace

int sync(const Context& context, const SyncOptions& options) {
    if (auto good = check_token(options); !good) return report(good.error());
    if (options.watch) stop_when_asked();
    auto opened = open(context);
    if (!opened) return report(opened.error());
    Space& space = opened->space;

    std::mutex output;
    Subscription refused = space.observe_rejected([&](const std::vector<RejectedChange>& changes) {
        const std::lock_guard guard(output);
        for (const RejectedChange& change : changes) {
            std::cerr << "syncline: the relay refused a change for ever: " << change.reason << " ("
                      << name_of(change.code) << ")\n";
        }
    });
    Subscription watching;
    if (options.watch) {
        watching = space.observe(
            [&](const SpaceChanges& changes) { print_changes(space, changes, output); },
            options.collection);
    }

    if (auto connected = connect(opened->store, options); !connected) {
        return report(connected.error());
    }

    // Short waits in a row, so that a signal and an error that will not mend end the wait.
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout_s);
    while (stop_asked == 0) {
        const auto waited = space.wait_in_sync(step);
        if (waited && !options.watch) {
            opened->store.disconnect();
            return exit_done;
        }
        const SyncStatus status = space.status();
        const bool late = !options.watch && std::chrono::steady_clock::now() >= deadline;
        if (!waited && (is_final(status, options) || late)) {
            opened->store.disconnect();
            if (!status.last_error) return report(waited.error());
            return report(*status.last_error);
        }
        if (waited) wait_idle(step);  // in sync and watching: wait for a signal without spinning
    }
    opened->store.disconnect();
    return exit_done;
}

int presence(const Context& context, const SyncOptions& options, const PresenceOptions& own) {
    if (auto good = check_token(options); !good) return report(good.error());
    stop_when_asked();
    auto opened = open(context);
    if (!opened) return report(opened.error());
    Space& space = opened->space;
    const Subscription watching = space.observe_presence(print_presence);
    if (!own.json.empty()) {
        auto value = parse_json(own.json);
        if (!value) return report(value.error());
        if (auto set = space.set_presence(own.session, std::move(*value)); !set)
            return report(set.error());
    }
    if (auto connected = connect(opened->store, options); !connected) {
        return report(connected.error());
    }
    while (stop_asked == 0) {
        wait_idle(step);
        const SyncStatus status = space.status();
        if (is_final(status, options)) {
            opened->store.disconnect();
            return report(*status.last_error);
        }
    }
    opened->store.disconnect();
    return exit_done;
}

int status(const Context& context) {
    auto opened = open(context);
    if (!opened) return report(opened.error());
    const SyncStatus status = opened->space.status();
    Value::Map out{{"clock_offset_ms", Value(status.clock_offset_ms)},
                   {"cursor", Value(static_cast<std::int64_t>(status.cursor))},
                   {"last_error", error_value(status.last_error)},
                   {"pending", Value(static_cast<std::int64_t>(status.pending))},
                   {"replica", Value(to_string(opened->store.replica()))},
                   {"space", Value(context.space)}};
    std::cout << to_json(Value(std::move(out))) << '\n';
    return exit_done;
}

int digest(const Context& context) {
    auto opened = open(context);
    if (!opened) return report(opened.error());
    const auto digest = opened->space.digest();
    if (!digest) return report(digest.error());
    std::cout << to_hex(digest->view()) << '\n';
    return exit_done;
}

}  // namespace syncline::tool
