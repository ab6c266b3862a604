#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

namespace syncline {

/// How much there is of a piece of a sequence, in every unit somebody counts in.
struct Measure {
    std::uint32_t slots = 0;    ///< elements, erased ones too
    std::uint32_t visible = 0;  ///< elements that are shown; for text, code points
    std::uint32_t bytes = 0;    ///< of UTF-8
    std::uint32_t utf16 = 0;    ///< code units

    Measure& operator+=(const Measure& other) {
        slots += other.slots;
        visible += other.visible;
        bytes += other.bytes;
        utf16 += other.utf16;
        return *this;
    }
    /// Modulo 2^32: a difference may be negative until it is added.
    friend Measure operator-(const Measure& a, const Measure& b) {
        return {a.slots - b.slots, a.visible - b.visible, a.bytes - b.bytes, a.utf16 - b.utf16};
    }
    friend bool operator==(const Measure&, const Measure&) = default;
};

/// A list of items in which the n-th unit is found, and an item's position told, in O(log n): a
/// B+-tree with the measures of its parts. It knows where its items are by a link in each, and does
/// not own them.
/// `Item` derives from Links and has `Measure measure() const`.
/// Threads: as a container.
template <typename Item>
class OrderTree {
    struct Node;

public:
    struct Links {
        Node* leaf = nullptr;  ///< null: in no tree
    };

    OrderTree() = default;
    OrderTree(const OrderTree&) = delete;
    OrderTree& operator=(const OrderTree&) = delete;

    [[nodiscard]] const Measure& measure() const { return total_; }
    [[nodiscard]] Item* front() const { return front_; }
    [[nodiscard]] Item* back() const {
        if (front_ == nullptr) return nullptr;
        const Node* node = root_;
        while (!node->is_leaf) node = node->child(node->count - 1u);
        return node->item(node->count - 1u);
    }
    [[nodiscard]] static Item* next(const Item& item) { return step<Direction::forward>(item); }
    [[nodiscard]] static Item* previous(const Item& item) { return step<Direction::back>(item); }

    void insert_front(Item* item) {
        if (front_ != nullptr) return insert_before(*front_, item);
        if (root_ == nullptr) root_ = make(true);
        insert_at(root_, 0, item);
    }
    void push_back(Item* item) {
        if (Item* last = back()) return insert_behind(*last, item);
        insert_front(item);
    }
    void insert_behind(const Item& left, Item* item) {
        insert_at(left.leaf, left.leaf->index_of(&left) + 1, item);
    }
    void insert_before(const Item& right, Item* item) {
        insert_at(right.leaf, right.leaf->index_of(&right), item);
    }
    /// Takes an item out. The last one of a node takes the node with it.
    void remove(Item& item) {
        if (front_ == &item) front_ = next(item);
        Node* leaf = item.leaf;
        const std::size_t at = leaf->index_of(&item);
        item.leaf = nullptr;
        add(leaf, at, Measure{} - leaf->sums[at]);
        close(leaf, at);
    }
    /// An item's measure changed by `difference`.
    void change(const Item& item, const Measure& difference) {
        add(item.leaf, item.leaf->index_of(&item), difference);
    }

    struct Found {
        Item* item = nullptr;
        Measure before;
    };
    /// The item with the `n`-th unit, from 0, and all that stands before it; none at the end.
    [[nodiscard]] Found locate(std::uint32_t Measure::*unit, std::uint32_t n) const {
        if (n >= total_.*unit) return {};
        Found found;
        for (const Node* node = root_;;) {
            // Two loops: the search needs one number of each sum, and adding up has no jumps.
            std::size_t i = 0;
            for (; node->sums[i].*unit <= n; ++i) n -= node->sums[i].*unit;
            for (std::size_t j = 0; j < i; ++j) found.before += node->sums[j];
            if (node->is_leaf) {
                found.item = node->item(i);
                return found;
            }
            node = node->child(i);
        }
    }
    [[nodiscard]] Measure before(const Item& item) const {
        Measure sum;
        const void* slot = &item;
        for (const Node* node = item.leaf; node != nullptr; node = node->parent) {
            for (std::size_t i = 0; node->slots[i] != slot; ++i) sum += node->sums[i];
            slot = node;
        }
        return sum;
    }

    void swap(OrderTree& other) noexcept {
        std::swap(nodes_, other.nodes_);
        std::swap(free_, other.free_);
        std::swap(root_, other.root_);
        std::swap(front_, other.front_);
        std::swap(total_, other.total_);
    }

private:
    static constexpr std::size_t fan_out = 32;
    enum class Direction : std::uint8_t { forward, back };

