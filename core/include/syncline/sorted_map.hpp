#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace syncline {

/// A map in the order of its keys: a B+-tree, which does what std::map does with a third of the
/// memory and far fewer cache misses. A change moves entries (so keep no pointer to one) and ends
/// iterators.
/// A key may be looked up by anything that compares with it both ways.
/// State    Leaves of up to LeafMax entries, linked in order; branches above them. No node is
///          empty; those that erasing leaves behind nearly empty are not joined.
/// Cost     find, insert, erase: O(log n) comparisons, and at most a node a level moved; ascending
///          keys are appended and leave full leaves. Iteration: sequential memory.
/// Threads  As a container.
template <typename Key, typename T, std::size_t LeafMax = 64, std::size_t BranchMax = 64>
class SortedMap {
public:
    using value_type = std::pair<Key, T>;

private:
    struct Branch;
    struct Node {
        Branch* parent = nullptr;
        Node() = default;
        Node(const Node&) = delete;
        Node& operator=(const Node&) = delete;
        virtual ~Node() = default;
    };
    struct Leaf final : Node {
        std::vector<value_type> entries;
        Leaf* next = nullptr;
        Leaf* previous = nullptr;
    };
    struct Branch final : Node {
        /// firsts[i]: above all keys of below[i - 1], not above any of below[i]. The first of them
        /// is never looked at.
        std::vector<Key> firsts;
        std::vector<std::unique_ptr<Node>> below;

        [[nodiscard]] std::ptrdiff_t place_of(const Node& node) const {
            std::ptrdiff_t place = 0;
            while (below[static_cast<std::size_t>(place)].get() != &node) ++place;
            return place;
        }
        void insert(std::ptrdiff_t place, Key first, std::unique_ptr<Node> node) {
            node->parent = this;
            firsts.insert(firsts.begin() + place, std::move(first));
            below.insert(below.begin() + place, std::move(node));
        }
    };

    template <typename LeafOf, typename Value>
    class Cursor {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = SortedMap::value_type;
        using difference_type = std::ptrdiff_t;
        using pointer = Value*;
        using reference = Value&;

        Cursor() = default;
        Cursor(LeafOf* leaf, std::size_t at) : leaf_(leaf), at_(at) {}
        template <typename OtherLeaf, typename Other>
        Cursor(const Cursor<OtherLeaf, Other>& other) : leaf_(other.leaf_), at_(other.at_) {}

        reference operator*() const { return leaf_->entries[at_]; }
        pointer operator->() const { return &leaf_->entries[at_]; }
        Cursor& operator++() {
            ++at_;
            settle();
            return *this;
        }
        Cursor operator++(int) {
            Cursor old = *this;
            ++*this;
            return old;
        }
        friend bool operator==(const Cursor& a, const Cursor& b) {
            return a.leaf_ == b.leaf_ && a.at_ == b.at_;
        }

    private:
        friend class SortedMap;
        template <typename, typename>
        friend class Cursor;
        /// Behind a leaf's last entry is the next leaf's first.
        void settle() {
            if (leaf_ == nullptr || at_ < leaf_->entries.size()) return;
            leaf_ = leaf_->next;
            at_ = 0;
        }
        LeafOf* leaf_ = nullptr;  ///< null: the end
        std::size_t at_ = 0;
    };

public:
    using iterator = Cursor<Leaf, value_type>;
    using const_iterator = Cursor<const Leaf, const value_type>;

