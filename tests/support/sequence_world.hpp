#pragma once

#include "support/arbitrary.hpp"
#include "support/naive_fugue.hpp"

#include <functional>
#include <string>
#include <vector>

/// Some people who edit one list or one text, beside the naive one that each of them should see.
/// What happens is a function of `choose`, so that a random source or a fuzzer's bytes can drive
/// it.
namespace syncline::testing {

template <typename Store>
class SequenceWorld {
public:
    /// 0 … below-1.
    using Choose = std::function<std::size_t(std::size_t below)>;
    struct Settings {
        std::size_t people = 3;
        /// Typed at once, at most; now and then 500 times as much.
        std::size_t run_max = 6;
        bool with_huge_runs = false;
        bool with_marks = true;
    };
    using R = Replicated<Store>;

    SequenceWorld(Choose choose, Settings settings)
        : choose_(std::move(choose)), settings_(settings), people_(settings.people) {
        for (Person& person : people_) person.counts.resize(settings.people);
    }

    /// One edit, or something that one hears of, or a floor. What is wrong with it, or nothing.
    std::string step();
    /// All of what everybody should see; costs as much as the text is long.
    std::string compare();
    std::string compare(std::size_t who);
    /// Everybody hears of everything, in orders of their own.
    std::string finish();

    [[nodiscard]] const R& state(std::size_t who) const { return people_[who].state; }
    [[nodiscard]] std::size_t edits() const { return log_.size(); }
    [[nodiscard]] std::size_t floors() const { return floors_; }

private:
    using Update = typename R::Update;
    struct Made {
        Update update;
        std::size_t author = 0;
        std::vector<std::size_t> past;  ///< how many of each one's edits its author knew
    };
    struct Person {
        R state;
        NaiveSequence naive;
        HlcClock clock;
        std::vector<bool> known;
        std::vector<std::vector<std::size_t>> made = {};
        std::vector<std::size_t> counts;  ///< of each one's edits known without a gap
        std::uint32_t cursor = 0;
    };

    static const Op& op_of(const Update& update);
    std::string edit(std::size_t who);
    std::string make(std::size_t who, typename Store::OpType op);
    void hear_all(std::size_t who);
    /// Everybody hears of everything, and what is residue then goes.
    std::string drop();
    void by_op(std::size_t to, std::size_t number);
    void by_delta(std::size_t to, std::size_t number);
    void by_state(std::size_t to, std::size_t from);
    void note(std::size_t to, std::size_t number);
    [[nodiscard]] bool ready(std::size_t to, std::size_t number) const;
    /// The lowest-numbered edits that `to` lacks, a few.
    [[nodiscard]] std::vector<std::size_t> missing(std::size_t to, std::size_t most) const;

    Choose choose_;
    Settings settings_;
    std::vector<Person> people_;
    std::vector<Made> log_;
    std::size_t floors_ = 0;
    std::vector<std::vector<std::size_t>> by_author_ = std::vector<std::vector<std::size_t>>(8);
};

}  // namespace syncline::testing
