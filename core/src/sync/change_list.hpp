#pragma once

#include "syncline/sync/space_replica.hpp"

#include <map>
#include <set>
#include <vector>

namespace syncline {

/// Gathers what observers are told: each document once, each field once.
class ChangeList {
public:
    explicit ChangeList(DocumentChange::Origin origin) : origin_(origin) {}
    void touch(const DocumentKey& key, const Path& path) { fields_[key].insert(path); }
    [[nodiscard]] std::vector<DocumentChange> list() const {
        std::vector<DocumentChange> changes;
        for (const auto& [key, paths] : fields_) {
            changes.push_back({key, std::vector<Path>(paths.begin(), paths.end()), origin_});
        }
        return changes;
    }

private:
    DocumentChange::Origin origin_;
    std::map<DocumentKey, std::set<Path>> fields_;
};

}  // namespace syncline
