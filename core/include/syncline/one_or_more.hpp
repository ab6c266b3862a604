#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

namespace syncline {

/// A short list that nearly always has one item, which then needs no memory of its own.
/// Threads: as a container.
template <typename T>
class OneOrMore {
public:
    [[nodiscard]] std::size_t size() const {
        if (items_.index() == 2) return std::get<2>(items_).size();
        return items_.index();
    }
    [[nodiscard]] bool empty() const { return items_.index() == 0; }
    [[nodiscard]] const T* begin() const {
        if (const T* one = std::get_if<1>(&items_)) return one;
        if (const auto* many = std::get_if<2>(&items_)) return many->data();
        return nullptr;
    }
    [[nodiscard]] const T* end() const { return begin() + size(); }
    [[nodiscard]] const T& front() const { return *begin(); }
    [[nodiscard]] const T& back() const { return *(end() - 1); }
    [[nodiscard]] const T& operator[](std::size_t i) const { return begin()[i]; }

    /// Puts `item` in front of the one at `place`.
    void insert(const T* place, T item) {
        if (empty()) {
            items_.template emplace<1>(std::move(item));
            return;
        }
        const auto at = place - begin();
        if (T* one = std::get_if<1>(&items_)) {
            std::vector<T> many;
            many.push_back(std::move(*one));
            items_.template emplace<2>(std::move(many));
        }
        auto& many = std::get<2>(items_);
        many.insert(many.begin() + at, std::move(item));
    }
    void erase(const T* place) {
        if (auto* many = std::get_if<2>(&items_)) {
            many->erase(many->begin() + (place - many->data()));
            shrink();
        } else {
            items_.template emplace<0>();
        }
    }
    template <typename Goes>
    void erase_if(Goes goes) {
        if (const T* one = std::get_if<1>(&items_)) {
            if (goes(*one)) items_.template emplace<0>();
        } else if (auto* many = std::get_if<2>(&items_)) {
            many->erase(std::remove_if(many->begin(), many->end(), goes), many->end());
            shrink();
        }
    }

    friend bool operator==(const OneOrMore& a, const OneOrMore& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

private:
    /// One of many, or none, is not many.
    void shrink() {
        auto* many = std::get_if<2>(&items_);
        if (many->size() > 1) return;
        if (many->empty()) {
            items_.template emplace<0>();
        } else {
            T last = std::move(many->front());
            items_.template emplace<1>(std::move(last));
        }
    }

    std::variant<std::monostate, T, std::vector<T>> items_;
};

}  // namespace syncline