    SortedMap() = default;
    SortedMap(const SortedMap& other) {
        for (const value_type& entry : other) emplace(entry.first, entry.second);
    }
    SortedMap(SortedMap&& other) noexcept { swap(other); }
    SortedMap& operator=(const SortedMap& other) {
        if (this != &other) *this = SortedMap(other);
        return *this;
    }
    SortedMap& operator=(SortedMap&& other) noexcept {
        swap(other);
        return *this;
    }
    ~SortedMap() = default;

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] iterator begin() { return {edge<Edge::front>(), 0}; }
    [[nodiscard]] iterator end() { return {}; }
    [[nodiscard]] const_iterator begin() const { return {edge<Edge::front>(), 0}; }
    [[nodiscard]] const_iterator end() const { return {}; }
    /// The entry with the highest key; there is one.
    [[nodiscard]] const value_type& back() const { return edge<Edge::back>()->entries.back(); }

    /// The first entry whose key is not below `key`.
    template <typename Like>
    [[nodiscard]] iterator lower_bound(const Like& key) {
        iterator at = place_of(key);
        at.settle();
        return at;
    }
    template <typename Like>
    [[nodiscard]] const_iterator lower_bound(const Like& key) const {
        const_iterator at = place_of(key);
        at.settle();
        return at;
    }
    template <typename Like>
    [[nodiscard]] iterator find(const Like& key) {
        const iterator at = place_of(key);
        return holds(at, key) ? at : end();
    }
    template <typename Like>
    [[nodiscard]] const_iterator find(const Like& key) const {
        const iterator at = place_of(key);
        return holds(at, key) ? const_iterator(at) : end();
    }
    template <typename Like>
    [[nodiscard]] std::size_t count(const Like& key) const {
        return holds(place_of(key), key) ? 1 : 0;
    }

    /// The entry under the key; if there is none, what `make()` returns becomes it.
    template <typename Like, typename Make>
    std::pair<iterator, bool> find_or_make(const Like& key, Make make) {
        const iterator at = place_of(key);
        if (holds(at, key)) return {at, false};
        return {insert_at(at, make()), true};
    }
    /// Keeps what is there under the key.
    std::pair<iterator, bool> emplace(Key key, T value) {
        const iterator at = likely_place_of(key);
        if (holds(at, key)) return {at, false};
        return {insert_at(at, {std::move(key), std::move(value)}), true};
    }
    void insert_or_assign(Key key, T value) {
        if (const iterator at = likely_place_of(key); holds(at, key)) {
            at->second = std::move(value);
        } else {
            insert_at(at, {std::move(key), std::move(value)});
        }
    }
    /// The entry behind the one that goes.
    iterator erase(iterator at) {
        Leaf& leaf = *at.leaf_;
        leaf.entries.erase(leaf.entries.begin() + static_cast<std::ptrdiff_t>(at.at_));
        --size_;
        at.settle();
        if (leaf.entries.empty()) {
            if (leaf.previous != nullptr) leaf.previous->next = leaf.next;
            if (leaf.next != nullptr) leaf.next->previous = leaf.previous;
            remove(leaf);
        }
        return at;
    }
    void clear() { *this = SortedMap(); }

    friend bool operator==(const SortedMap& a, const SortedMap& b) {
        return a.size_ == b.size_ && std::equal(a.begin(), a.end(), b.begin());
    }

