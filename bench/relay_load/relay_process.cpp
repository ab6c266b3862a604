#include "relay_process.hpp"

#include "moments.hpp"

#include <spawn.h>

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace syncline::load {

namespace {

/// CPU seconds of a process or thread, from a stat file of /proc.
double cpu_of(const std::string& stat_file) {
    std::ifstream in(stat_file);
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(text.substr(name_end + 2));
    std::string field;
    double ticks = 0;
    for (int i = 3; fields >> field && i <= 15; ++i) {
        if (i >= 14) ticks += std::stod(field);
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

RelayProcess::RelayProcess(const std::string& program, const std::string& directory) {
    const std::string port_file = directory + "/port";
    std::remove(port_file.c_str());
    std::vector<std::string> arguments{program,    "--data",      directory + "/data",
                                       "--listen", "127.0.0.1:0", "--port-file",
                                       port_file,  "--log-level", "warning"};
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, (directory + "/log").c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int failed = posix_spawn(&id_, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) give_up("cannot start " + program);
    const auto begin = Clock::now();
    while (port_ == 0) {
        std::ifstream in(port_file);
        in >> port_;
        if (seconds_since(begin) > 20) give_up("the relay does not say its port");
        poll(nullptr, 0, 2);
    }
}

void RelayProcess::kill() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
    id_ = -1;
}

double RelayProcess::cpu() const { return cpu_of("/proc/" + std::to_string(id_) + "/stat"); }

nlohmann::ordered_json RelayProcess::memory() const {
    std::ifstream in("/proc/" + std::to_string(id_) + "/status");
    for (std::string line; std::getline(in, line);) {
        if (line.rfind("VmHWM:", 0) == 0) return std::stol(line.substr(6)) / 1024;
    }
    return nullptr;
}

}  // namespace syncline::load
