#include "stage.hpp"

namespace syncline::sim {

std::string name_of_device(std::size_t number) {
    return "device " + std::string(1, static_cast<char>('A' + number));
}

void Stage::at(std::uint64_t when, std::function<void()> run) {
    events_.push(Due{std::max(when, now_), ++order_, std::move(run)});
}

void Stage::run_until(std::uint64_t when) {
    while (!events_.empty() && events_.top().at <= when && !failed()) {
        Due event = events_.top();
        events_.pop();
        now_ = std::max(now_, event.at);
        trace.add(now_);
        event.run();
    }
    now_ = std::max(now_, when);
}

void Stage::fail(const std::string& text) {
    if (failed()) return;
    outcome.failure = text;
    note("FAILED: " + text);
}

void Stage::check(const std::string& text) {
    if (!text.empty()) fail(text);
}

void Stage::note(const std::string& text) {
    if (keeps_diary()) outcome.diary.push_back(std::to_string(now_) + " ms: " + text);
}

RandomSource Stage::random_source() {
    return [this](std::byte* into, std::size_t size) { random.fill(into, size); };
}

}  // namespace syncline::sim