private:
    enum class Edge : unsigned char { front, back };
    template <Edge Side>
    [[nodiscard]] Leaf* edge() const {
        Node* node = root_.get();
        for (unsigned level = height_; level > 0; --level) {
            auto& below = static_cast<Branch*>(node)->below;
            node = (Side == Edge::front ? below.front() : below.back()).get();
        }
        return static_cast<Leaf*>(node);
    }
    /// The first place of a leaf whose key is not below `key`; behind the leaf's last entry where
    /// the key would be appended to it. No leaf: the map is empty.
    template <typename Like>
    [[nodiscard]] iterator place_of(const Like& key) const {
        Node* node = root_.get();
        if (node == nullptr) return {};
        for (unsigned level = height_; level > 0; --level) {
            const auto& branch = static_cast<const Branch&>(*node);
            const auto first = branch.firsts.begin();
            const auto above = std::upper_bound(first + 1, branch.firsts.end(), key);
            node = branch.below[static_cast<std::size_t>(above - first) - 1].get();
        }
        auto& entries = static_cast<Leaf*>(node)->entries;
        const auto entry =
            std::lower_bound(entries.begin(), entries.end(), key,
                             [](const value_type& e, const Like& k) { return e.first < k; });
        return {static_cast<Leaf*>(node), static_cast<std::size_t>(entry - entries.begin())};
    }
    /// The same, at once for a key above all others.
    [[nodiscard]] iterator likely_place_of(const Key& key) const {
        Leaf* const last = edge<Edge::back>();
        if (last != nullptr && last->entries.back().first < key)
            return {last, last->entries.size()};
        return place_of(key);
    }
    template <typename Like>
    static bool holds(const iterator& at, const Like& key) {
        return at.leaf_ != nullptr && at.at_ < at.leaf_->entries.size() && !(key < at->first);
    }

    /// `at` is the key's place_of().
    iterator insert_at(iterator at, value_type entry) {
        if (root_ == nullptr) {
            auto leaf = std::make_unique<Leaf>();
            at = {leaf.get(), 0};
            root_ = std::move(leaf);
        } else if (at.leaf_->entries.size() == LeafMax) {
            at = make_room(at, entry.first);
        }
        auto& entries = at.leaf_->entries;
        entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(at.at_), std::move(entry));
        ++size_;
        return at;
    }
    /// Splits the full leaf at `at`, where `key` will come; returns where that is now.
    iterator make_room(iterator at, const Key& key) {
        Leaf& full = *at.leaf_;
        auto made = std::make_unique<Leaf>();
        Leaf& right = *made;
        right.entries.reserve(LeafMax);
        right.previous = &full;
        right.next = std::exchange(full.next, &right);
        if (right.next != nullptr) right.next->previous = &right;
        if (right.next == nullptr && at.at_ == LeafMax) {  // ascending keys
            add_behind(full, key, std::move(made));
            return {&right, 0};
        }
        constexpr std::size_t half = LeafMax / 2;
        const auto middle = full.entries.begin() + static_cast<std::ptrdiff_t>(half);
        std::move(middle, full.entries.end(), std::back_inserter(right.entries));
        full.entries.erase(middle, full.entries.end());
        add_behind(full, right.entries.front().first, std::move(made));
        return at.at_ > half ? iterator(&right, at.at_ - half) : at;
    }
    /// Makes `node` the right neighbour of `left`; no key below it is less than `first`.
    void add_behind(Node& left, Key first, std::unique_ptr<Node> node) {
        if (left.parent == nullptr) {
            auto root = std::make_unique<Branch>();
            root->insert(0, first, std::move(root_));
            root_ = std::move(root);
            ++height_;
        }
        if (left.parent->below.size() == BranchMax) {
            Branch& full = *left.parent;
            auto right = std::make_unique<Branch>();
            if (full.below.back().get() == &left) {  // ascending keys
                right->insert(0, first, std::move(node));
                return add_behind(full, std::move(first), std::move(right));
            }
            for (std::size_t i = BranchMax / 2; i < BranchMax; ++i)
                right->insert(static_cast<std::ptrdiff_t>(right->below.size()),
                              std::move(full.firsts[i]), std::move(full.below[i]));
            full.firsts.resize(BranchMax / 2);
            full.below.resize(BranchMax / 2);
            Key middle = right->firsts.front();
            add_behind(full, std::move(middle), std::move(right));
        }
        left.parent->insert(left.parent->place_of(left) + 1, std::move(first), std::move(node));
    }
    /// Takes out a node that became empty, and those above that become so.
    void remove(Node& node) {
        Branch* parent = node.parent;
        if (parent == nullptr) {
            clear();
            return;
        }
        const std::ptrdiff_t place = parent->place_of(node);
        parent->firsts.erase(parent->firsts.begin() + place);
        parent->below.erase(parent->below.begin() + place);
        if (parent->below.empty()) return remove(*parent);
        while (height_ > 0 && static_cast<Branch&>(*root_).below.size() == 1) {
            std::unique_ptr<Node> only = std::move(static_cast<Branch&>(*root_).below.front());
            root_ = std::move(only);
            root_->parent = nullptr;
            --height_;
        }
    }
    void swap(SortedMap& other) noexcept {
        std::swap(root_, other.root_);
        std::swap(size_, other.size_);
        std::swap(height_, other.height_);
    }

    std::unique_ptr<Node> root_;  ///< null: empty
    std::size_t size_ = 0;
    unsigned height_ = 0;  ///< levels of branches
};

}  // namespace syncline
