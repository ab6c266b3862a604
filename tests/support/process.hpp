#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

/// Real processes: started by posix_spawn, awaited within bounds, ended by their id.
namespace syncline::test {

/// A program that was started. Killed when it goes out of scope.
class Process {
public:
    /// `arguments[0]` is the program. Standard output and error go to files in `directory`.
    Process(std::vector<std::string> arguments, const std::string& directory,
            const std::string& name);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] bool running();
    void signal(int number) const;
    /// Its exit code; 128 and the number of the signal that ended it; -1 when it outlives the wait.
    int wait(std::chrono::milliseconds patience = std::chrono::seconds(60));
    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;

private:
    std::string out_;
    std::string err_;
    pid_t id_ = -1;
    int status_ = 0;
};

struct Finished {
    int code = -1;
    std::string out;
    std::string err;
};
Finished run(std::vector<std::string> arguments, const std::string& directory);

/// The whole file; empty if there is none.
[[nodiscard]] std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

/// Lets others have the processor for two milliseconds.
void wait_a_little();
/// Asks `done` every few milliseconds until it says yes or the time is up. What it said last.
template <typename Done>
bool eventually(Done done, std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > until) return false;
        wait_a_little();
    }
    return true;
}

}  // namespace syncline::test
