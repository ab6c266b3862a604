#include "session.hpp"

#include <fstream>
#include <iostream>

namespace syncline::board {

namespace {

constexpr std::string_view marker = "/#/b/";

std::string read_token(const std::string& file) {
    std::ifstream in(file);
    std::string token;
    in >> token;
    return token;
}

/// Waits for the relay, if there is one; false when it could not be reached.
bool sync(const Session& session, const Options& options) {
    return !options.relay.empty() && session.space.wait_in_sync(options.patience).has_value();
}

std::string name_known(const Session& session) {
    const auto person = session.space.get({"people", to_string(session.store.replica())});
    if (!person || !*person) return {};
    const Value* name = (*person)->find("name");
    return name == nullptr || name->text() == nullptr ? std::string() : *name->text();
}

}  // namespace

int report(const Error& error) {
    std::cerr << "syncline-board: " << error.message << " (" << name_of(error.code) << ")\n";
    return exit_failed;
}

Result<> set_board(Options& options, const std::string& name_or_link) {
    const auto at = name_or_link.find(marker);
    if (at == std::string::npos) {
        options.board = name_or_link;
        return {};
    }
    const std::string page = name_or_link.substr(0, at);
    const std::string inside = name_or_link.substr(at + marker.size());
    options.board = inside.substr(0, inside.find('/'));
    const bool tls = page.rfind("https://", 0) == 0;
    if (!tls && page.rfind("http://", 0) != 0) {
        return fail(ErrorCode::invalid_argument, "'" + name_or_link + "' is no link to a board");
    }
    if (options.relay.empty()) options.relay = "ws" + page.substr(4);  // http → ws, https → wss
    return {};
}

Result<Session> open(const Options& options) {
    auto store = Store::open(options.store);
    if (!store) return tl::unexpected(store.error());
    auto space = store->space(options.board);
    if (!space) return tl::unexpected(space.error());
    return Session{std::move(*store), std::move(*space)};
}

Result<> connect(Session& session, const Options& options) {
    if (options.relay.empty()) return {};
    ConnectOptions how;
    how.url = options.relay;
    if (!options.token_file.empty()) {
        how.token = [file = options.token_file] { return read_token(file); };
    }
    return session.store.connect(std::move(how));
}

int change(const Options& options, const std::function<Result<>(Session&, const Board&)>& edit) {
    auto session = open(options);
    if (!session) return report(session.error());
    if (auto connected = connect(*session, options); !connected) return report(connected.error());
    // Numbers of items mean those of the board as it is now; without a relay, as it is here.
    const bool reached = sync(*session, options);
    const auto board = read_board(session->space);
    if (!board) return report(board.error());

    if (auto done = edit(*session, *board); !done) return report(done.error());
    if (!options.name.empty() && name_known(*session) != options.name) {
        const ReplicaId replica = session->store.replica();
        auto told =
            session->space.transact([&](Transaction& tx) { introduce(tx, replica, options.name); });
        if (!told) return report(told.error());
    }
    if (options.relay.empty() || (reached && sync(*session, options))) return exit_done;
    std::cerr << "syncline-board: kept on this device, not sent yet: the relay at " << options.relay
              << " was not reached\n";
    return exit_not_sent;
}

}  // namespace syncline::board
