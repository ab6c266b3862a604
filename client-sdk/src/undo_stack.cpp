// Undo and redo for apps: the handle, and what it hears of others.

#include "store_impl.hpp"
#include "undo_watcher.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

namespace client {

void UndoWatcher::add(const std::shared_ptr<UndoManager>& undo) { all_.push_back(undo); }

std::vector<std::shared_ptr<UndoManager>> UndoWatcher::there() {
    std::vector<std::shared_ptr<UndoManager>> found;
    all_.erase(
        std::remove_if(all_.begin(), all_.end(), [](const auto& undo) { return undo.expired(); }),
        all_.end());
    for (const auto& undo : all_) {
        if (auto one = undo.lock(); one != nullptr) found.push_back(std::move(one));
    }
    return found;
}

void UndoWatcher::changed(const Change& change) {
    for (const auto& undo : there()) {
        if (undo.get() == making_) continue;
        for_each_op(change, [&](const Section& section, const FieldOp& op, const Event& at) {
            undo->observe(section.document, op, at);
        });
    }
}

void UndoWatcher::renamed(const Renaming& names) {
    for (const auto& undo : there()) undo->rename([&](const Dot& dot) { return names(dot); });
}

struct UndoHandle {
    std::shared_ptr<StoreImpl> store;
    std::string space;
    std::shared_ptr<UndoManager> undo;
};

/// A transaction as an undo sees it: what it does is checked as what an app does.
class UndoTransaction final : public UndoTarget {
public:
    UndoTransaction(SpaceReplica::Editor& editor, const Schema* schema)
        : editor_(editor), transaction_(editor, schema) {}

    [[nodiscard]] ReplicaId author() const override { return editor_.replica(); }
    Result<const Document*> read(const DocumentKey& key) override { return editor_.read(key); }
    Result<Event> edit(const DocumentKey& key, FieldOp op) override {
        const Event at = editor_.next();
        transaction_.edit(key, std::move(op));
        if (transaction_.error_) return tl::unexpected(*transaction_.error_);
        return at;
    }
    Result<> check() { return transaction_.check_documents(); }

private:
    SpaceReplica::Editor& editor_;
    Transaction transaction_;
};

}  // namespace client

Result<UndoStack> Space::undo(UndoOptions options) const {
    auto undo = std::make_shared<UndoManager>(options);
    if (auto watched = handle_->store->watch(handle_->name, undo); !watched)
        return tl::unexpected(watched.error());
    return UndoStack(std::make_shared<client::UndoHandle>(
        client::UndoHandle{handle_->store, handle_->name, std::move(undo)}));
}

Result<> UndoStack::transact(const std::function<void(Transaction&)>& edit, std::string message) {
    auto done = run({}, edit, std::move(message));
    if (!done) return tl::unexpected(done.error());
    return {};
}

Result<Done> UndoStack::transact_once(std::string_view request,
                                      const std::function<void(Transaction&)>& edit,
                                      std::string message) {
    if (request.empty()) return tl::unexpected(client::no_request_id());
    return run(request, edit, std::move(message));
}

Result<Done> UndoStack::run(std::string_view request, const std::function<void(Transaction&)>& edit,
                            std::string message) {
    UndoRecord record;
    UndoManager& undo = *handle_->undo;
    return handle_->store->transact(handle_->space, request,
                                    [&](SpaceReplica::Editor& editor, const Schema* schema) {
                                        return Transaction::run(editor, schema, &record, edit);
                                    },
                                    std::move(message), {&undo, [&](std::uint64_t now_ms) {
                                                             undo.record(std::move(record), now_ms);
                                                         }});
}

template <typename Run>
Result<bool> UndoStack::step(std::string_view request, std::string&& message, Run run) {
    UndoManager& undo = *handle_->undo;
    UndoManager::Step step;
    auto done = handle_->store->transact(
        handle_->space, request,
        [&](SpaceReplica::Editor& editor, const Schema* schema) -> Result<> {
            client::UndoTransaction target(editor, schema);
            auto made = run(undo, target);
            if (!made) return tl::unexpected(made.error());
            step = std::move(*made);
            return target.check();
        },
        std::move(message), {&undo, [&](std::uint64_t) { undo.done(step); }});
    if (!done) return tl::unexpected(done.error());
    return *done == Done::before || step.ops() > 0;
}

namespace {
constexpr auto undo_step = [](UndoManager& undo, UndoTarget& target) { return undo.undo(target); };
constexpr auto redo_step = [](UndoManager& undo, UndoTarget& target) { return undo.redo(target); };
}  // namespace

Result<bool> UndoStack::undo(std::string message) {
    return step({}, std::move(message), undo_step);
}
Result<bool> UndoStack::redo(std::string message) {
    return step({}, std::move(message), redo_step);
}
Result<bool> UndoStack::undo_once(std::string_view request, std::string message) {
    if (request.empty()) return tl::unexpected(client::no_request_id());
    return step(request, std::move(message), undo_step);
}
Result<bool> UndoStack::redo_once(std::string_view request, std::string message) {
    if (request.empty()) return tl::unexpected(client::no_request_id());
    return step(request, std::move(message), redo_step);
}

bool UndoStack::can_undo() const {
    const auto guard = handle_->store->entered();
    return handle_->undo->can_undo();
}
bool UndoStack::can_redo() const {
    const auto guard = handle_->store->entered();
    return handle_->undo->can_redo();
}
void UndoStack::begin_group() {
    const auto guard = handle_->store->entered();
    handle_->undo->begin_group();
}
void UndoStack::end_group() {
    const auto guard = handle_->store->entered();
    handle_->undo->end_group();
}
void UndoStack::clear() {
    const auto guard = handle_->store->entered();
    handle_->undo->clear();
}

}  // namespace syncline
