#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace syncline {

/// A map in the order of its keys, in pieces of bounded size one behind the other: what std::map
/// does, with a third of the memory and far fewer cache misses. A change moves entries (so keep no
/// pointer to one) and ends iterators.
/// A key may be looked up by anything that compares with it both ways.
/// Cost     find, insert, erase: O(log n) comparisons, and at most one piece moved; ascending keys
///          are appended. Iteration: sequential memory.
/// Threads  As a container.
template <typename Key, typename T>
class SortedMap {
public:
    using value_type = std::pair<Key, T>;

private:
    using Piece = std::vector<value_type>;
    using Pieces = std::vector<Piece>;
    static constexpr std::size_t piece_max = 64;

    template <typename PiecesOf, typename Value>
    class Cursor {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = SortedMap::value_type;
        using difference_type = std::ptrdiff_t;
        using pointer = Value*;
        using reference = Value&;

        Cursor() = default;
        Cursor(PiecesOf* pieces, std::size_t piece, std::size_t at)
            : pieces_(pieces), piece_(piece), at_(at) {}
        template <typename OtherPieces, typename Other>
        Cursor(const Cursor<OtherPieces, Other>& other)
            : pieces_(other.pieces_), piece_(other.piece_), at_(other.at_) {}

        reference operator*() const { return (*pieces_)[piece_][at_]; }
        pointer operator->() const { return &(*pieces_)[piece_][at_]; }
        Cursor& operator++() {
            if (++at_ == (*pieces_)[piece_].size()) {
                ++piece_;
                at_ = 0;
            }
            return *this;
        }
        Cursor operator++(int) {
            Cursor old = *this;
            ++*this;
            return old;
        }
        friend bool operator==(const Cursor& a, const Cursor& b) {
            return a.piece_ == b.piece_ && a.at_ == b.at_;
        }

    private:
        friend class SortedMap;
        template <typename, typename>
        friend class Cursor;
        PiecesOf* pieces_ = nullptr;
        std::size_t piece_ = 0;
        std::size_t at_ = 0;
    };

public:
    using iterator = Cursor<Pieces, value_type>;
    using const_iterator = Cursor<const Pieces, const value_type>;

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] iterator begin() { return {&pieces_, 0, 0}; }
    [[nodiscard]] iterator end() { return {&pieces_, pieces_.size(), 0}; }
    [[nodiscard]] const_iterator begin() const { return {&pieces_, 0, 0}; }
    [[nodiscard]] const_iterator end() const { return {&pieces_, pieces_.size(), 0}; }
    /// The entry with the highest key; there is one.
    [[nodiscard]] const value_type& back() const { return pieces_.back().back(); }

    /// The first entry whose key is not below `key`.
    template <typename Like>
    [[nodiscard]] iterator lower_bound(const Like& key) {
        const auto [piece, at] = bound(key);
        return {&pieces_, piece, at};
    }
    template <typename Like>
    [[nodiscard]] const_iterator lower_bound(const Like& key) const {
        const auto [piece, at] = bound(key);
        return {&pieces_, piece, at};
    }
    template <typename Like>
    [[nodiscard]] iterator find(const Like& key) {
        return found(lower_bound(key), key, end());
    }
    template <typename Like>
    [[nodiscard]] const_iterator find(const Like& key) const {
        return found(lower_bound(key), key, end());
    }
    template <typename Like>
    [[nodiscard]] std::size_t count(const Like& key) const {
        return find(key) == end() ? 0 : 1;
    }

    /// Keeps what is there under the key.
    std::pair<iterator, bool> emplace(Key key, T value) {
        if (pieces_.empty() || pieces_.back().back().first < key) {
            if (pieces_.empty() || pieces_.back().size() == piece_max) {
                pieces_.emplace_back();
                firsts_.push_back(key);
            }
            Piece& piece = pieces_.back();
            piece.emplace_back(std::move(key), std::move(value));
            ++size_;
            return {{&pieces_, pieces_.size() - 1, piece.size() - 1}, true};
        }
        iterator at = lower_bound(key);
        if (!(key < at->first)) return {at, false};
        // Below a piece's first, it belongs to the end of the one before.
        if (at.at_ == 0 && at.piece_ > 0 && key < firsts_[at.piece_])
            at = {&pieces_, at.piece_ - 1, pieces_[at.piece_ - 1].size()};
        if (pieces_[at.piece_].size() == piece_max) at = halve(at);
        if (at.piece_ == 0 && at.at_ == 0) firsts_.front() = key;
        Piece& piece = pieces_[at.piece_];
        piece.emplace(piece.begin() + static_cast<std::ptrdiff_t>(at.at_), std::move(key),
                      std::move(value));
        ++size_;
        return {at, true};
    }
    void insert_or_assign(Key key, T value) {
        const iterator at = find(key);
        if (at == end()) {
            emplace(std::move(key), std::move(value));
        } else {
            at->second = std::move(value);
        }
    }
    /// The entry behind the one that goes.
    iterator erase(iterator at) {
        Piece& piece = pieces_[at.piece_];
        piece.erase(piece.begin() + static_cast<std::ptrdiff_t>(at.at_));
        --size_;
        if (piece.empty()) {
            pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(at.piece_));
            firsts_.erase(firsts_.begin() + static_cast<std::ptrdiff_t>(at.piece_));
            at.at_ = 0;
        } else if (at.at_ == piece.size()) {
            ++at.piece_;
            at.at_ = 0;
        }
        return at;
    }
    void clear() {
        pieces_.clear();
        firsts_.clear();
        size_ = 0;
    }

private:
    template <typename Like>
    std::pair<std::size_t, std::size_t> bound(const Like& key) const {
        // The last piece that begins at or below the key, then the place in it.
        const auto above = std::upper_bound(firsts_.begin(), firsts_.end(), key);
        if (above == firsts_.begin()) return {0, 0};
        const auto piece = static_cast<std::size_t>(above - firsts_.begin()) - 1;
        const Piece& entries = pieces_[piece];
        const auto entry =
            std::lower_bound(entries.begin(), entries.end(), key,
                             [](const value_type& e, const Like& k) { return e.first < k; });
        if (entry == entries.end()) return {piece + 1, 0};
        return {piece, static_cast<std::size_t>(entry - entries.begin())};
    }
    template <typename It, typename Like>
    static It found(It at, const Like& key, It end) {
        return at == end || key < at->first ? end : at;
    }
    iterator halve(iterator at) {
        Piece& full = pieces_[at.piece_];
        Piece upper;
        upper.reserve(piece_max);
        const auto middle = full.begin() + static_cast<std::ptrdiff_t>(piece_max / 2);
        std::move(middle, full.end(), std::back_inserter(upper));
        full.erase(middle, full.end());
        const auto place = static_cast<std::ptrdiff_t>(at.piece_) + 1;
        firsts_.insert(firsts_.begin() + place, upper.front().first);
        pieces_.insert(pieces_.begin() + place, std::move(upper));
        if (at.at_ > piece_max / 2) return {&pieces_, at.piece_ + 1, at.at_ - piece_max / 2};
        return at;
    }

    Pieces pieces_;            ///< none empty
    std::vector<Key> firsts_;  ///< of each piece a key at or below its first, above the one before
    std::size_t size_ = 0;
};

}  // namespace syncline
