#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

namespace syncline {

/// A map with few keys, in one sorted vector: it is copied and compared at the speed of memory, and
/// needs one allocation for all entries. For keys like the replicas of a space.
/// Cost     find: O(log n). A new key: O(n) moves, none when it is the highest.
/// Threads  As a container.
template <typename Key, typename T>
class FlatMap {
public:
    /// As std::pair, which moves entry by entry what is memory to be moved.
    struct Entry {
        Key first;
        T second;
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    using value_type = Entry;
    using iterator = typename std::vector<value_type>::iterator;
    using const_iterator = typename std::vector<value_type>::const_iterator;

    FlatMap() = default;
    FlatMap(std::initializer_list<value_type> entries) {
        for (const value_type& entry : entries) emplace(entry.first, entry.second);
    }

    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] iterator begin() { return entries_.begin(); }
    [[nodiscard]] iterator end() { return entries_.end(); }
    [[nodiscard]] const_iterator begin() const { return entries_.begin(); }
    [[nodiscard]] const_iterator end() const { return entries_.end(); }

    [[nodiscard]] iterator find(const Key& key) {
        const iterator at = lower_bound(*this, key);
        return at == end() || key < at->first ? end() : at;
    }
    [[nodiscard]] const_iterator find(const Key& key) const {
        const const_iterator at = lower_bound(*this, key);
        return at == end() || key < at->first ? end() : at;
    }
    [[nodiscard]] std::size_t count(const Key& key) const { return find(key) == end() ? 0 : 1; }

    T& operator[](const Key& key) { return emplace(key, T()).first->second; }
    /// Keeps what is there under the key.
    std::pair<iterator, bool> emplace(const Key& key, T value) {
        const iterator at = lower_bound(*this, key);
        if (at != end() && !(key < at->first)) return {at, false};
        return {entries_.insert(at, value_type{key, std::move(value)}), true};
    }
    void insert_or_assign(const Key& key, T value) { (*this)[key] = std::move(value); }
    void erase(const Key& key) {
        if (const iterator at = find(key); at != end()) entries_.erase(at);
    }
    void clear() { entries_.clear(); }

    friend bool operator==(const FlatMap&, const FlatMap&) = default;

private:
    template <typename Self>
    static auto lower_bound(Self& map, const Key& key) {
        return std::lower_bound(
            map.begin(), map.end(), key,
            [](const value_type& entry, const Key& k) { return entry.first < k; });
    }

    std::vector<value_type> entries_;
};

}  // namespace syncline
