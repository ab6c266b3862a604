// The promises under test: what the relay answered as accepted survives a power cut at any I/O, and
// what is pushed again takes effect once. The relay's real engine runs on its real storage; only
// the disk is simulated.

#include "storage/sqlite_relay_storage.hpp"
#include "support/author.hpp"
#include "support/power_loss_vfs.hpp"
#include "syncline/sync/relay_engine.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

using namespace syncline;
using relay::SqliteRelayStorage;
using test::Author;
using test::PowerLossVfs;

namespace {

constexpr std::uint64_t now_ms = 1'700'000'000'000;
constexpr std::size_t authors = 3;
constexpr std::size_t spaces = 2;

std::uint64_t scaled(std::uint64_t usual) {
    const char* wanted = std::getenv("SYNCLINE_TEST_SCALE");
    const double scale = wanted == nullptr ? 1 : std::strtod(wanted, nullptr);
    return std::max<std::uint64_t>(200,
                                   static_cast<std::uint64_t>(static_cast<double>(usual) * scale));
}

SpaceKey space_key(std::size_t number) { return {"tenant", "space-" + std::to_string(number)}; }

/// Passes everything on; a control says what goes wrong.
class Between : public RelayStorage {
public:
    explicit Between(RelayStorage& inner) : inner_(inner) {}
    Result<> begin() override { return inner_.begin(); }
    Result<> commit() override { return inner_.commit(); }
    void rollback() override { inner_.rollback(); }
    Result<std::optional<Registration>> registration(const std::string& tenant,
                                                     const ReplicaId& replica) override {
        return inner_.registration(tenant, replica);
    }
    Result<> put_registration(const std::string& tenant, const ReplicaId& replica,
                              const Registration& registration) override {
        return inner_.put_registration(tenant, replica, registration);
    }
    Result<std::optional<SpaceRecord>> find_space(const std::string& tenant,
                                                  const std::string& name) override {
        return inner_.find_space(tenant, name);
    }
    Result<SpaceRecord> create_space(const std::string& tenant, const std::string& name,
                                     const EpochId& epoch) override {
        return inner_.create_space(tenant, name, epoch);
    }
    Result<> put_space(const SpaceRecord& record) override { return inner_.put_space(record); }
    Result<std::vector<ReplicaHead>> heads(std::uint64_t space) override {
        return inner_.heads(space);
    }
    Result<> put_heads(std::uint64_t space, const std::vector<ReplicaHead>& heads) override {
        return inner_.put_heads(space, heads);
    }
    Result<> append(std::uint64_t space, const LogRow& row) override {
        return inner_.append(space, row);
    }
    Result<std::vector<LogRow>> read(std::uint64_t space, std::uint64_t after,
                                     std::size_t bytes_max) override {
        return inner_.read(space, after, bytes_max);
    }
    Result<std::optional<std::uint64_t>> salt_at(std::uint64_t space, std::uint64_t last) override {
        return inner_.salt_at(space, last);
    }

protected:
    RelayStorage& inner_;
};

/// The seeded bug: says that the batch is stored before it is.
class AnswersEarly final : public Between {
public:
    using Between::Between;
    Result<> begin() override {
        if (owed_) {
            owed_ = false;
            if (auto done = inner_.commit(); !done) return done;
        }
        return inner_.begin();
    }
    Result<> commit() override {
        owed_ = true;
        return {};
    }

private:
    bool owed_ = false;
};

/// The process dies after the commit and before anybody hears of it.
class DiesAfterCommit final : public Between {
public:
    using Between::Between;
    Result<> commit() override {
        if (auto done = inner_.commit(); !done) return done;
        if (commits_left > 0 && --commits_left == 0)
            return fail(ErrorCode::storage_failed, "killed after the commit");
        return {};
    }
    int commits_left = 0;
};

enum class Bug : std::uint8_t { none, not_synced, answers_early };
enum class Finding : std::uint8_t { intact, lost, corrupt };

/// Some authors and the relay they write to, whose power goes again and again.
struct World {
    explicit World(std::uint64_t seed, Bug planted) : random(seed), bug(planted) {
        for (std::size_t s = 0; s < spaces; ++s) {
            for (std::size_t a = 0; a < authors; ++a)
                lines.push_back({s, {test::replica_number(a + 1), {}, {}}, {}, {}});
        }
    }
    struct Line {
        std::size_t space = 0;
        Author author;
        ChainHead accepted;  // as the relay said
        ChainHead stored;    // as it said when asked after a restart
    };
    std::mt19937_64 random;
    Bug bug;
    PowerLossVfs vfs;
    std::vector<Line> lines;
    std::uint64_t nonce = 0;

