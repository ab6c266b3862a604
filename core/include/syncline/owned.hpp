#pragma once

#include <memory>
#include <utility>

namespace syncline {

/// A value on the heap, or nothing: copied with its owner and compared by content. For members that
/// are large and rare. Threads: as T.
template <typename T>
class Owned {
public:
    Owned() = default;
    Owned(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Owned(const Owned& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
    Owned(Owned&&) noexcept = default;
    Owned& operator=(const Owned& other) {
        if (this != &other) value_ = other ? std::make_unique<T>(*other) : nullptr;
        return *this;
    }
    Owned& operator=(Owned&&) noexcept = default;
    ~Owned() = default;

    explicit operator bool() const { return value_ != nullptr; }
    [[nodiscard]] const T& operator*() const { return *value_; }
    [[nodiscard]] const T* operator->() const { return value_.get(); }
    [[nodiscard]] T& operator*() { return *value_; }
    [[nodiscard]] T* operator->() { return value_.get(); }

    friend bool operator==(const Owned& a, const Owned& b) {
        if (!a || !b) return !a && !b;
        return *a == *b;
    }

private:
    std::unique_ptr<T> value_;
};

}  // namespace syncline
