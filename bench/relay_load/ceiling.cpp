// The ceiling: what the generator can take in from a sender that does nothing else.

#include "figures.hpp"
#include "pool.hpp"
#include "scenarios.hpp"
#include "support/author.hpp"
#include "syncline/sync/messages.hpp"
#include "tape.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace syncline::load {

namespace {

/// As a relay sends the feed, with many changes in a batch.
std::string frame_of_feed() {
    const std::size_t frame_changes = 256;
    wire::Batch batch{1, 1, {}};
    const Bytes some(change_bytes, std::byte{1});
    batch.changes = wire::encode_batch(
        std::vector<wire::BatchEntry>(frame_changes, {test::replica_number(1), some}));
    const Bytes payload = wire::encode(wire::Changes{"team", {batch}});
    std::string frame("\x82\x7f", 2);
    for (int i = 7; i >= 0; --i)
        frame.push_back(static_cast<char>(std::uint64_t{payload.size()} >> (8 * i)));
    frame.append(as_text(payload));
    return frame;
}

/// The sender, a process of its own: one ready frame over and over, to everybody.
[[noreturn]] void send_for_ever(int listener, const std::string& frame, std::size_t subscribers) {
    std::vector<int> peers;
    for (std::size_t i = 0; i < subscribers; ++i) {
        const int peer = accept(listener, nullptr, nullptr);
        const std::string answer = "HTTP/1.1 101 Go\r\n\r\n";
        if (::send(peer, answer.data(), answer.size(), 0) < 0) _exit(1);
        fcntl(peer, F_SETFL, O_NONBLOCK);
        peers.push_back(peer);
    }
    std::vector<std::size_t> sent(subscribers, 0);
    while (true) {
        bool moved = false;
        for (std::size_t i = 0; i < subscribers; ++i) {
            const ssize_t n =
                ::send(peers[i], frame.data() + sent[i], frame.size() - sent[i], MSG_NOSIGNAL);
            if (n <= 0) {
                if (errno != EAGAIN) _exit(0);
                continue;
            }
            moved = true;
            sent[i] = (sent[i] + static_cast<std::size_t>(n)) % frame.size();
        }
        if (!moved) poll(nullptr, 0, 1);
    }
}

}  // namespace

ordered_json ceiling(const Setting& setting, std::size_t subscribers) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        listen(listener, static_cast<int>(subscribers)) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0)
        give_up("listen");
    const std::string frame = frame_of_feed();
    const pid_t child = fork();
    if (child < 0) give_up("fork");
    if (child == 0) {
        send_for_ever(listener, frame, subscribers);
    }
    ::close(listener);
    Pool pool;
    for (std::size_t i = 0; i < subscribers; ++i) pool.add(ntohs(at.sin_port));
    std::uint64_t deliveries = 0;
    const auto on_frame = [&](Line&, const Glance& glance) { deliveries += glance.count; };
    const auto warm = Clock::now();
    while (seconds_since(warm) < 0.5) pool.turn(5, on_frame);
    const std::uint64_t before = deliveries;
    const auto begin = Clock::now();
    while (seconds_since(begin) < setting.seconds) pool.turn(5, on_frame);
    const double rate = static_cast<double>(deliveries - before) / seconds_since(begin);
    ::kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return {{"scenario", "ceiling"}, {"subscribers", subscribers}, {"deliveries_per_s", rate}};
}

}  // namespace syncline::load
