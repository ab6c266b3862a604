#pragma once

#include "syncline/codec/sha256.hpp"
#include "syncline/document/document.hpp"

#include <cstdint>

namespace syncline {

/// What replicas at the same sequence number compare: a sum over the documents of a collection, so
/// that a change of one document costs one subtraction and one addition. A space's digest is the
/// sum over its collections, which is the same sum over all of its documents.
///
/// Each document with a non-empty state adds hash_of(msgpack [collection, id, state as binary]),
/// read as a little-endian integer, modulo 2^128. It finds accidents; against an adversary who can
/// choose states it proves nothing (a sum of hashes can be steered), nor does it need to: states
/// are made by the relay and by the reader itself.
/// Source   Bellare, Micciancio, A new paradigm for collision-free hashing (1997): AdHash.
/// Threads  A plain value.
class Digest {
public:
    /// Takes in a document; an empty `state` (a document that is not there) changes nothing.
    void add(const DocumentKey& document, BytesView state);
    /// Takes out what add() took in.
    void remove(const DocumentKey& document, BytesView state);
    /// Takes in all documents of `other`.
    void add(const Digest& other);

    /// The sum, least significant byte first; all zero for no documents.
    [[nodiscard]] Hash value() const;
    /// The sum that value() wrote, for whoever stores it.
    [[nodiscard]] static Digest from(const Hash& value);

    friend bool operator==(const Digest&, const Digest&) = default;

private:
    std::uint64_t low_ = 0;
    std::uint64_t high_ = 0;
};

}  // namespace syncline
