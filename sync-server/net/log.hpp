#pragma once

#include "net/server.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

/// libwebsockets' log lines on their way to a LogSink: cleaned, and a few a second only.
namespace syncline::relay::net {

class LogTarget {
public:
    explicit LogTarget(LogSink sink) : sink_(std::move(sink)) {}
    void line(LogLevel level, std::string_view text);

private:
    LogSink sink_;
    std::int64_t second_ = 0;
    unsigned lines_ = 0;
};

/// While it exists, what libwebsockets logs on this thread goes to `target`.
class LogScope {
public:
    explicit LogScope(LogTarget& target);
    ~LogScope();
    LogScope(const LogScope&) = delete;
    LogScope& operator=(const LogScope&) = delete;

private:
    LogTarget* previous_;
};

/// For lws_set_log_level.
void emit_log(int level, const char* line);

}  // namespace syncline::relay::net
