#pragma once

#include "app/config.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace spdlog {
class logger;
}

namespace syncline::relay {

/// The relay's log: an event a line on standard error, as a JSON object or as text for people.
///
/// Says      {"time": RFC 3339 in UTC, "level", "event", and the event's own fields}. Events and
///           field names are stable. Never payloads or tokens; what comes from outside is escaped.
/// Threads   Any.
class Log {
public:
    using Value = std::variant<std::string, std::int64_t, std::uint64_t, bool, double>;
    struct Field {
        std::string_view name;
        Value value;
        Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
        Field(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
        Field(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
        Field(std::string_view n, bool v) : name(n), value(v) {}
        Field(std::string_view n, double v) : name(n), value(v) {}
        Field(std::string_view n, std::int64_t v) : name(n), value(v) {}
        Field(std::string_view n, std::uint64_t v) : name(n), value(v) {}
        Field(std::string_view n, int v) : name(n), value(std::int64_t{v}) {}
    };
    using Fields = std::initializer_list<Field>;

    Log(Level level, LogFormat format);
    ~Log();

    void debug(std::string_view event, Fields fields = {}) { write(Level::debug, event, fields); }
    void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
    void warning(std::string_view event, Fields fields = {}) {
        write(Level::warning, event, fields);
    }
    void error(std::string_view event, Fields fields = {}) { write(Level::error, event, fields); }

    /// The line as it is written, without its end: for tests.
    [[nodiscard]] static std::string line(Level level, LogFormat format, std::string_view event,
                                          Fields fields, std::int64_t unix_ms);

private:
    void write(Level level, std::string_view event, Fields fields);
    LogFormat format_;
    std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace syncline::relay
