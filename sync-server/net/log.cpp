#include "net/log.hpp"

#include <libwebsockets.h>
#include <uv.h>

#include <string>

namespace syncline::relay::net {
namespace {

constexpr unsigned lines_per_second_max = 20;

// libwebsockets logs through a plain function; its calls come on the thread that is inside it.
thread_local LogTarget* log_target = nullptr;

}  // namespace

void LogTarget::line(LogLevel level, std::string_view text) {
    if (!sink_) return;
    const auto second = static_cast<std::int64_t>(uv_hrtime() / 1'000'000'000);
    if (second != second_) {
        second_ = second;
        lines_ = 0;
    }
    if (++lines_ > lines_per_second_max) return;
    std::string clean;
    for (const char c : text) {
        if (c != '\n') clean.push_back(c >= ' ' && c <= '~' ? c : '?');
    }
    sink_(level, clean);
}

LogScope::LogScope(LogTarget& target) : previous_(log_target) { log_target = &target; }
LogScope::~LogScope() { log_target = previous_; }

void emit_log(int level, const char* line) {
    if (log_target != nullptr) {
        log_target->line(level == LLL_ERR ? LogLevel::error : LogLevel::warning, line);
    }
}

}  // namespace syncline::relay::net
