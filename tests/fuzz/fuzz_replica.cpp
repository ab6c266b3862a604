// Bytes as what a replica is sent, as packed changes and as a state: it takes them in or refuses
// them, and whatever it took in it can save, load, pass on and show as it was.
#include "support.hpp"
#include "syncline/document/history.hpp"

#include <cstdint>
#include <cstdlib>

using namespace syncline;
using namespace syncline::fuzz;

namespace {

void check_replica(BytesView input) {
    Replica me(id_of(0xA0));
    me.change(1, [](Replica::Edit& edit) {
        edit.set({{"title", Type::lww_register}}, "Milk");
        (void)edit.insert({{"notes", Type::text}}, 0, "two litres");
    });
    const VersionVector before = me.seen();
    const OrMap root = me.root();
    (void)me.take(input, wire::Limits{});
    (void)me.join(input, wire::Limits{});

    const Bytes saved = me.save();
    Replica loaded(id_of(0xA1));
    require(loaded.join(saved).has_value());
    require(loaded.save() == saved);
    if (const auto was = as_of(me, before)) require(was->root() == root);
    if (const auto sent = me.changes_since({})) {
        Replica other(id_of(0xA2));
        require(other.take(*sent).has_value());
        require(other.save() == saved);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input(reinterpret_cast<const std::byte*>(data), size);
    check_replica(input);
    return 0;
}
