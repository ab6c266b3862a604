// The table in text.hpp, a case a test, and what else a text promises.
#include "support/copies.hpp"
#include "support/naive_fugue.hpp"

using namespace syncline;
using namespace syncline::testing;

namespace {

Op typed(const Text& text, std::uint32_t at, std::string_view what) {
    return text.insert(at, what).value();
}
Op bold(const Text& text, std::uint32_t from, std::uint32_t count, Value value = true,
        Expand expand = Expand::after) {
    return text.mark(from, count, "bold", std::move(value), expand).value();
}
/// "*ab*c" for bold "ab", plain "c".
std::string stars(const Text& text) {
    std::string shown;
    for (const Text::Span& span : text.spans())
        shown += span.properties.empty() ? span.text : "*" + span.text + "*";
    return shown;
}

}  // namespace

TEST_CASE("a mark goes only if the new one covers what will be typed at its ends, too", "[text]") {
    // Was: a mark from the very beginning was replaced by one from the first letter on, and what
    // was then typed in front of that letter was not bold.
    Copy<Text> a(alice);
    a.does(typed(*a, 0, "x"));
    a.does(bold(*a, 0, 1, true, Expand::both));
    a.does(bold(*a, 0, 1, "very", Expand::none));
    a.does(typed(*a, 0, "in front "));
    CHECK(a->spans().front().properties == std::map<std::string, Value>{{"bold", true}});
    CHECK(a->spans().back().properties == std::map<std::string, Value>{{"bold", "very"}});
    CHECK(a->marks().size() == 2);
    // One that grows as far does replace both.
    a.does(bold(*a, 0, 10, nullptr, Expand::both));
    CHECK(a->marks().size() == 1);
    CHECK(stars(*a) == "in front x");
}

TEST_CASE("a run takes a dot for each character", "[text]") {
    // Was: only the first was noted as seen, and the next op took the second one's dot again.
    Copy<Text> a(alice);
    a.does(typed(*a, 0, "a\xC3\xA9\xF0\x9F\x98\x80"));
    CHECK(a.state.context().next(alice) == 4);
    a.does(typed(*a, 3, "!"));
    CHECK(a.log.back().at.dot == Dot{alice, 4});
    CHECK(a->str() == "a\xC3\xA9\xF0\x9F\x98\x80!");
}

TEST_CASE("what is typed over erased text stands in front of what others added to that", "[text]") {
    // Was: the new text, which hangs on what is visible, stood behind the erased text's last
    // child, and one place of a recorded session came out mixed.
    const bool first_is_lower = GENERATE(true, false);
    CAPTURE(first_is_lower);
    Copy<Text> a(first_is_lower ? alice : bob);
    Copy<Text> b(first_is_lower ? bob : alice);
    a.does(typed(*a, 0, "Xabc"));
    for (const auto& update : a.log) CHECK(b.state.apply(update));
    b.does(typed(*b, 4, "q"));  // on the right of c, which a erases
    const auto here = a.log.size();
    a.does(a->erase(1, 3).value());
    a.does(typed(*a, 1, "d"));
    CHECK(a.state.apply(b.log.back()));
    for (std::size_t i = here; i < a.log.size(); ++i) CHECK(b.state.apply(a.log[i]));
    CHECK(a->str() == "Xdq");
    CHECK(a.state == b.state);
}

TEST_CASE("a run of which a part was erased before it came leaves its places", "[text]") {
    Copy<Text> a(alice);
    a.does(typed(*a, 0, "abc"));
    const Replicated<Text> before = a.state;
    a.does(a->erase(1, 1).value());
    const auto erasure = Replicated<Text>::delta(a.log.back(), before);
    for (const bool by_op : {true, false}) {
        CAPTURE(by_op);
        Replicated<Text> other;
        other.join(erasure);
        if (by_op) {
            CHECK(other.apply(a.log.front()));
        } else {
            other.join(before);
        }
        CHECK(other->str() == "ac");
        CHECK(other == a.state);
        CHECK_FALSE(other.apply(a.log.front()));  // a repeat
        CHECK(other == a.state);
    }
}
