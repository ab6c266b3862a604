#pragma once

#include "support/process.hpp"
#include "support/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The programs as people use them: a relay and the command line tool.
namespace syncline::e2e {

using test::eventually;
using test::Finished;
using test::Process;
using test::TemporaryDirectory;

inline std::string program(const std::string& name) {
    return std::string(SYNCLINE_BIN_DIR) + "/" + name;
}

/// A relay on loopback; stopped with the object.
class Relay {
public:
    explicit Relay(std::string directory, std::vector<std::string> more = {})
        : directory_(std::move(directory)), more_(std::move(more)) {
        start();
    }
    /// On the port it had, or on a free one the first time.
    void start() {
        const std::string port_file = directory_ + "/port";
        std::filesystem::remove(port_file);
        std::vector<std::string> arguments{program("syncline-relay"),
                                           "--data",
                                           data(),
                                           "--listen",
                                           "127.0.0.1:" + (port_.empty() ? "0" : port_),
                                           "--port-file",
                                           port_file,
                                           "--log-level",
                                           "warning"};
        arguments.insert(arguments.end(), more_.begin(), more_.end());
        process_ = std::make_unique<Process>(arguments, directory_, "relay");
        const bool up = eventually([&] {
            port_ = test::read_file(port_file);
            while (!port_.empty() && port_.back() == '\n') port_.pop_back();
            return !port_.empty() || !process_->running();
        });
        INFO(process_->err());
        REQUIRE(up);
        REQUIRE(process_->running());
    }
    void kill_hard() {
        process_->signal(SIGKILL);
        REQUIRE(process_->wait() == 128 + SIGKILL);
    }
    void stop() {
        process_->signal(SIGTERM);
        INFO(process_->err());
        REQUIRE(process_->wait() == 0);
    }
    Process& process() { return *process_; }
    [[nodiscard]] std::string data() const { return directory_ + "/data"; }
    [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + port_; }

private:
    std::string directory_;
    std::vector<std::string> more_;
    std::string port_;
    std::unique_ptr<Process> process_;
};

/// A person at a command line, with a store.
class Person {
public:
    Person(const TemporaryDirectory& directory, const std::string& name)
        : directory_(directory.path()), store_(directory_ + "/" + name + ".db") {}
    /// The exit code is part of the answer.
    Finished try_to(std::vector<std::string> command) {
        command.insert(command.begin(), {program("syncline"), "--store", store_});
        return test::run(std::move(command), directory_);
    }
    /// It works; what it printed, less the last line's end.
    std::string does(std::vector<std::string> command) {
        std::string said;
        for (const std::string& word : command) said += word + " ";
        const Finished finished = try_to(std::move(command));
        INFO(said << ": " << finished.err);
        REQUIRE(finished.code == 0);
        std::string out = finished.out;
        if (!out.empty() && out.back() == '\n') out.pop_back();
        return out;
    }
    [[nodiscard]] const std::string& store() const { return store_; }

private:
    std::string directory_;
    std::string store_;
};

}  // namespace syncline::e2e
