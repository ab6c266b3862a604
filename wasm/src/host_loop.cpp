#include "host_loop.hpp"

#include <algorithm>
#include <vector>

namespace syncline::wasm {

namespace {

/// A handful at most: one for each connect that was not yet followed by a disconnect.
std::vector<HostDriver*>& drivers() {
    static std::vector<HostDriver*> all;
    return all;
}

}  // namespace

void HostDriver::join() {
    static int last = 0;
    number_ = ++last;
    drivers().push_back(this);
}

void HostDriver::leave() {
    auto& all = drivers();
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
}

int HostDriver::take_socket() {
    static int last = 0;
    return socket_ = ++last;
}

HostDriver* driver_of_socket(int socket) {
    for (HostDriver* driver : drivers()) {
        if (driver->socket_ == socket) return driver;
    }
    return nullptr;
}

HostDriver* driver_of_timer(int timer) {
    for (HostDriver* driver : drivers()) {
        if (driver->number_ == timer / HostDriver::timers_each) return driver;
    }
    return nullptr;
}

void run_posted() {
    // What runs may add drivers and take some away.
    const auto ran_one = [] {
        const auto& all = drivers();
        return std::any_of(all.begin(), all.end(),
                           [](HostDriver* each) { return each->run_next(); });
    };
    while (ran_one()) {
    }
}

}  // namespace syncline::wasm