    Result<std::unique_ptr<SqliteRelayStorage>> open() {
        SqliteRelayStorage::Options options;
        options.path = "/relay.db";
        options.vfs = vfs.name();
        options.checkpoint_pages = 12;  // cuts fall into checkpoints and into seals, too
        options.tail_rows_max = 6;
        if (bug == Bug::not_synced) options.synchronous = sqlite::Synchronous::normal;
        return SqliteRelayStorage::open(options);
    }
    RandomSource source() {
        return [this](std::byte* into, std::size_t size) {
            for (std::size_t i = 0; i < size; ++i) into[i] = static_cast<std::byte>(random());
        };
    }
    static RelayEngine::Options options() {
        RelayEngine::Options options;
        options.heads_every = 5;
        options.row_bytes = 300;
        return options;
    }
    ConnectionId connection(const Line& line) const {
        return static_cast<ConnectionId>(&line - lines.data()) + 1;
    }

    std::vector<RelayRequest> hello() {
        std::vector<RelayRequest> requests;
        ++nonce;
        for (std::size_t a = 0; a < authors; ++a)
            requests.emplace_back(relay_request::Register{99, "tenant", test::replica_number(a + 1),
                                                          nonce, "subject"});
        for (const Line& line : lines) {
            wire::Open open;
            open.space = space_key(line.space).name;
            requests.emplace_back(relay_request::Open{connection(line), space_key(line.space),
                                                      line.author.replica, Access::write, open});
        }
        return requests;
    }
    void push(Line& line, const ChainHead& from, std::vector<RelayRequest>& requests) {
        requests.emplace_back(
            relay_request::Push{connection(line), space_key(line.space), line.author.replica, nonce,
                                line.author.push(space_key(line.space).name, from)});
    }

    /// Takes notice of answers. False when one is wrong.
    bool hear(const std::vector<RelayReply>& replies) {
        for (const RelayReply& reply : replies) {
            if (const auto* opened = std::get_if<relay_reply::Opened>(&reply)) {
                lines.at(opened->connection - 1).stored = opened->message.own;
            } else if (const auto* answer = std::get_if<relay_reply::Answer>(&reply)) {
                const auto* accepted = std::get_if<wire::Accepted>(&answer->message);
                if (accepted == nullptr) return false;
                Line& line = lines.at(answer->connection - 1);
                if (!line.author.has(accepted->head)) return false;
                line.accepted = accepted->head;
            }
        }
        return true;
    }

    /// Works until the disk stops. True when all that was answered on the way was right.
    bool work() {
        auto file = open();
        if (!file) return true;
        AnswersEarly early(**file);
        RelayEngine engine(bug == Bug::answers_early ? static_cast<RelayStorage&>(early) : **file,
                           source(), options());
        auto replies = engine.process(hello(), now_ms);
        if (!replies) return true;
        if (!hear(*replies)) return false;
        for (bool first = true;; first = false) {
            std::vector<RelayRequest> requests;
            for (Line& line : lines) {
                if (!first && random() % 2 == 0) continue;
                const ChainHead from = first ? line.stored : line.author.head();
                for (std::uint64_t more = random() % 3; more > 0; --more)
                    line.author.write(now_ms, std::string(random() % 60, 'x'));
                push(line, from, requests);
                if (random() % 8 == 0) push(line, {}, requests);  // all of it once more
            }
            replies = engine.process(requests, now_ms);
            if (!replies) return true;
            if (!hear(*replies)) return false;
        }
    }