    /// Invariant: sums[i] is the measure of slots[i], all below it included.
    struct Node {
        Node* parent = nullptr;
        std::uint16_t count = 0;
        bool is_leaf = true;
        std::array<Measure, fan_out> sums{};  ///< side by side: a search reads nothing else
        std::array<void*, fan_out> slots{};   ///< items in a leaf, else nodes

        [[nodiscard]] Item* item(std::size_t i) const { return static_cast<Item*>(slots[i]); }
        [[nodiscard]] Node* child(std::size_t i) const { return static_cast<Node*>(slots[i]); }
        [[nodiscard]] std::size_t index_of(const void* slot) const {
            std::size_t i = 0;
            while (slots[i] != slot) ++i;
            return i;
        }
    };

    template <Direction Way>
    static Item* step(const Item& item) {
        constexpr bool forward = Way == Direction::forward;
        const Node* node = item.leaf;
        std::size_t i = node->index_of(&item);
        // Up to the first node that has a neighbour on that side, then down its near edge.
        while (forward ? i + 1 == node->count : i == 0) {
            if (node->parent == nullptr) return nullptr;
            i = node->parent->index_of(node);
            node = node->parent;
        }
        i = forward ? i + 1 : i - 1;
        while (!node->is_leaf) {
            node = node->child(i);
            i = forward ? 0 : node->count - 1u;
        }
        return node->item(i);
    }

    Node* make(bool is_leaf) {
        Node* node = nullptr;
        if (free_ != nullptr) {
            node = std::exchange(free_, free_->parent);
            *node = Node();
        } else {
            nodes_.emplace_back();
            node = &nodes_.back();
        }
        node->is_leaf = is_leaf;
        return node;
    }
    void add(Node* node, std::size_t at, const Measure& difference) {
        total_ += difference;
        node->sums[at] += difference;
        for (; node->parent != nullptr; node = node->parent)
            node->parent->sums[node->parent->index_of(node)] += difference;
    }
    void insert_at(Node* leaf, std::size_t at, Item* item) {
        if (leaf->count == fan_out) {
            Node* right = halve(leaf, at);
            if (at > leaf->count) {
                at -= leaf->count;
                leaf = right;
            }
        }
        open(leaf, at, item, {});
        item->leaf = leaf;
        add(leaf, at, item->measure());
        if (front_ == nullptr || (at == 0 && previous(*item) == nullptr)) front_ = item;
    }
    static void open(Node* node, std::size_t at, void* slot, const Measure& sum) {
        for (std::size_t i = node->count; i > at; --i) {
            node->slots[i] = node->slots[i - 1];
            node->sums[i] = node->sums[i - 1];
        }
        node->slots[at] = slot;
        node->sums[at] = sum;
        ++node->count;
    }
    /// Takes a slot out whose sum is no longer counted above.
    void close(Node* node, std::size_t at) {
        for (std::size_t i = at; i + 1 < node->count; ++i) {
            node->slots[i] = node->slots[i + 1];
            node->sums[i] = node->sums[i + 1];
        }
        --node->count;
        if (node->count > 0) return;
        Node* parent = node->parent;
        if (parent == nullptr) {
            node->is_leaf = true;  // an empty tree is an empty leaf
            return;
        }
        const std::size_t place = parent->index_of(node);
        node->parent = std::exchange(free_, node);
        close(parent, place);
    }
    /// Splits a full node and returns the right part. What is appended at the end of a node leaves
    /// it full: typing and loading are appends.
    Node* halve(Node* node, std::size_t at) {
        if (node->parent == nullptr) {
            root_ = make(false);
            open(root_, 0, node, total_);
            node->parent = root_;
        }
        if (node->parent->count == fan_out) {
            // Afterwards the parent is whichever half has the node.
            halve(node->parent, node->parent->index_of(node) + 1);
        }
        const std::size_t keep = at == fan_out ? fan_out - 1 : fan_out / 2;
        Node* right = make(node->is_leaf);
        Measure moved;
        for (std::size_t i = keep; i < fan_out; ++i) {
            right->slots[i - keep] = node->slots[i];
            right->sums[i - keep] = node->sums[i];
            moved += node->sums[i];
            if (node->is_leaf) {
                node->item(i)->leaf = right;
            } else {
                node->child(i)->parent = right;
            }
        }
        right->count = static_cast<std::uint16_t>(fan_out - keep);
        node->count = static_cast<std::uint16_t>(keep);
        Node* parent = node->parent;
        const std::size_t place = parent->index_of(node);
        parent->sums[place] += Measure{} - moved;
        right->parent = parent;
        open(parent, place + 1, right, moved);
        return right;
    }

    std::deque<Node> nodes_;
    Node* free_ = nullptr;  ///< linked by parent
    Node* root_ = nullptr;
    Item* front_ = nullptr;
    Measure total_;
};

}  // namespace syncline
