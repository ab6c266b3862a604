#include "transaction.hpp"

namespace syncline::sim {

namespace {

const Path sum_path{{"sum", Type::pn_counter}};

Result<> edit_some(SpaceReplica::Editor& tx, Random& random, const Settings& settings,
                   const std::string& token, Written& written) {
    const DocumentKey key = key_of_document(random.below(settings.documents));
    auto root = tx.read(key);
    if (!root) return tl::unexpected(root.error());
    for (FieldOp& op : random_edit(random, (*root)->root(), tx.replica(), settings.mix, token)) {
        written.ops.push_back({key, op});
        if (auto done = tx.edit(key, op); !done) return done;
        auto after = tx.read(key);
        if (!after) return tl::unexpected(after.error());
        if (written.wrong.empty()) written.wrong = read_your_write((*after)->root(), op);
    }
    return {};
}

/// The token goes into the set, and the sum counts it.
Result<> grow(SpaceReplica::Editor& tx, const std::string& token) {
    auto document = tx.read(grow_key);
    if (!document) return tl::unexpected(document.error());
    auto insert = (*document)->root().at<GSet>(grow_path).insert(token);
    if (auto done = tx.edit(grow_key, {grow_path, std::move(insert)}); !done) return done;
    return tx.edit(grow_key, {sum_path, (*document)->root().at<PnCounter>(sum_path).add(1)});
}

}  // namespace

DocumentKey key_of_document(std::size_t number) { return {"c", "d" + std::to_string(number)}; }

Written transact_random(SpaceReplica& replica, Random& random, const Settings& settings,
                        const std::string& token, std::uint64_t now_ms) {
    Written written;
    const std::uint64_t edits = 1 + (random.chance(30) ? random.below(5) : 0);
    written.grows = random.chance(40);
    written.committed = replica.transact(now_ms, token, [&](SpaceReplica::Editor& tx) -> Result<> {
        for (std::uint64_t i = 0; i < edits; ++i) {
            const std::string part = i == 0 ? token : token + "." + std::to_string(i);
            auto done = edit_some(tx, random, settings, part, written);
            if (!done) return done;
        }
        return written.grows ? grow(tx, token) : Result<>{};
    });
    return written;
}

}  // namespace syncline::sim
