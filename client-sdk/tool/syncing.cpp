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

}  // namespace

int sync(const Context& context, const SyncOptions& options) {
    if (!options.token.empty() && !options.token_file.empty()) {
        return report({ErrorCode::invalid_argument, "--token or --token-file, not both"});
    }
    if (!options.token_file.empty()) {
        if (auto token = read_token(options.token_file); !token) return report(token.error());
    }
    if (options.watch) {
        // Before the store is open: whoever sees its lock may ask to stop.
        std::signal(SIGINT, [](int) { stop_asked = 1; });
        std::signal(SIGTERM, [](int) { stop_asked = 1; });
    }
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

    ConnectOptions connect;
    connect.url = options.url;
    connect.ca_file = options.ca_file;
    connect.backoff_max = std::chrono::milliseconds(5'000);
    connect.token = [&] {
        return options.token_file.empty() ? options.token
                                          : read_token(options.token_file).value_or(std::string());
    };
    if (auto connected = opened->store.connect(connect); !connected) {
        return report(connected.error());
    }

    // Short waits in a row, so that a signal and an error that will not mend end the wait.
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout_s);
    constexpr std::chrono::milliseconds step{100};
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
        if (waited) {
            // In sync and watching: wait for a signal without spinning.
            std::mutex idle;
            std::unique_lock lock(idle);
            std::condition_variable never;
            never.wait_for(lock, step);
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
