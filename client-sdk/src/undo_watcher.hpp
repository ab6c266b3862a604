#pragma once

#include "syncline/document/undo.hpp"
#include "syncline/sync/space_replica.hpp"

#include <memory>
#include <vector>

namespace syncline::client {

/// Tells the undo stacks of one space what is no work of theirs. Guarded by the store's lock.
class UndoWatcher final : public SpaceWatcher {
public:
    void add(const std::shared_ptr<UndoManager>& undo);

    /// While it lives `undo`, if any, is the one that makes what changes.
    class Making {
    public:
        Making(UndoWatcher& watcher, const UndoManager* undo) : watcher_(watcher) {
            watcher_.making_ = undo;
        }
        Making(const Making&) = delete;
        Making& operator=(const Making&) = delete;
        ~Making() { watcher_.making_ = nullptr; }

    private:
        UndoWatcher& watcher_;
    };

    void changed(const Change& change) override;
    void renamed(const Renaming& names) override;

private:
    /// Those that somebody still has.
    std::vector<std::shared_ptr<UndoManager>> there();

    std::vector<std::weak_ptr<UndoManager>> all_;
    const UndoManager* making_ = nullptr;
};

}  // namespace syncline::client
