#include "syncline/document/undo.hpp"

#include "undo_state.hpp"

#include <algorithm>

namespace syncline {

UndoManager::UndoManager(Options options)
    : options_(options), state_(std::make_unique<UndoState>()) {}
UndoManager::UndoManager(UndoManager&&) noexcept = default;
UndoManager& UndoManager::operator=(UndoManager&&) noexcept = default;
UndoManager::~UndoManager() = default;

void UndoManager::record(UndoRecord record, std::uint64_t now_ms) {
    if (record.empty()) return;
    UndoState& all = *state_;
    for (; !all.redo.empty(); all.redo.pop_back()) all.release(all.redo.back());
    const bool in_time = open_ > 0 || (options_.merge_ms > 0 && now_ms >= last_ms_ &&
                                       now_ms - last_ms_ < options_.merge_ms);
    all.hold(*record.fields_);
    if (joinable_ && in_time && !all.undo.empty()) {
        all.undo.back().append(std::move(*record.fields_));
    } else {
        all.undo.push_back(std::move(*record.fields_));
    }
    joinable_ = true;
    last_ms_ = now_ms;
    for (; all.undo.size() > std::max<std::size_t>(options_.depth_max, 1); all.undo.pop_front())
        all.release(all.undo.front());
    all.collect();
}

void UndoManager::observe(const DocumentKey& key, const FieldOp& op, const Event& at) {
    state_->observe(key, op, at);
}

void UndoManager::begin_group() {
    if (open_++ == 0) joinable_ = false;
}

void UndoManager::end_group() {
    if (open_ == 0 || --open_ > 0) return;
    joinable_ = false;
}

Result<UndoManager::Step> UndoManager::run(Step::Kind kind, UndoTarget& target) const {
    Step step;
    step.kind_ = kind;
    step.reborn_ = std::make_shared<UndoState>();
    const bool is_undo = kind == Step::Kind::undo;
    const auto& groups = is_undo ? state_->undo : state_->redo;
    for (auto group = groups.rbegin(); group != groups.rend() && step.ops_ == 0; ++group) {
        auto ops = take_back(*state_, *group, is_undo ? GrowOnly::stays : GrowOnly::goes, target,
                             *step.inverse_.fields_, *step.reborn_);
        if (!ops) return tl::unexpected(ops.error());
        step.ops_ = *ops;
        ++step.groups_;
    }
    return step;
}

bool UndoManager::can_undo() const { return !state_->undo.empty(); }
bool UndoManager::can_redo() const { return !state_->redo.empty(); }
std::size_t UndoManager::undo_depth() const { return state_->undo.size(); }
std::size_t UndoManager::redo_depth() const { return state_->redo.size(); }

Result<UndoManager::Step> UndoManager::undo(UndoTarget& target) const {
    return run(Step::Kind::undo, target);
}
Result<UndoManager::Step> UndoManager::redo(UndoTarget& target) const {
    return run(Step::Kind::redo, target);
}

void UndoManager::done(Step step) {
    UndoState& all = *state_;
    const bool is_undo = step.kind_ == Step::Kind::undo;
    auto& from = is_undo ? all.undo : all.redo;
    auto& to = is_undo ? all.redo : all.undo;
    for (std::size_t left = std::min(step.groups_, from.size()); left > 0; --left) from.pop_back();
    if (step.reborn_ != nullptr) {
        all.aliases.add(step.reborn_->aliases);
        all.ages.merge(step.reborn_->ages);
        for (auto& [id, aliases] : step.reborn_->counter_aliases) {
            auto& known = all.counter_aliases[id];
            known.insert(known.end(), aliases.begin(), aliases.end());
        }
    }
    if (!step.inverse_.empty()) {
        all.hold(*step.inverse_.fields_);
        to.push_back(std::move(*step.inverse_.fields_));
    }
    joinable_ = false;
    if (all.undo.empty() && all.redo.empty()) return all.forget_all();
    all.collect();
}

void UndoManager::clear() {
    state_->forget_all();
    joinable_ = false;
}

void UndoManager::rename(const std::function<std::optional<Dot>(const Dot&)>& map) {
    state_->rename(map);
}

}  // namespace syncline
