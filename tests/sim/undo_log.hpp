#pragma once

#include "syncline/result.hpp"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace syncline::sim {

/// A transaction over plain memory: every write leaves behind how to take it back. Also where
/// storage failures are injected.
class UndoLog {
public:
    /// The `nth` call of guard() from now (1 is the next) fails with `code`, once.
    void fail_at(std::uint64_t nth, ErrorCode code) {
        countdown_ = nth;
        code_ = code;
    }
    void heal() { countdown_ = 0; }

    /// Called first by every call that only reads: a full disk does not hurt it.
    Result<> guard_read() {
        if (code_ == ErrorCode::storage_full) return {};
        return guard();
    }
    /// Called first by every call that writes.
    Result<> guard() {
        if (countdown_ == 0 || --countdown_ > 0) return {};
        rollback();
        return fail(code_, "injected");
    }
    Result<> begin() {
        if (auto good = guard(); !good) return good;
        rollback();
        open_ = true;
        return {};
    }
    /// With `lying` the transaction can still be lost by crash().
    Result<> commit(bool lying) {
        if (auto good = guard(); !good) return good;
        if (lying) {
            unsynced_.insert(unsynced_.end(), std::make_move_iterator(undo_.begin()),
                             std::make_move_iterator(undo_.end()));
        }
        undo_.clear();
        open_ = false;
        return {};
    }
    void rollback() {
        for (; !undo_.empty(); undo_.pop_back()) undo_.back()();
        open_ = false;
    }
    /// What a power cut leaves.
    void crash() {
        rollback();
        for (; !unsynced_.empty(); unsynced_.pop_back()) unsynced_.back()();
        heal();
    }
    void sync() { unsynced_.clear(); }
    void did(std::function<void()> undo) {
        if (open_) undo_.push_back(std::move(undo));
    }
    [[nodiscard]] bool open() const { return open_; }

private:
    std::vector<std::function<void()>> undo_;
    std::vector<std::function<void()>> unsynced_;
    bool open_ = false;
    std::uint64_t countdown_ = 0;
    ErrorCode code_ = ErrorCode::storage_failed;
};

}  // namespace syncline::sim
