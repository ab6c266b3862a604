#pragma once

#include <array>
#include <cstdint>

#include "syncline/codec/sha256.hpp"
#include "syncline/document/document.hpp"

namespace syncline {

/// A sum of hashes over documents: equal digests mean equal states, whatever the order in which the
/// documents came, and one document can be put in or taken out without the others.
///
/// Each document adds the first 16 bytes of SHA-256 over canonical [collection, id, state], read as
/// a little-endian integer, modulo 2^128. It compares honest replicas; it is no defence against one
/// that picks its documents to collide.
/// Threads: a plain value.
class Digest {
public:
    /// A document without bytes (none, or emptied) adds nothing.
    void add(const DocumentKey& key, BytesView state);
    void remove(const DocumentKey& key, BytesView state);
    /// The sum of two sets of documents that share none.
    void add(const Digest& other);
    [[nodiscard]] Hash value() const;

    friend bool operator==(const Digest&, const Digest&) = default;

private:
    std::array<std::uint64_t, 2> sum_{};  ///< low word first
};

}  // namespace syncline
