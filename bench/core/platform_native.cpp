#include "platform.hpp"

#include <malloc.h>
#include <spawn.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace syncline::bench {

Memory memory() {
    std::size_t pages_all = 0;
    std::size_t pages_resident = 0;
    std::ifstream("/proc/self/statm") >> pages_all >> pages_resident;
    const auto page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const auto heap = mallinfo2();
    return {pages_resident * page_size, heap.uordblks + heap.hblkhd};
}

namespace platform {

std::string peer() { return "syncline"; }

std::pair<std::string, std::string> compiler() {
#ifdef __clang__
    return {"clang", __clang_version__};
#else
    return {"GCC", __VERSION__};
#endif
}
std::string node_version() { return {}; }

std::optional<std::string> run_self(const std::vector<std::string>& arguments) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return std::nullopt;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);

    std::vector<std::string> words{"syncline-bench"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t child = 0;
    const int error =
        posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);

    std::string printed;
    std::array<char, 4096> part{};
    ssize_t count = 0;
    while (error == 0 && (count = read(ends[0], part.data(), part.size())) > 0)
        printed.append(part.data(), static_cast<std::size_t>(count));
    close(ends[0]);
    int status = 0;
    if (error != 0 || waitpid(child, &status, 0) != child) return std::nullopt;
    // One that complained and left has printed why.
    if (!WIFEXITED(status)) return std::nullopt;
    return printed;
}

std::optional<std::string> gunzip(const std::string& path) {
    const gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) return std::nullopt;
    std::string content;
    std::array<char, 65'536> part{};
    int count = 0;
    while ((count = gzread(file, part.data(), static_cast<unsigned>(part.size()))) > 0)
        content.append(part.data(), static_cast<std::size_t>(count));
    gzclose(file);
    if (count < 0) return std::nullopt;
    return content;
}

std::string temporary_path() {
    return "/tmp/syncline-bench-" + std::to_string(getpid()) + ".saved";
}

}  // namespace platform
}  // namespace syncline::bench
