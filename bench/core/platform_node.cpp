#include "platform.hpp"

#include <emscripten/heap.h>
#include <emscripten/version.h>
#include <malloc.h>
#include <nlohmann/json.hpp>

// In node.js. What they bring waits there until node_take(); they return its size, or -1 for none.
extern "C" {
int node_run_self(const char* arguments_json);
int node_gunzip(const char* path);
int node_version();
int node_temporary_path();
void node_take(char* to);
}

namespace syncline::bench {

Memory memory() {
    const struct mallinfo heap = mallinfo();
    return {emscripten_get_heap_size(), static_cast<std::size_t>(heap.uordblks)};
}

namespace platform {

namespace {
std::optional<std::string> taken(int size) {
    if (size < 0) return std::nullopt;
    std::string bytes(static_cast<std::size_t>(size), '\0');
    node_take(bytes.data());
    return bytes;
}
}  // namespace

std::string peer() { return "syncline-wasm"; }

std::pair<std::string, std::string> compiler() {
    return {"Emscripten", std::to_string(__EMSCRIPTEN_major__) + "." +
                              std::to_string(__EMSCRIPTEN_minor__) + "." +
                              std::to_string(__EMSCRIPTEN_tiny__)};
}
std::string node_version() { return taken(::node_version()).value_or(""); }

std::optional<std::string> run_self(const std::vector<std::string>& arguments) {
    return taken(node_run_self(nlohmann::json(arguments).dump().c_str()));
}
std::optional<std::string> gunzip(const std::string& path) {
    return taken(node_gunzip(path.c_str()));
}
std::string temporary_path() { return taken(node_temporary_path()).value_or(""); }

}  // namespace platform
}  // namespace syncline::bench
