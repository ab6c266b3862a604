#include "process.hpp"

#include <spawn.h>

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/wait.h>

extern char** environ;

namespace syncline::test {

Process::Process(std::vector<std::string> arguments, const std::string& directory,
                 const std::string& name)
    : out_(directory + "/" + name + ".out"), err_(directory + "/" + name + ".err") {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out_.c_str(), flags, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err_.c_str(), flags, 0600);
    if (posix_spawn(&id_, argv[0], &actions, nullptr, argv.data(), environ) != 0) id_ = -1;
    posix_spawn_file_actions_destroy(&actions);
}

Process::~Process() {
    if (!running()) return;
    signal(SIGKILL);
    wait();
}

bool Process::running() {
    if (id_ > 0 && waitpid(id_, &status_, WNOHANG) == id_) id_ = 0;
    return id_ > 0;
}

void Process::signal(int number) const {
    if (id_ > 0) kill(id_, number);
}

int Process::wait(std::chrono::milliseconds patience) {
    if (!eventually([this] { return !running(); }, patience)) return -1;
    if (id_ < 0) return -1;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

std::string Process::out() const { return read_file(out_); }
std::string Process::err() const { return read_file(err_); }

Finished run(std::vector<std::string> arguments, const std::string& directory) {
    static std::atomic<unsigned> runs{0};
    Process process(std::move(arguments), directory, "run" + std::to_string(++runs));
    const int code = process.wait();
    return {code, process.out(), process.err()};
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

void wait_a_little() { poll(nullptr, 0, 2); }

}  // namespace syncline::test
