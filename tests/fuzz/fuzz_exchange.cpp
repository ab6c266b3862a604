// Bytes as the messages of an exchange: a question, an answer and a closing with the right mark. A
// replica takes them in or refuses them and is as it was, and whatever it took in it can save, load
// and tell in an exchange of its own.
#include "support.hpp"
#include "syncline/codec/sha256.hpp"
#include "syncline/document/exchange.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace syncline;
using namespace syncline::fuzz;

namespace {

Replica someone(unsigned char id) {
    Replica me(id_of(id));
    me.change(id, [&](Replica::Edit& edit) {
        (void)edit.set({{"title", Type::lww_register}}, std::int64_t{id});
        (void)edit.insert({{"notes", Type::text}}, 0, "two litres");
        (void)edit.insert({{"tags", Type::or_set}}, "home");
    });
    return me;
}

void check(const Replica& me) {
    const Bytes saved = me.save();
    Replica loaded(id_of(0xA2));
    require(loaded.join(saved).has_value());
    require(loaded.save() == saved);
    ExchangeAsker asker;
    ExchangeAnswerer answerer;
    const auto answer = answerer.answer(me, asker.ask(loaded));
    require(!answer || asker.take(loaded, *answer).has_value());
    require(loaded.save() == saved);
}

/// The input as a reply to this message.
Bytes reply_to(BytesView message, BytesView input) {
    const Hash hash = hash_of(message);
    Bytes reply(input.size() + 4);
    std::copy_n(hash.bytes.begin(), 4, reply.begin());
    std::copy(input.begin(), input.end(), reply.begin() + 4);
    return reply;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input(reinterpret_cast<const std::byte*>(data), size);
    Replica alice = someone(0xA0);
    Replica bob = someone(0xA1);
    (void)ExchangeAnswerer().answer(bob, input, wire::Limits{});

    ExchangeAsker asker;
    const Bytes question = asker.ask(alice);
    const Bytes before = alice.save();
    if (!asker.take(alice, reply_to(question, input), wire::Limits{}))
        require(alice.save() == before);
    check(alice);

    ExchangeAnswerer answerer;
    const Bytes answer = answerer.answer(bob, question).value();
    (void)answerer.take(bob, reply_to(answer, input), wire::Limits{});
    check(bob);
    return 0;
}
