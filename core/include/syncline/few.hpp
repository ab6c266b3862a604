#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace syncline {

/// A vector that nearly always has one item, which then needs no memory of its own. For items that
/// can be copied as bytes.
/// Threads: as a container.
template <typename T>
class Few {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    Few() = default;
    Few(const Few& other) { assign(other.data(), other.size_); }
    Few(Few&& other) noexcept { swap(other); }
    Few& operator=(const Few& other) {
        if (this != &other) *this = Few(other);
        return *this;
    }
    Few& operator=(Few&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Few() {
        if (capacity_ > 1) std::allocator<T>().deallocate(store_.many, capacity_);
    }

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] T* data() { return capacity_ > 1 ? store_.many : &store_.one; }
    [[nodiscard]] const T* data() const { return capacity_ > 1 ? store_.many : &store_.one; }
    [[nodiscard]] T* begin() { return data(); }
    [[nodiscard]] T* end() { return data() + size_; }
    [[nodiscard]] const T* begin() const { return data(); }
    [[nodiscard]] const T* end() const { return data() + size_; }
    [[nodiscard]] T& front() { return *data(); }
    [[nodiscard]] const T& front() const { return *data(); }
    [[nodiscard]] T& back() { return data()[size_ - 1]; }
    [[nodiscard]] const T& back() const { return data()[size_ - 1]; }
    [[nodiscard]] T& operator[](std::size_t i) { return data()[i]; }
    [[nodiscard]] const T& operator[](std::size_t i) const { return data()[i]; }
    [[nodiscard]] std::span<const T> span() const { return {data(), size_}; }

    void push_back(const T& item) { insert(end(), item); }
    /// Puts `item` in front of the one at `place`; returns where it is.
    T* insert(T* place, const T& item) {
        const T copy = item;  // it may be one of these
        const auto at = place - data();
        if (size_ == capacity_) reserve(std::size_t{2} * size_ + 2);
        T* const made = data() + at;
        std::copy_backward(made, end(), end() + 1);
        *made = copy;
        ++size_;
        return made;
    }
    void erase(T* first, const T* last) {
        std::copy(last, static_cast<const T*>(end()), first);
        size_ -= static_cast<std::uint32_t>(last - first);
    }
    void clear() { size_ = 0; }
    void reserve(std::size_t capacity) {
        if (capacity <= capacity_) return;
        T* const more = std::allocator<T>().allocate(capacity);
        std::uninitialized_copy_n(data(), size_, more);
        if (capacity_ > 1) std::allocator<T>().deallocate(store_.many, capacity_);
        store_.many = more;
        capacity_ = static_cast<std::uint32_t>(capacity);
    }

    friend bool operator==(const Few& a, const Few& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

private:
    void assign(const T* items, std::uint32_t count) {
        reserve(count);
        std::uninitialized_copy_n(items, count, data());
        size_ = count;
    }
    void swap(Few& other) noexcept {
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        std::swap(store_.raw, other.store_.raw);
    }

    static constexpr std::size_t bytes_size = std::max(sizeof(T), sizeof(T*));
    struct alignas(T*) alignas(T) Raw {
        std::array<std::byte, bytes_size> bytes;
    };
    union Store {
        Raw raw;
        T one;
        T* many;
        Store() : raw{} {}
    };
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 1;  ///< 1: the item is `one`, else they are in `many`
    Store store_;
};

}  // namespace syncline
