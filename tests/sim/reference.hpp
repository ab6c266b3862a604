#pragma once

#include "syncline/document/change.hpp"

#include <map>
#include <set>
#include <vector>

namespace syncline::sim {

/// What documents have to look like, as a plain function of the set of ops, in whatever order they
/// come: a dot is live when some op added it and no op names it as removed. No code is shared with
/// the types.
class Reference {
public:
    void add(const Change& change);
    /// What a reader sees, as shown() shows it; null for a document that does not exist.
    [[nodiscard]] Value view(const DocumentKey& key) const;
    [[nodiscard]] std::vector<DocumentKey> documents() const;

private:
    struct Added {
        FieldOp op;
        Event at;
    };
    struct Tree;
    struct Field;
    void place(Field& field, const Op& op, const Event& at) const;
    std::map<DocumentKey, std::vector<Added>> ops_;
    std::set<Dot> removed_;
};

/// As view(), but a text is a list of pieces and their properties: [[text, {property: value}],
/// ...].
[[nodiscard]] Value shown(const OrMap& root);

}  // namespace syncline::sim
