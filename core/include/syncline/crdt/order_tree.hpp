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

    [[nodiscard]] Measure measure() const { return root_ == nullptr ? Measure{} : root_->sum; }
    [[nodiscard]] Item* front() const { return front_; }
    [[nodiscard]] Item* back() const {
        const Node* node = root_;
        if (node == nullptr || front_ == nullptr) return nullptr;
        while (!node->is_leaf) node = node->child(node->count - 1u);
        return node->item(node->count - 1u);
    }
    [[nodiscard]] static Item* next(const Item& item) { return step<+1>(item); }
    [[nodiscard]] static Item* previous(const Item& item) { return step<-1>(item); }

    void insert_front(Item* item) {
        if (front_ != nullptr) return insert_before(*front_, item);
        if (root_ == nullptr) root_ = make(true);
        Node* leaf = root_;
        while (!leaf->is_leaf) leaf = leaf->child(0);
        insert_at(leaf, 0, item);
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
        item.leaf = nullptr;
        add(leaf, Measure{} - item.measure());
        erase_slot(leaf, leaf->index_of(&item));
    }
    /// An item's measure changed by `difference`.
    void change(const Item& item, const Measure& difference) { add(item.leaf, difference); }

    struct Found {
        Item* item = nullptr;
        Measure before;
    };
    /// The item with the `n`-th unit, from 0, and all that stands before it; none at the end.
    [[nodiscard]] Found locate(std::uint32_t Measure::*unit, std::uint32_t n) const {
        if (root_ == nullptr || n >= root_->sum.*unit) return {};
        Found found;
        const Node* node = root_;
        while (!node->is_leaf) {
            std::size_t i = 0;
            for (; found.before.*unit + node->child(i)->sum.*unit <= n; ++i)
                found.before += node->child(i)->sum;
            node = node->child(i);
        }
        for (std::size_t i = 0;; ++i) {
            const Measure size = node->item(i)->measure();
            if (found.before.*unit + size.*unit > n) {
                found.item = node->item(i);
                return found;
            }
            found.before += size;
        }
    }
    [[nodiscard]] Measure before(const Item& item) const {
        Measure sum;
        const Node* node = item.leaf;
        for (std::size_t i = 0; node->item(i) != &item; ++i) sum += node->item(i)->measure();
        for (; node->parent != nullptr; node = node->parent) {
            for (std::size_t i = 0; node->parent->child(i) != node; ++i)
                sum += node->parent->child(i)->sum;
        }
        return sum;
    }

    void swap(OrderTree& other) noexcept {
        std::swap(nodes_, other.nodes_);
        std::swap(free_, other.free_);
        std::swap(root_, other.root_);
        std::swap(front_, other.front_);
    }

private:
    static constexpr std::size_t fan_out = 32;

    struct Node {
        Measure sum;
        Node* parent = nullptr;
        std::uint16_t count = 0;
        bool is_leaf = true;
        std::array<void*, fan_out> slots{};  ///< items in a leaf, else nodes

        [[nodiscard]] Item* item(std::size_t i) const { return static_cast<Item*>(slots[i]); }
        [[nodiscard]] Node* child(std::size_t i) const { return static_cast<Node*>(slots[i]); }
        [[nodiscard]] std::size_t index_of(const void* slot) const {
            std::size_t i = 0;
            while (slots[i] != slot) ++i;
            return i;
        }
    };

    template <int direction>
    static Item* step(const Item& item) {
        const Node* node = item.leaf;
        const void* slot = &item;
        std::size_t i = node->index_of(slot);
        // Up to the first node that has a neighbour on that side, then down its near edge.
        while (direction > 0 ? i + 1 == node->count : i == 0) {
            if (node->parent == nullptr) return nullptr;
            i = node->parent->index_of(node);
            node = node->parent;
        }
        i = direction > 0 ? i + 1 : i - 1;
        while (!node->is_leaf) {
            node = node->child(i);
            i = direction > 0 ? 0 : node->count - 1u;
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
    static void add(Node* node, const Measure& difference) {
        for (; node != nullptr; node = node->parent) node->sum += difference;
    }
    void insert_at(Node* leaf, std::size_t at, Item* item) {
        if (leaf->count == fan_out) {
            Node* right = halve(leaf, at);
            if (at > leaf->count) {
                at -= leaf->count;
                leaf = right;
            }
        }
        open(leaf, at, item);
        item->leaf = leaf;
        add(leaf, item->measure());
        if (front_ == nullptr || (at == 0 && previous(*item) == nullptr)) front_ = item;
    }
    static void open(Node* node, std::size_t at, void* slot) {
        for (std::size_t i = node->count; i > at; --i) node->slots[i] = node->slots[i - 1];
        node->slots[at] = slot;
        ++node->count;
    }
    /// Splits a full node and returns the right part. What is appended at the end of a node leaves
    /// it full: typing and loading are appends.
    Node* halve(Node* node, std::size_t at) {
        const std::size_t keep = at == fan_out ? fan_out - 1 : fan_out / 2;
        Node* right = make(node->is_leaf);
        for (std::size_t i = keep; i < fan_out; ++i) {
            right->slots[i - keep] = node->slots[i];
            if (node->is_leaf) {
                node->item(i)->leaf = right;
                right->sum += node->item(i)->measure();
            } else {
                node->child(i)->parent = right;
                right->sum += node->child(i)->sum;
            }
        }
        right->count = static_cast<std::uint16_t>(fan_out - keep);
        node->count = static_cast<std::uint16_t>(keep);
        node->sum += Measure{} - right->sum;
        if (node->parent == nullptr) {
            root_ = make(false);
            root_->sum = node->sum;
            root_->sum += right->sum;
            root_->count = 2;
            root_->slots[0] = node;
            root_->slots[1] = right;
            node->parent = right->parent = root_;
            return right;
        }
        Node* parent = node->parent;
        std::size_t place = parent->index_of(node) + 1;
        if (parent->count == fan_out) {
            Node* beside = halve(parent, place);
            if (place > parent->count) {
                // What `right` measures was counted where it was cut off.
                parent->sum += Measure{} - right->sum;
                beside->sum += right->sum;
                place -= parent->count;
                parent = beside;
            }
        }
        right->parent = parent;
        open(parent, place, right);
        return right;
    }
    void erase_slot(Node* node, std::size_t at) {
        for (std::size_t i = at; i + 1 < node->count; ++i) node->slots[i] = node->slots[i + 1];
        --node->count;
        if (node->count > 0) return;
        Node* parent = node->parent;
        if (parent == nullptr) {
            node->is_leaf = true;  // an empty tree is an empty leaf
            return;
        }
        const std::size_t place = parent->index_of(node);
        node->parent = std::exchange(free_, node);
        erase_slot(parent, place);
    }

    std::deque<Node> nodes_;
    Node* free_ = nullptr;  ///< linked by parent
    Node* root_ = nullptr;
    Item* front_ = nullptr;
};

}  // namespace syncline
