// What the module exports. Bytes go in through one buffer and come out through another;
// js/loader.ts is the other side, docs/wasm.md the description. Nothing is thrown across the
// border: what C++ throws (bad_alloc, in effect) is caught here and ends the module's life.

#include "engine.hpp"
#include "host_loop.hpp"
#include "json_reads.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#define SYNCLINE_EXPORT(name) extern "C" __attribute__((used, export_name(#name)))

namespace {

using syncline::Bytes;
using syncline::Error;
using syncline::ErrorCode;

struct Module {
    syncline::wasm::Engine engine;
    Bytes in;
    std::string out;
    bool dead = false;
};

Module& module() {
    static Module instance;
    return instance;
}

/// Flags of what an export returns.
constexpr int has_failed = 1;  ///< the answer is an error: {"code":…,"number":…,"message":…}
constexpr int has_events = 2;  ///< syncline_events() has something to tell

std::string_view input(int size) {
    const Bytes& in = module().in;
    return {reinterpret_cast<const char*>(in.data()), static_cast<std::size_t>(size)};
}

int answer_with(const Error& error) {
    module().out = R"({"code":)" + syncline::client::quoted(name_of(error.code)) + R"(,"number":)" +
                   std::to_string(static_cast<int>(error.code)) + R"(,"message":)" +
                   syncline::client::quoted(error.message) + "}";
    return has_failed;
}

/// Runs `step` and what it posted. Its value: flags.
template <typename Step>
int enter(Step step) {
    Module& self = module();
    if (self.dead) return answer_with({ErrorCode::closed, "the engine ran out of memory before"});
    try {
        const int flags = step();
        syncline::wasm::run_posted();
        return flags | (self.engine.has_events() ? has_events : 0);
    } catch (...) {
        self.dead = true;
        return answer_with(
            {ErrorCode::storage_failed, "the engine is out of memory: open it again"});
    }
}

}  // namespace

/// Room for `size` bytes of input, until the next call.
SYNCLINE_EXPORT(syncline_buffer) std::byte* syncline_buffer(int size) {
    Bytes& in = module().in;
    constexpr std::size_t kept_bytes_max = 1 << 20;
    const auto wanted = static_cast<std::size_t>(size);
    if (in.capacity() > kept_bytes_max && wanted <= kept_bytes_max) Bytes().swap(in);
    if (in.size() < wanted) in.resize(wanted);
    return in.data();
}

/// Where the output of the last call is, and its size.
SYNCLINE_EXPORT(syncline_output) const char* syncline_output() { return module().out.data(); }
SYNCLINE_EXPORT(syncline_output_size) int syncline_output_size() {
    return static_cast<int>(module().out.size());
}

/// Runs the request in the buffer; see Engine::call. Returns flags; the output is the answer.
SYNCLINE_EXPORT(syncline_call) int syncline_call(int size) {
    return enter([size] {
        auto answer = module().engine.call(input(size));
        if (!answer) return answer_with(answer.error());
        module().out = std::move(*answer);
        return 0;
    });
}

/// The output is what happened since the last time; see Engine::take_events. Returns flags.
SYNCLINE_EXPORT(syncline_events) int syncline_events() {
    return enter([] {
        module().out = module().engine.take_events();
        return 0;
    });
}

/// Events of the host; they return flags.
SYNCLINE_EXPORT(syncline_socket_opened) int syncline_socket_opened(int socket) {
    return enter([socket] {
        if (auto* driver = syncline::wasm::driver_of_socket(socket)) driver->on_opened();
        return 0;
    });
}
SYNCLINE_EXPORT(syncline_socket_received) int syncline_socket_received(int socket, int size) {
    return enter([socket, size] {
        const auto message = syncline::as_bytes(input(size));
        if (auto* driver = syncline::wasm::driver_of_socket(socket))
            driver->on_received(Bytes(message.begin(), message.end()));
        return 0;
    });
}
/// `end` is a SocketEnd; the buffer has a sentence.
SYNCLINE_EXPORT(syncline_socket_closed) int syncline_socket_closed(int socket, int end, int size) {
    return enter([=] {
        if (auto* driver = syncline::wasm::driver_of_socket(socket))
            driver->on_closed(static_cast<syncline::wasm::SocketEnd>(end), input(size));
        return 0;
    });
}
SYNCLINE_EXPORT(syncline_timer) int syncline_timer(int timer) {
    return enter([timer] {
        if (auto* driver = syncline::wasm::driver_of_timer(timer)) driver->on_timer(timer);
        return 0;
    });
}