    /// What is there after the power came back: every line a beginning of its author's, each change
    /// once and in order, at least as far as was accepted.
    Finding inspect() {
        auto file = open();
        if (!file) return Finding::corrupt;
        RelayEngine engine(**file, source(), options());
        const auto replies = engine.process(hello(), now_ms);
        if (!replies || !hear(*replies)) return Finding::corrupt;
        Finding finding = Finding::intact;
        for (Line& line : lines) {
            if (!line.author.has(line.stored)) return Finding::corrupt;
            if (line.stored.counter < line.accepted.counter) finding = Finding::lost;
            line.accepted = line.stored;
        }
        for (std::size_t s = 0; s < spaces; ++s) {
            const auto space = (*file)->find_space("tenant", space_key(s).name);
            if (!space) return Finding::corrupt;
            if (!*space) continue;
            const auto rows = (*file)->read((*space)->id, 0, ~std::size_t{0});
            if (!rows) return Finding::corrupt;
            std::map<std::size_t, std::size_t> next;
            for (const LogRow& row : *rows) {
                const auto entries = wire::decode_batch(row.changes, wire::relay_frame_limits());
                if (!entries || entries->size() != row.count) return Finding::corrupt;
                for (const auto& entry : *entries) {
                    const std::size_t index = s * authors + author_of(entry.replica);
                    const auto& made = lines.at(index).author.made;
                    const std::size_t at = next[index]++;
                    if (at >= made.size() ||
                        Bytes(entry.change.begin(), entry.change.end()) != made[at].bytes)
                        return Finding::corrupt;
                }
            }
            for (std::size_t a = 0; a < authors; ++a) {
                const Line& line = lines.at(s * authors + a);
                const std::size_t count = next[s * authors + a];
                const ChainHead end =
                    count == 0 ? ChainHead{} : line.author.made.at(count - 1).head;
                if (!(end == line.stored)) return Finding::corrupt;
            }
        }
        return finding;
    }
    static std::size_t author_of(const ReplicaId& replica) {
        return std::to_integer<std::size_t>(replica.bytes.back()) - 1;
    }
};

struct Tally {
    std::uint64_t cuts = 0, intact = 0, lost = 0, corrupt = 0, wrong = 0, first_bad_seed = 0;
};

Tally cut_power(std::uint64_t cuts, Bug bug) {
    constexpr int lives = 8;
    Tally tally;
    for (std::uint64_t seed = 1; tally.cuts < cuts; ++seed) {
        World world(seed, bug);
        for (int life = 0; life < lives; ++life) {
            world.vfs.crash_at(1 + world.random() % (life == 0 ? 60 : 120));
            const bool right = world.work();
            if (bug == Bug::none) REQUIRE(world.vfs.crashed());
            world.vfs.cut(world.random());
            world.vfs.reboot();
            ++tally.cuts;
            const Finding finding = world.inspect();
            if (!right) ++tally.wrong;
            if (right && finding == Finding::intact) {
                ++tally.intact;
                continue;
            }
            if (finding == Finding::lost) ++tally.lost;
            if (finding == Finding::corrupt) ++tally.corrupt;
            if (tally.first_bad_seed == 0) tally.first_bad_seed = seed;
            break;
        }
    }
    std::cout << "relay, power cuts: " << tally.cuts << " (seeds from 1), intact " << tally.intact
              << ", lost " << tally.lost << ", corrupt " << tally.corrupt << ", wrong answers "
              << tally.wrong << ", first bad seed " << tally.first_bad_seed << '\n';
    return tally;
}

}  // namespace

