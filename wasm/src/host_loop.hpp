#pragma once

#include "syncline/bytes.hpp"

#include <string_view>

/// Where the host's events enter the module's network drivers, which have no thread of their own:
/// they run in here, and nothing of them while the module is in another call.
namespace syncline::wasm {

enum class SocketEnd : int {
    lost = 0,         ///< the connection, or the attempt to make one
    not_a_relay = 1,  ///< it does not speak our subprotocol
    malformed = 2,    ///< it sent text
};

/// A network driver as the host's events see it. Registered from join() to leave().
class HostDriver {
public:
    virtual void on_opened() = 0;
    virtual void on_received(Bytes message) = 0;
    virtual void on_closed(SocketEnd end, std::string_view why) = 0;
    virtual void on_timer(int timer) = 0;
    /// Does the next piece of what was posted; false when nothing is left.
    virtual bool run_next() = 0;

protected:
    HostDriver() = default;
    HostDriver(const HostDriver&) = delete;
    HostDriver& operator=(const HostDriver&) = delete;
    virtual ~HostDriver() = default;

    void join();
    void leave();
    /// A number that the host did not hear yet; events for the one before do nothing from now on.
    int take_socket();
    [[nodiscard]] int socket() const { return socket_; }
    /// The numbers of this driver's timers.
    [[nodiscard]] int timer(int which) const { return timers_each * number_ + which; }

private:
    friend HostDriver* driver_of_socket(int socket);
    friend HostDriver* driver_of_timer(int timer);
    static constexpr int timers_each = 2;
    int number_ = 0;
    int socket_ = 0;
};

/// Null when its driver is gone or gave it up.
HostDriver* driver_of_socket(int socket);
HostDriver* driver_of_timer(int timer);

/// Runs what was posted, of all drivers, until nothing is left.
void run_posted();

}  // namespace syncline::wasm
