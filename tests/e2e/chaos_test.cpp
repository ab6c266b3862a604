// P10 and P12 with real processes: a relay that is killed or restored while devices write.

#include "programs.hpp"
#include "support/arbitrary.hpp"
#include "syncline/client/store.hpp"

#include <atomic>
#include <iostream>
#include <set>
#include <thread>

using namespace syncline;
using namespace syncline::e2e;

namespace {

constexpr std::chrono::seconds patience{30};

/// A device of an app: a store that stays connected, whatever becomes of the relay.
struct Device {
    Device(const TemporaryDirectory& directory, const std::string& device_name)
        : name(device_name),
          store(Store::open(directory.path() + "/" + device_name + ".db").value()),
          space(store.space("team").value()) {}

    void connect(const Relay& relay) {
        ConnectOptions options;
        options.url = relay.url();
        options.backoff_min = std::chrono::milliseconds(20);
        options.backoff_max = std::chrono::milliseconds(200);
        REQUIRE(store.connect(options));
    }
    /// One mark more: an element that only this device makes, and one in a common counter.
    bool write() {
        const std::string mark = name + "-" + std::to_string(made + 1);
        const auto done = space.transact([&](Transaction& tx) {
            auto log = tx.document("logs", "common");
            log.grow_only_set("marks").insert(Value(mark));
            log.counter("count").add(1);
            tx.document("logs", name).set("last", Value(mark));
        });
        if (done) ++made;
        return done.has_value();
    }
    [[nodiscard]] Value log() const {
        return space.get({"logs", "common"}).value().value_or(Value());
    }
    [[nodiscard]] std::size_t marks() const {
        const Value shown = log();
        const Value* marks = shown.find("marks");
        return marks == nullptr ? 0 : marks->array()->size();
    }
    [[nodiscard]] std::int64_t count() const {
        const Value shown = log();
        const Value* count = shown.find("count");
        return count == nullptr ? 0 : *count->integer();
    }

    std::string name;
    Store store;
    Space space;
    std::uint64_t made = 0;
};

std::vector<std::unique_ptr<Device>> devices_in(const TemporaryDirectory& directory,
                                                std::size_t count) {
    std::vector<std::unique_ptr<Device>> devices;
    for (std::size_t i = 0; i < count; ++i) {
        devices.push_back(std::make_unique<Device>(directory, "device" + std::to_string(i)));
    }
    return devices;
}

/// Everybody has everything, once, without anybody's doing.
void all_converge(const std::vector<std::unique_ptr<Device>>& devices) {
    std::uint64_t made = 0;
    for (const auto& device : devices) made += device->made;
    for (const auto& device : devices) {
        INFO(device->name << " has " << device->marks() << " of " << made);
        const bool whole = eventually(
            [&] { return device->space.status().pending == 0 && device->marks() == made; },
            patience);
        const SyncStatus status = device->space.status();
        INFO("pending " << status.pending << ", last error "
                        << (status.last_error ? status.last_error->message : std::string("none")));
        REQUIRE(whole);
        REQUIRE(device->space.wait_in_sync(patience));
        REQUIRE(device->count() == static_cast<std::int64_t>(made));
        REQUIRE(device->space.digest().value() == devices.front()->space.digest().value());
    }
}

void kill_under_load(std::size_t kills) {
    TemporaryDirectory directory;
    Relay relay(directory.path());
    auto devices = devices_in(directory, 10);
    for (auto& device : devices) device->connect(relay);
    const std::uint64_t seed = testing::first_seed();
    testing::Random random(seed);
    for (std::size_t kill = 0; kill < kills; ++kill) {
        CAPTURE(seed, kill);
        std::atomic<bool> stop{false};
        std::atomic<std::uint64_t> failed{0};
        std::vector<std::thread> writers;
        writers.reserve(devices.size());
        for (auto& device : devices) {
            writers.emplace_back([&device, &stop, &failed] {
                for (int i = 0; i < 6 && !stop; ++i) {
                    if (!device->write()) ++failed;
                }
            });
        }
        const std::size_t pauses = random.below(30);
        for (std::size_t i = 0; i < pauses; ++i) test::wait_a_little();
        relay.kill_hard();
        relay.start();
        stop = random.one_in(3);
        for (auto& writer : writers) writer.join();
        REQUIRE(failed == 0);
        if (kill % 5 == 4) all_converge(devices);
    }
    all_converge(devices);
    std::uint64_t made = 0;
    for (const auto& device : devices) made += device->made;
    std::cout << "relay killed " << kills << " times (seed " << seed << "): " << made
              << " changes of 10 devices, each applied once everywhere\n";
}

void restore_drills(std::size_t drills) {
    for (std::size_t drill = 0; drill < drills; ++drill) {
        const std::uint64_t seed = testing::first_seed() + drill;
        CAPTURE(seed);
        testing::Random random(seed);
        TemporaryDirectory directory;
        Relay relay(directory.path());
        auto devices = devices_in(directory, 3);
        const auto write_and_sync = [&](std::size_t most) {
            for (auto& device : devices) {
                device->connect(relay);
                for (std::size_t i = random.below(most); i > 0; --i) REQUIRE(device->write());
            }
            all_converge(devices);
        };
        write_and_sync(6);
        relay.stop();
        const std::string copy = directory.path() + "/copy";
        std::filesystem::copy(relay.data(), copy, std::filesystem::copy_options::recursive);
        relay.start();
        write_and_sync(8);
        for (auto& device : devices) device->store.disconnect();
        random.one_in(2) ? relay.kill_hard() : relay.stop();
        std::filesystem::remove_all(relay.data());
        std::filesystem::copy(copy, relay.data(), std::filesystem::copy_options::recursive);
        relay.start();
        // They come back one after the other, in any order, with new changes of their own.
        for (std::size_t left = devices.size(), first = random.below(devices.size()); left > 0;
             --left) {
            Device& device = *devices[(first + left) % devices.size()];
            REQUIRE(device.write());
            device.connect(relay);
            REQUIRE(device.space.wait_in_sync(patience));
        }
        all_converge(devices);
    }
    std::cout << "relay restored from an older copy " << drills << " times (seeds from "
              << testing::first_seed() << ")\n";
}

}  // namespace

TEST_CASE("a relay killed under load loses and repeats nothing", "[e2e][chaos]") {
    kill_under_load(testing::scaled(15));
}

TEST_CASE("a relay killed 200 times under load loses and repeats nothing", "[.slow][e2e][chaos]") {
    kill_under_load(200);
}

TEST_CASE("a relay restored from an older copy gets back what it lost", "[e2e][chaos]") {
    restore_drills(testing::scaled(3));
}

TEST_CASE("twenty relays restored from older copies get back what they lost",
          "[.slow][e2e][chaos]") {
    restore_drills(20);
}
