// The module's engine as a native program, on a clock and randomness that repeat: the same requests
// have to have the same answers here and in WebAssembly, byte for byte.
//
//     syncline-replay < requests     a line each, as Engine::call takes them; prints the answer, or
//                                    the error, and behind it the events, if there are any

#include "engine.hpp"
#include "json_reads.hpp"
#include "system.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

// In the place of client-sdk/src/system.cpp. tests/wasm/engine/transcripts.test.ts has the same.
namespace syncline::client {

std::uint64_t system_now_ms() {
    static std::uint64_t now = 1'700'000'000'000;
    return now += 7;
}

void system_random(std::byte* into, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) into[i] = static_cast<std::byte>(17 * i + size);
}

ReplicaId random_replica_id() {
    ReplicaId id;
    system_random(id.bytes.data(), id.bytes.size());
    id.bytes[6] = (id.bytes[6] & std::byte{0x0F}) | std::byte{0x40};
    id.bytes[8] = (id.bytes[8] & std::byte{0x3F}) | std::byte{0x80};
    return id;
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): as system.hpp has it
void run_elsewhere(std::function<void()>) { std::abort(); }

}  // namespace syncline::client

int main() {
    syncline::wasm::Engine engine;
    for (std::string request; std::getline(std::cin, request);) {
        const auto answer = engine.call(request);
        if (answer) {
            std::cout << *answer << '\n';
        } else {
            std::cout << name_of(answer.error().code) << ": " << answer.error().message << '\n';
        }
        if (const std::string events = engine.take_events(); !events.empty())
            std::cout << events << '\n';
    }
    return 0;
}
