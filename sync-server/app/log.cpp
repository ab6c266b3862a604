#include "app/log.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <ctime>

namespace syncline::relay {
namespace {

std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug: return "debug";
        case Level::info: return "info";
        case Level::warning: return "warning";
        default: return "error";
    }
}

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        default: return spdlog::level::err;
    }
}

std::string time_text(std::int64_t unix_ms) {
    const std::time_t seconds = unix_ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string fraction = std::to_string(1000 + unix_ms % 1000).substr(1);
    return std::string(text.data(), size) + "." + fraction + "Z";
}

/// Bytes that are no UTF-8 become U+FFFD, control characters are escaped.
std::string quoted(const nlohmann::ordered_json& value) {
    return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

Log::Log(Level level, LogFormat format)
    : format_(format),
      logger_(std::make_shared<spdlog::logger>("relay",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
    logger_->set_pattern("%v");
    logger_->set_level(spdlog_level(level));
    logger_->flush_on(spdlog::level::debug);
}

Log::~Log() = default;

std::string Log::line(Level level, LogFormat format, std::string_view event, Fields fields,
                      std::int64_t unix_ms) {
    if (format == LogFormat::text) {
        std::string text =
            time_text(unix_ms) + " " + std::string(name_of(level)) + " " + std::string(event);
        for (const Field& field : fields) {
            text.append(" ").append(field.name).append("=");
            std::visit([&](const auto& value) { text += quoted(nlohmann::ordered_json(value)); },
                       field.value);
        }
        return text;
    }
    nlohmann::ordered_json object;
    object["time"] = time_text(unix_ms);
    object["level"] = name_of(level);
    object["event"] = event;
    for (const Field& field : fields) {
        std::visit([&](const auto& value) { object[std::string(field.name)] = value; },
                   field.value);
    }
    return quoted(object);
}

void Log::write(Level level, std::string_view event, Fields fields) {
    if (!logger_->should_log(spdlog_level(level))) return;
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    // Through "{}": the line is no format string.
    logger_->log(spdlog_level(level), "{}", line(level, format_, event, fields, now));
}

}  // namespace syncline::relay
