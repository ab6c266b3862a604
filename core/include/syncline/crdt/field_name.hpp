#pragma once

#include "syncline/crdt/path.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace syncline {

/// A FieldKey as a map keeps it: 16 bytes, and more elsewhere only if the key is longer than 14. In
/// the same order, which of two short ones takes no more than comparing two numbers each.
/// State    Short: the key, zeros, its length, the type. Long: where its bytes are, their number,
///          `is_long`, the type.
/// Threads  A plain value.
class FieldName {
public:
    static constexpr std::size_t short_max = 14;

    FieldName() = default;
    FieldName(std::string_view key, Type type) {
        bytes_[type_at] = static_cast<char>(type);
        bytes_[size_at] = key.size() <= short_max ? static_cast<char>(key.size()) : is_long;
        if (key.size() <= short_max) {
            std::copy(key.begin(), key.end(), bytes_.begin());
        } else {
            set_long(key);
        }
    }
    FieldName(const FieldKey& field) : FieldName(field.key, field.type) {}
    FieldName(const FieldName& other) : FieldName(other.key(), other.type()) {}
    FieldName(FieldName&& other) noexcept { std::swap(bytes_, other.bytes_); }
    FieldName& operator=(const FieldName& other) {
        if (this != &other) *this = FieldName(other);
        return *this;
    }
    FieldName& operator=(FieldName&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~FieldName() {
        if (!is_short()) delete[] far();
    }

    [[nodiscard]] std::string_view key() const {
        if (is_short()) return {bytes_.data(), static_cast<std::size_t>(bytes_[size_at])};
        std::uint32_t size = 0;
        std::memcpy(&size, bytes_.data() + far_size_at, sizeof size);
        return {far(), size};
    }
    [[nodiscard]] Type type() const { return static_cast<Type>(bytes_[type_at]); }
    operator FieldKey() const { return {std::string(key()), type()}; }

    friend bool operator==(const FieldName& a, const FieldName& b) {
        return a.is_short() ? a.bytes_ == b.bytes_ : a.type() == b.type() && a.key() == b.key();
    }
    /// What a name is compared with, made once for a look-up: a field or the step to it.
    class Like {
    public:
        Like(const FieldName& name) : Like(name.key(), name.type()) {}
        Like(const FieldKey& field) : Like(field.key, field.type) {}
        Like(const Step& step) : Like(step.key, step.type) {}

        [[nodiscard]] bool is_below(const FieldName& name) const {
            if (is_short_ && name.is_short()) {
                const std::uint64_t head = name.half(0);
                return head_ == head ? tail_ < name.half(8) : head_ < head;
            }
            const int by_key = key_.compare(name.key());
            return by_key == 0 ? type_ < name.type() : by_key < 0;
        }
        [[nodiscard]] bool is_above(const FieldName& name) const {
            if (is_short_ && name.is_short()) {
                const std::uint64_t head = name.half(0);
                return head_ == head ? name.half(8) < tail_ : head < head_;
            }
            const int by_key = name.key().compare(key_);
            return by_key == 0 ? name.type() < type_ : by_key < 0;
        }

    private:
        Like(std::string_view key, Type type)
            : key_(key), type_(type), is_short_(key.size() <= short_max) {
            if (!is_short_) return;
            const FieldName name(key, type);
            head_ = name.half(0);
            tail_ = name.half(8);
        }
        std::string_view key_;
        std::uint64_t head_ = 0;
        std::uint64_t tail_ = 0;
        Type type_;
        bool is_short_;
    };
    friend bool operator<(const Like& like, const FieldName& name) { return like.is_below(name); }
    friend bool operator<(const FieldName& name, const Like& like) { return like.is_above(name); }
    friend bool operator<(const FieldName& a, const FieldName& b) { return Like(a).is_below(b); }

private:
    static constexpr std::size_t far_size_at = 8;
    static constexpr std::size_t size_at = 14;
    static constexpr std::size_t type_at = 15;
    static constexpr char is_long = short_max + 1;

    [[nodiscard]] bool is_short() const { return bytes_[size_at] != is_long; }
    /// Where a long key's bytes are.
    [[nodiscard]] char* far() const {
        char* bytes = nullptr;
        std::memcpy(&bytes, bytes_.data(), sizeof bytes);
        return bytes;
    }
    void set_long(std::string_view key) {
        auto* const bytes = new char[key.size()];
        std::copy(key.begin(), key.end(), bytes);
        const auto size = static_cast<std::uint32_t>(key.size());
        std::memcpy(bytes_.data(), &bytes, sizeof bytes);
        std::memcpy(bytes_.data() + far_size_at, &size, sizeof size);
    }
    /// Eight of the bytes as a number of the same order. A key that another one begins with is the
    /// shorter one: behind it come zeros and then its length.
    [[nodiscard]] std::uint64_t half(std::size_t from) const {
        return ordered_word(bytes_.data() + from);
    }

    alignas(char*) std::array<char, 16> bytes_{};
};

}  // namespace syncline
