// syncline-board: the boards of the web demo in a terminal, on the native SDK.

#include "session.hpp"
#include "show.hpp"
#include "watch.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <random>

namespace syncline::board {
namespace {

constexpr const char* footer = R"(ITEM is an item's number as `list` shows it, or its id.
With a relay, a command first reads what others did and then sends what it does. Without one, or while
it cannot be reached, it works on this device, and the next command that reaches the relay sends it.
Exit codes: 0 done, 1 failed, 2 usage, 5 done on this device and not sent yet.)";

/// 60 random bits in the letters of the web app's ids.
std::string random_id() {
    constexpr std::string_view letters = "abcdefghjkmnpqrstuvwxyz023456789";
    std::random_device random;
    std::uniform_int_distribution<std::size_t> letter(0, letters.size() - 1);
    std::string id;
    for (int i = 0; i < 12; ++i) id += letters[letter(random)];
    return id;
}

using Edit = std::function<void(Transaction&, const std::string& id)>;

int change_board(const Options& options, const std::function<void(Transaction&)>& edit) {
    return change(options,
                  [&](Session& session, const Board&) { return session.space.transact(edit); });
}

int change_item(const Options& options, const std::string& named, const Edit& edit) {
    return change(options, [&](Session& session, const Board& board) -> Result<> {
        const auto id = find_item(board, named);
        if (!id) return tl::unexpected(id.error());
        return session.space.transact([&](Transaction& tx) { edit(tx, *id); });
    });
}

int move(const Options& options, const std::string& named, std::size_t to) {
    return change(options, [&](Session& session, const Board& board) -> Result<> {
        const auto id = find_item(board, named);
        if (!id) return tl::unexpected(id.error());
        return session.space.transact([&](Transaction& tx) { move_item(tx, board, *id, to - 1); });
    });
}

int list(const Options& options) {
    return change(options, [](Session&, const Board& board) -> Result<> {
        std::cout << show(board);
        return {};
    });
}

int add(const Options& options, const std::string& title) {
    return change_board(options, [&](Transaction& tx) { add_item(tx, random_id(), title); });
}

int run(int argc, char** argv) {
    CLI::App app{"Shared boards in a terminal: the same ones as in the web demo."};
    app.footer(footer);
    app.require_subcommand(1);

    Options options;
    std::string board_name;
    int patience_s = 10;
    app.add_option("--store", options.store,
                   "the file that keeps the boards; made if it is not there")
        ->capture_default_str()
        ->envname("SYNCLINE_STORE");
    app.add_option("--board", board_name,
                   "the board: the link that the web app shares, or its name")
        ->required()
        ->envname("SYNCLINE_BOARD");
    app.add_option("--relay", options.relay,
                   "ws://host:port or wss://host; a link names it already");
    app.add_option("--token-file", options.token_file,
                   "read at each connect, where a relay asks for it");
    app.add_option("--name", options.name, "your name, for the history that others see");
    app.add_option("--patience", patience_s, "seconds to wait for the relay")
        ->capture_default_str()
        ->check(CLI::Range(1, 600));

    std::function<int()> work;
    std::string item;
    std::string text;
    std::int64_t amount = 1;
    std::size_t to = 1;

    const auto command = [&](const char* name, const char* help, std::function<int()> what) {
        CLI::App* added = app.add_subcommand(name, help);
        added->callback([&work, what = std::move(what)] { work = what; });
        return added;
    };
    const auto item_command = [&](const char* name, const char* help, Edit edit) {
        CLI::App* added = command(
            name, help, [&, edit = std::move(edit)] { return change_item(options, item, edit); });
        added->add_option("ITEM", item)->required();
        return added;
    };

    command("list", "shows the board", [&] { return list(options); });
    command("watch", "shows the board and each change of it, until Ctrl-C",
            [&] { return watch(options); });
    command("title", "names the board",
            [&] { return change_board(options, [&](Transaction& tx) { name_board(tx, text); }); })
        ->add_option("TEXT", text)
        ->required();
    command("add", "adds an item at the end", [&] { return add(options, text); })
        ->add_option("TITLE", text)
        ->required();

    item_command("rename", "gives an item another title",
                 [&](Transaction& tx, const std::string& id) { name_item(tx, id, text); })
        ->add_option("TITLE", text)
        ->required();
    item_command("vote", "votes for an item; N votes, or takes -N back",
                 [&](Transaction& tx, const std::string& id) { vote(tx, id, amount); })
        ->add_option("N", amount)
        ->capture_default_str();
    item_command("tag", "puts a tag on an item",
                 [&](Transaction& tx, const std::string& id) { add_tag(tx, id, text); })
        ->add_option("TAG", text)
        ->required();
    item_command("untag", "takes a tag off an item",
                 [&](Transaction& tx, const std::string& id) { remove_tag(tx, id, text); })
        ->add_option("TAG", text)
        ->required();
    item_command("done", "ticks an item off",
                 [](Transaction& tx, const std::string& id) { set_done(tx, id, true); });
    item_command("reopen", "opens it again",
                 [](Transaction& tx, const std::string& id) { set_done(tx, id, false); });
    item_command("note", "puts a line behind an item's notes",
                 [&](Transaction& tx, const std::string& id) { add_note(tx, id, text); })
        ->add_option("LINE", text)
        ->required();
    item_command("remove", "removes an item",
                 [](Transaction& tx, const std::string& id) { remove_item(tx, id); });
    CLI::App* moving = command("move", "puts an item at a place, counted from 1",
                               [&] { return move(options, item, to); });
    moving->add_option("ITEM", item)->required();
    moving->add_option("PLACE", to)->required()->check(CLI::Range(1, 1'000'000));

    CLI11_PARSE(app, argc, argv);
    options.patience = std::chrono::seconds(patience_s);
    if (auto set = set_board(options, board_name); !set) return report(set.error());
    return work();
}

}  // namespace
}  // namespace syncline::board

int main(int argc, char** argv) { return syncline::board::run(argc, argv); }