TEST_CASE("what the relay accepted survives a power cut, and nothing is applied twice",
          "[relay][power]") {
    const Tally tally = cut_power(scaled(20'000), Bug::none);
    CAPTURE(tally.first_bad_seed);
    CHECK(tally.lost == 0);
    CHECK(tally.corrupt == 0);
    CHECK(tally.wrong == 0);
    CHECK(tally.intact == tally.cuts);
}

TEST_CASE("the relay's power cuts notice commits that are not synced", "[relay][power][control]") {
    const Tally tally = cut_power(300, Bug::not_synced);
    CHECK(tally.lost > 0);
}

TEST_CASE("the relay's power cuts notice answers before the commit", "[relay][power][control]") {
    const Tally tally = cut_power(300, Bug::answers_early);
    CHECK(tally.lost > 0);
}

TEST_CASE("a batch that was stored and not answered gets its first answer when it comes again",
          "[relay][power]") {
    const auto seed = GENERATE(range(1U, 31U));
    CAPTURE(seed);
    // Whatever batch the process dies after: the restarted relay has it, and takes it once.
    for (int dies_after = 1; dies_after <= 8; ++dies_after) {
        CAPTURE(dies_after);
        World world(seed, Bug::none);
        {
            auto file = world.open().value();
            DiesAfterCommit dying(*file);
            dying.commits_left = dies_after;
            RelayEngine engine(dying, world.source(), World::options());
            auto replies = engine.process(world.hello(), now_ms);
            while (replies) {
                REQUIRE(world.hear(*replies));
                std::vector<RelayRequest> requests;
                for (auto& line : world.lines) {
                    const ChainHead from = line.author.head();
                    for (std::uint64_t more = world.random() % 3; more > 0; --more)
                        line.author.write(now_ms, std::string(world.random() % 60, 'y'));
                    world.push(line, from, requests);
                }
                replies = engine.process(requests, now_ms);
            }
            CHECK(replies.error().code == ErrorCode::storage_failed);
        }
        auto file = world.open().value();
        RelayEngine engine(*file, world.source(), World::options());
        const auto opened = engine.process(world.hello(), now_ms);
        REQUIRE(opened);
        std::vector<RelayRequest> again;
        for (auto& line : world.lines) world.push(line, line.accepted, again);
        const auto answers = engine.process(again, now_ms);
        REQUIRE(answers);
        REQUIRE(world.hear(*answers));
        for (const auto& line : world.lines) CHECK(line.accepted == line.author.head());
        for (const RelayReply& reply : *answers)
            CHECK(!std::holds_alternative<relay_reply::Broadcast>(reply));
        file.reset();
        CHECK(world.inspect() == Finding::intact);
    }
}

TEST_CASE("a damaged row stops its own space and no other", "[relay][storage]") {
    World world(1, Bug::none);
    {
        auto file = world.open().value();
        RelayEngine engine(*file, world.source(), World::options());
        REQUIRE(world.hear(engine.process(world.hello(), now_ms).value()));
        std::vector<RelayRequest> requests;
        for (auto& line : world.lines) {
            line.author.write(now_ms, "marked in space " + std::to_string(line.space) + " " +
                                          std::string(80, 'm'));
            world.push(line, {}, requests);
        }
        REQUIRE(world.hear(engine.process(requests, now_ms).value()));
    }
    {
        // A bit of the text in the first space's row.
        const Bytes file = world.vfs.contents("/relay.db");
        const auto at = as_text(file).find("marked in space 0");
        REQUIRE(at != std::string_view::npos);
        world.vfs.flip_bit("/relay.db", at * 8);
    }
    auto file = world.open().value();
    RelayEngine engine(*file, world.source(), World::options());
    const auto replies = engine.process(world.hello(), now_ms);
    REQUIRE(replies);
    std::size_t opened = 0;
    std::size_t damaged = 0;
    for (const RelayReply& reply : *replies) {
        if (const auto* good = std::get_if<relay_reply::Opened>(&reply)) {
            CHECK(good->space == space_key(1));
            ++opened;
        } else if (const auto* answer = std::get_if<relay_reply::Answer>(&reply)) {
            CHECK(answer->space == space_key(0));
            CHECK(std::get<wire::Failure>(answer->message).code == ErrorCode::storage_corrupt);
            ++damaged;
        }
    }
    CHECK(opened == authors);
    CHECK(damaged == authors);
    CHECK(engine.statistics().damaged == authors);

    std::vector<RelayRequest> requests;
    for (auto& line : world.lines) {
        line.author.write(now_ms, "more");
        world.push(line, line.accepted, requests);
        requests.emplace_back(
            relay_request::Read{world.connection(line), space_key(line.space), 0});
    }
    const auto answers = engine.process(requests, now_ms);
    REQUIRE(answers);
    for (const RelayReply& reply : *answers) {
        if (const auto* history = std::get_if<relay_reply::History>(&reply))
            CHECK(history->space == space_key(1));
        if (const auto* answer = std::get_if<relay_reply::Answer>(&reply))
            CHECK(std::holds_alternative<wire::Accepted>(answer->message) ==
                  (answer->space == space_key(1)));
    }
}
