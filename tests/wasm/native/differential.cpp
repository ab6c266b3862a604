// Random histories of three replicas, printed as hashes: compiled natively and by Emscripten, both
// have to print the same, byte for byte.
//
//     syncline-differential FIRST COUNT     a line for each seed: the seed, and a SHA-256 over
//     every
//                                           change, every message sent and every state at the end

#include "support/arbitrary.hpp"
#include "support/random_edits.hpp"
#include "syncline/codec/sha256.hpp"
#include "syncline/document/json.hpp"
#include "syncline/document/patch.hpp"
#include "syncline/document/replica.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace syncline;
using syncline::testing::Random;

class History {
public:
    explicit History(std::uint64_t seed) : random_(seed) {}

    std::string run() {
        const std::size_t steps = 10 + random_.below(60);
        for (std::size_t i = 0; i < steps; ++i) {
            now_ms_ += random_.below(3);
            const std::size_t at = random_.below(replicas_.size());
            if (random_.one_in(3)) {
                exchange(replicas_[random_.below(replicas_.size())], replicas_[at]);
            } else {
                edit(replicas_[at]);
            }
        }
        for (const Replica& replica : replicas_) {
            note(replica.save());
            note(as_bytes(to_json(view(replica.root()))));
        }
        const auto digest = hash_.finish();
        return to_hex(digest);
    }

private:
    void note(BytesView bytes) { hash_.update(bytes); }

    void edit(Replica& replica) {
        const std::size_t edits = 1 + random_.below(4);
        const Change& change = replica.change(now_ms_, [&](Replica::Edit& editing) {
            for (std::size_t i = 0; i < edits; ++i) {
                testing::RandomEdit next(editing.root(), editing.author(), random_);
                for (FieldOp& op : next()) (void)editing.apply(std::move(op));
            }
        });
        if (!change.sections.empty()) note(wire::encode_change(change));
    }

    /// By changes, a delta or the whole state. A refusal is noted, too: both have to refuse.
    void exchange(const Replica& from, Replica& to) {
        if (&from == &to) return;
        const Document before = to.document();
        const std::size_t how = random_.below(3);
        Result<Bytes> message = how == 0   ? from.changes_since(to.seen())
                                : how == 1 ? from.delta_since(to.seen())
                                           : Result<Bytes>(from.save());
        Result<> taken;
        if (message) {
            note(*message);
            taken = how == 0 ? to.take(*message) : to.join(*message);
        } else {
            taken = tl::unexpected(message.error());
        }
        note(as_bytes(taken ? std::string("taken") : std::string(name_of(taken.error().code))));
        for (const Patch& patch : patches_between(before, to.document()))
            note(as_bytes(std::to_string(patch.what.index()) + (patch.shown ? "+" : "-")));
    }

    Random random_;
    std::uint64_t now_ms_ = 1'700'000'000'000;
    std::array<Replica, 3> replicas_{Replica(testing::alice), Replica(testing::bob),
                                     Replica(testing::carol)};
    Sha256 hash_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: syncline-differential FIRST COUNT\n", stderr);
        return 2;
    }
    const std::uint64_t first = std::strtoull(argv[1], nullptr, 10);
    const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const std::string hash = History(seed).run();
        std::printf("%llu %s\n", static_cast<unsigned long long>(seed), hash.c_str());
    }
    return 0;
}
