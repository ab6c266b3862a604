#include "system.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid.hpp>

#include <chrono>
#include <cstring>
#include <random>
#include <thread>

namespace syncline::client {

std::uint64_t system_now_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

void system_random(std::byte* into, std::size_t size) {
    std::random_device device;
    for (std::size_t i = 0; i < size; ++i) into[i] = static_cast<std::byte>(device());
}

ReplicaId random_replica_id() {
    const boost::uuids::uuid uuid = boost::uuids::random_generator()();
    ReplicaId id;
    std::memcpy(id.bytes.data(), uuid.data, id.bytes.size());
    return id;
}

void run_elsewhere(std::function<void()> work) { std::thread(std::move(work)).detach(); }

}  // namespace syncline::client
